"""The text of staff keys: `fdl_<kind>_<id>_<secret>`, recognisable by secret scanners and by whoever finds one."""

import base64
import dataclasses
import hashlib
import hmac
import re
import secrets

from pydantic import SecretStr

from fedele.domains.auth.types import KeyKind

PREFIX = "fdl_"
_TEXT = re.compile(r"fdl_(staff|till|service)_([a-z2-7]{12})_([a-z2-7]{32,64})")


@dataclasses.dataclass(frozen=True, slots=True)
class KeyText:
    """A key's text taken apart. The secret stays out of its repr."""

    kind: KeyKind
    key_id: str
    secret: str = dataclasses.field(repr=False)

    @classmethod
    def fresh(cls, kind: KeyKind) -> "KeyText":
        """A new key: 60 bits of id, 256 bits of secret."""
        return cls(kind, _base32(8)[:12], _base32(32))

    @classmethod
    def parse(cls, text: SecretStr) -> "KeyText | None":
        """Read a key's text; None for anything else."""
        match = _TEXT.fullmatch(text.get_secret_value())
        return cls(KeyKind(match[1]), match[2], match[3]) if match else None

    @property
    def text(self) -> SecretStr:
        """What its holder keeps."""
        return SecretStr(f"{PREFIX}{self.kind.value}_{self.key_id}_{self.secret}")

    @property
    def digest(self) -> bytes:
        """What the database keeps. The secret is random and long, so one round of SHA-256 hides it for good."""
        return hashlib.sha256(f"{self.kind.value}\0{self.secret}".encode()).digest()

    def matches(self, digest: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.digest, digest)


def _base32(bytes_count: int) -> str:
    return base64.b32encode(secrets.token_bytes(bytes_count)).decode().rstrip("=").lower()
