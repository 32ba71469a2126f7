"""Forms of our own pages: read within bounds, and counted only when this browser sent them from our page."""

import hmac
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

BODY_BYTES_MAX = 8192
FIELDS_MAX = 32
Form: TypeAlias = Mapping[str, Sequence[str]]


async def read_form(request: Request) -> Form:
    """The form's fields; none for what is too long or no form, which then lacks its token."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            return {}
    try:
        return parse_qs(raw.decode(), max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}


def first(form: Form, name: str) -> str:
    """The field's first value, or nothing."""
    return form.get(name, ("",))[0]


def is_ours(request: Request, token: str, form: Form) -> bool:
    """Whether a page of ours in this browser sent the form: with the token it was given, and from this site."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return False
    return hmac.compare_digest(token.encode(), first(form, "token").encode("utf-8", "replace"))
