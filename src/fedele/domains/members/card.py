"""Card codes: unguessable, recognisable by their prefix, and with check characters that catch every single misreading.

Static, printed in the pass's QR: FDL1 + 16 characters (80 random bits) + 2 check characters.
Rotating, shown by the app:       FDR1 + 12 of a handle (60 bits) + 8 of a time-based code (40 bits) + 2.
Upper-case letters and digits only, so that a QR uses its dense alphanumeric mode. The alphabet is Crockford's base 32
(no I, L, O, U). The check is the number modulo the prime 1021, which catches every substitution of one character and
every exchange of two neighbours, because 1021 divides neither a difference below 32 nor 31 times one.
"""

import dataclasses
import hashlib
import hmac
import secrets
from datetime import datetime

from fedele.domains.members.errors import CardCodeMalformed

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
STATIC_PREFIX = "FDL1"
ROTATING_PREFIX = "FDR1"
STEP_SECONDS = 30
STEPS_ACCEPTED = 1  # one before and one after: the phone's clock, and the time it takes to hold it to the reader

_STATIC_LENGTH = 16
_HANDLE_LENGTH = 12
_TOKEN_LENGTH = 8
_CHECK_LENGTH = 2
_CHECK_PRIME = 1021
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None})


@dataclasses.dataclass(frozen=True, slots=True)
class ParsedCode:
    """A well-formed code. `lookup` is the text whose digest finds the card; `token` only in a rotating one."""

    lookup: str
    token: str | None = None


def new_static_code() -> str:
    """A fresh static code of 80 random bits."""
    return _with_check(STATIC_PREFIX, _random(_STATIC_LENGTH))


def new_handle() -> str:
    """A fresh handle, the constant part of a member's rotating codes."""
    return _random(_HANDLE_LENGTH)


def new_secret() -> bytes:
    """A fresh secret from which rotating codes are derived."""
    return secrets.token_bytes(32)


def rotating_code(handle: str, secret: bytes, now: datetime) -> str:
    """The code to show now; it changes every STEP_SECONDS."""
    return _with_check(ROTATING_PREFIX, handle + _token(secret, _step(now)))


def token_is_current(token: str, secret: bytes, now: datetime) -> bool:
    """Whether a rotating code's token is of now, give or take STEPS_ACCEPTED steps."""
    step = _step(now)
    matches = [
        hmac.compare_digest(token, _token(secret, candidate))
        for candidate in range(step - STEPS_ACCEPTED, step + STEPS_ACCEPTED + 1)
    ]
    return any(matches)


def parse_code(text: str) -> ParsedCode:
    """Read a scanned or typed code: case, blanks, hyphens and the letters I, L, O are forgiven, nothing else is.

    Raises CardCodeMalformed.
    """
    if len(text) > 64:
        raise CardCodeMalformed(field="code")
    compact = text.upper().translate({ord(" "): None, ord("-"): None})
    prefix, rest = compact[: len(STATIC_PREFIX)], compact[len(STATIC_PREFIX) :].translate(_MISREAD)
    lengths = {STATIC_PREFIX: _STATIC_LENGTH, ROTATING_PREFIX: _HANDLE_LENGTH + _TOKEN_LENGTH}
    body = rest[:-_CHECK_LENGTH]
    if len(body) != lengths.get(prefix) or set(rest) - set(ALPHABET) or _with_check(prefix, body) != prefix + rest:
        raise CardCodeMalformed(field="code")
    if prefix == STATIC_PREFIX:
        return ParsedCode(prefix + rest)
    return ParsedCode(body[:_HANDLE_LENGTH], body[_HANDLE_LENGTH:])


def lookup_digest(lookup: str) -> bytes:
    """What the table is keyed by. The input is random, so a plain digest cannot be searched backwards."""
    return hashlib.sha256(lookup.encode()).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _with_check(prefix: str, body: str) -> str:
    number = 0
    for character in body:
        number = number * 32 + ALPHABET.index(character)
    check = number % _CHECK_PRIME
    return prefix + body + ALPHABET[check // 32] + ALPHABET[check % 32]


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _token(secret: bytes, step: int) -> str:
    number = int.from_bytes(hmac.digest(secret, step.to_bytes(8, "big"), "sha256")[:5], "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
