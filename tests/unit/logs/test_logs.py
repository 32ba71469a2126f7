"""Log lines are one JSON object each, know their request, and show no secret whatever it hides in."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from fedele.logs import configure_logs, redact


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """The logging of the tests is put back afterwards."""
    root, names = logging.getLogger(), ("uvicorn.access", "httpx", "httpcore", "pgqueuer", "google")
    before, level, levels = list(root.handlers), root.level, {name: logging.getLogger(name).level for name in names}
    yield
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)


def test_every_line_is_one_json_object(logging_kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Ours and the libraries' lines alike, also with line breaks, an exception or something JSON does not know."""
    configure_logs("json", "info")
    structlog.get_logger("fedele.test").info("two\nlines", thing=object())
    logging.getLogger("some.library").warning("said %s", "so")
    try:
        raise RuntimeError("broken\ncup")
    except RuntimeError:
        structlog.get_logger("fedele.test").exception("failed")
    structlog.get_logger("fedele.test").debug("not asked for")
    ours, theirs, failed = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (ours["event"], ours["level"], ours["logger"]) == ("two\nlines", "info", "fedele.test")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("said so", "warning", "some.library")
    assert "RuntimeError: broken" in failed["exception"]
    assert ours["timestamp"].endswith("Z")


def test_a_line_knows_its_request(logging_kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    """What is bound for a request is in every line logged meanwhile, by whomever, and in none after it."""
    configure_logs("json", "info")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("fedele.test").info("inside")
        logging.getLogger("some.library").info("inside too")
    structlog.get_logger("fedele.test").info("outside")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("request_id") for line in lines] == ["r-1", "r-1", None]


@pytest.mark.parametrize("shape", ["json", "console"])
def test_no_secret_by_its_key_nor_by_its_type(
    logging_kept: None, capsys: pytest.CaptureFixture[str], shape: str
) -> None:
    """A key that names a secret hides its value, also within a mapping or a list; a SecretStr hides itself."""
    configure_logs(shape, "info")  # type: ignore[arg-type]
    structlog.get_logger("fedele.test").info(
        "tried",
        access_token="s3cret-1",
        headers={"Authorization": "Bearer s3cret-2", "accept": "text/html"},
        attempts=[{"password": "s3cret-3"}],
        given=SecretStr("s3cret-4"),
    )
    try:
        hidden = "s3cret-6"
        raise RuntimeError(f"{len(hidden)} characters")
    except RuntimeError:
        structlog.get_logger("fedele.test").exception("failed")  # without the values of local variables
    written = capsys.readouterr().err
    assert "s3cret" not in written
    assert "text/html" in written


def test_harmless_keys_keep_their_values() -> None:
    """The control: redaction hides by name, not everything."""
    event = redact(None, "info", {"event": "asked", "kind": "email", "status": 202, "codes": 3, "error_code": "X"})
    assert event == {"event": "asked", "kind": "email", "status": 202, "codes": 3, "error_code": "X"}
