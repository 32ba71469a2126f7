"""One-time codes: six digits, never stored, bound to their challenge."""

import secrets
from uuid import UUID

from pydantic import SecretStr

from fedele.domains.members.types import Peppers

DIGITS = 6


def new_code() -> SecretStr:
    """Six digits, each code as likely as any other."""
    return SecretStr(f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}")


def code_digest(peppers: Peppers, challenge_id: UUID, code: SecretStr) -> bytes:
    """What is stored instead of the code: a million codes are soon tried, so the digest is keyed by the pepper."""
    return peppers.mac("otp", f"{challenge_id}\0{code.get_secret_value()}")


def is_code(code: SecretStr) -> bool:
    """Whether the text can be a code at all."""
    text = code.get_secret_value()
    return len(text) == DIGITS and text.isascii() and text.isdigit()
