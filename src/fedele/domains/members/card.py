"""Card codes: unguessable, recognisable by their prefix, and with check characters that catch every single misreading.

Static, printed in the pass's QR: FDL1 + 16 characters (80 random bits) + 2 check characters.
Rotating, shown by the app:       FDR1 + 12 of a handle (60 bits) + 8 digits of a time-based code + 2.
Rotating, shown by Google Wallet: FDG1 + the same 12 and 8, without a check: Google computes the digits alone.

The time-based code is RFC 6238's TOTP, of 8 digits and 30 seconds, with SHA-1 since Google's rotating barcodes know no
other. Its secret is derived from the handle under the deployment's peppers: nothing of it is stored.
Upper-case letters and digits only, so that a QR uses its dense alphanumeric mode. The alphabet is Crockford's base 32
(no I, L, O, U). The check is the number modulo the prime 1021, which catches every substitution of one character and
every exchange of two neighbours, because 1021 divides neither a difference below 32 nor 31 times one.
"""

import dataclasses
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from fedele.domains.members.errors import CardCodeMalformed
from fedele.domains.members.types import Peppers

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
STATIC_PREFIX = "FDL1"
ROTATING_PREFIX = "FDR1"
GOOGLE_PREFIX = "FDG1"
STEP_SECONDS = 30
STEPS_ACCEPTED = 1  # one before and one after: the phone's clock, and the time it takes to hold it to the reader

TOKEN_DIGITS = 8

_STATIC_LENGTH = 16
_HANDLE_LENGTH = 12
_ROTATING_LENGTH = _HANDLE_LENGTH + TOKEN_DIGITS
_CHECK_LENGTH = 2
_LENGTHS = {STATIC_PREFIX: _STATIC_LENGTH, ROTATING_PREFIX: _ROTATING_LENGTH}
_LETTERS = frozenset(ALPHABET)
_CHECK_PRIME = 1021
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None})


@dataclasses.dataclass(frozen=True, slots=True)
class ParsedCode:
    """A well-formed code. `lookup` is the text whose digest finds the card; `token`: a rotating one's digits."""

    lookup: str
    token: str | None = None


def new_static_code() -> str:
    """A fresh static code of 80 random bits."""
    return _with_check(STATIC_PREFIX, _random(_STATIC_LENGTH))


def new_handle() -> str:
    """A fresh handle, the constant part of a member's rotating codes."""
    return _random(_HANDLE_LENGTH)


def rotating_secret(peppers: Peppers, handle: str, version: int | None = None) -> bytes:
    """The 20 bytes that a handle's codes are made from, under one pepper (the current one by default)."""
    key = peppers.values[peppers.current if version is None else version].get_secret_value()
    return hmac.digest(key, f"rotating-code-1\0{handle}".encode(), "sha256")[:20]


def rotating_code(handle: str, secret: bytes, now: datetime) -> str:
    """The code to show now; it changes every STEP_SECONDS."""
    return _with_check(ROTATING_PREFIX, handle + totp(secret, step_of(now)))


def current_step(token: str, secrets_known: Iterable[bytes], now: datetime) -> int | None:
    """The step of a rotating code's token, if it is of now, give or take STEPS_ACCEPTED; else None.

    Every candidate is compared, so that the time tells nothing.
    """
    step, found = step_of(now), None
    for secret in secrets_known:
        for candidate in range(step - STEPS_ACCEPTED, step + STEPS_ACCEPTED + 1):
            if hmac.compare_digest(token, totp(secret, candidate)):
                found = candidate
    return found


def parse_code(text: str) -> ParsedCode:
    """Read a scanned or typed code: case, blanks, hyphens and the letters I, L, O are forgiven, nothing else is.

    Raises CardCodeMalformed.
    """
    if len(text) > 64:
        raise CardCodeMalformed(field="code")
    compact = text.upper().translate({ord(" "): None, ord("-"): None})
    prefix, rest = compact[: len(STATIC_PREFIX)], compact[len(STATIC_PREFIX) :].translate(_MISREAD)
    if prefix == GOOGLE_PREFIX:
        rest += _with_check("", rest)[len(rest) :] if len(rest) == _ROTATING_LENGTH and not set(rest) - _LETTERS else ""
        prefix = ROTATING_PREFIX
    body = rest[:-_CHECK_LENGTH]
    if len(body) != _LENGTHS.get(prefix) or set(rest) - _LETTERS or _with_check(prefix, body) != prefix + rest:
        raise CardCodeMalformed(field="code")
    if prefix == STATIC_PREFIX:
        return ParsedCode(prefix + rest)
    return ParsedCode(body[:_HANDLE_LENGTH], body[_HANDLE_LENGTH:])


def lookup_digest(lookup: str) -> bytes:
    """What the table is keyed by. The input is random, so a plain digest cannot be searched backwards."""
    return hashlib.sha256(lookup.encode()).digest()


def step_of(now: datetime) -> int:
    """The window of this instant, counted from 1970."""
    return int(now.timestamp()) // STEP_SECONDS


def step_ends_at(step: int) -> datetime:
    """When the next window begins."""
    return datetime.fromtimestamp((step + 1) * STEP_SECONDS, UTC)


def totp(secret: bytes, step: int) -> str:
    """RFC 6238 with SHA-1 and TOKEN_DIGITS digits: RFC 4226's truncation of the HMAC of the step."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**TOKEN_DIGITS).zfill(TOKEN_DIGITS)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _with_check(prefix: str, body: str) -> str:
    number = 0
    for character in body:
        number = number * 32 + ALPHABET.index(character)
    check = number % _CHECK_PRIME
    return prefix + body + ALPHABET[check // 32] + ALPHABET[check % 32]
