"""Structured logs: one JSON object a line (or coloured lines for people), request ids included, secrets never."""

import functools
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import orjson
import structlog

from fedele.db.database import DATABASE_LOST

# Keys whose values are not for logs, wherever they come from.
SECRET_WORDS = ("token", "secret", "password", "authorization", "api_key", "credential", "pepper", "otp_code", "cookie")


def configure_logs(shape: Literal["json", "console"], level: str) -> None:
    """Send structlog's and the standard library's records to standard error in one shape."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    renderer: Any = (
        # Plain: the fancy one prints every local variable, secrets too, and takes seconds over a large traceback.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if shape == "console"
        else structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str).decode())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info if shape == "json" else _as_it_is,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # What a record costs to make and no line of ours shows (Python's logging documentation, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # who called: a walk up the stack for every line
    for noisy in ("uvicorn.access", "httpx", "httpcore", "pgqueuer", "google"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("pgqueuer").addFilter(_shorten_outage)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put *** for every value whose key says that it is a secret, within mappings and lists too."""
    for key, value in event.items():
        event[key] = "***" if _is_secret(key) else _without_secrets(value)
    return event


def _without_secrets(value: Any, depth: int = 4) -> Any:
    if depth == 0:
        return value
    if isinstance(value, Mapping):
        return {
            key: "***" if _is_secret(str(key)) else _without_secrets(item, depth - 1) for key, item in value.items()
        }
    if type(value) in (list, tuple):  # not a record, which is a tuple too
        return [_without_secrets(item, depth - 1) for item in value]
    return value


@functools.lru_cache(maxsize=4_096)  # the same few keys come with every line
def _is_secret(key: str) -> bool:
    lowered = key.lower()
    return any(word in lowered for word in SECRET_WORDS)


def _shorten_outage(record: logging.LogRecord) -> bool:
    """The job library tells every lost connection with a traceback; an outage is one line, a bug keeps its own."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, DATABASE_LOST):
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {error}", (), None
    return True


def _as_it_is(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return event
