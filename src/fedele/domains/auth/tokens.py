"""JSON Web Tokens: our own access tokens, and the strict reading of anybody's.

RFC 9068 for the claims, RFC 8725 for what to distrust: the key is chosen by `kid` among keys we already hold, the
algorithm comes from our configuration, and nothing in a token's header can name another.
"""

import base64
import binascii
import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet
from pydantic import SecretStr

from fedele.domains.auth.errors import TokenExpired, TokenInvalid
from fedele.domains.auth.types import AuthPolicy, MemberPrincipal
from fedele.kernel.ids import MalformedId, MemberId, decode_id, encode_id, new_id

ALGORITHM: Final = "ES256"
TYPE: Final = "at+jwt"
LENGTH_MAX: Final = 8192
KEYS_KEPT: Final = 3  # the signing key and two before it: longer than any access token lives, however often one rotates


@dataclasses.dataclass(frozen=True, slots=True)
class SigningKeys:
    """Our key ring: the first key signs, all of them verify. Its repr shows thumbprints only."""

    ring: tuple[ECKey, ...] = dataclasses.field(repr=False)

    def __post_init__(self) -> None:
        if not self.ring or any(key.curve_name != "P-256" or not key.is_private for key in self.ring):
            raise ValueError("the token keys must be private EC keys on P-256, at least one")

    @classmethod
    def generate(cls) -> "SigningKeys":
        """A ring of one fresh key."""
        return cls((_generate(),))

    @classmethod
    def parse(cls, text: SecretStr) -> "SigningKeys":
        """Read the JWKS document that `dump` wrote. Raises ValueError, without showing it."""
        try:
            keys = orjson.loads(text.get_secret_value())["keys"]
            return cls(tuple(_with_kid(ECKey.import_key(key)) for key in keys))
        except (JoseError, ValueError, TypeError, KeyError):
            raise ValueError("the token key file is not a JWKS document with private P-256 keys") from None

    @classmethod
    def from_pem(cls, current: SecretStr, *previous: SecretStr) -> "SigningKeys":
        """A ring from PEM private keys: the current one signs. Raises ValueError, without showing them."""
        try:
            return cls(tuple(_with_kid(ECKey.import_key(key.get_secret_value())) for key in (current, *previous)))
        except (JoseError, ValueError, TypeError):
            raise ValueError("a token key is not the PEM of a private EC key on P-256") from None

    def dump(self) -> SecretStr:
        """The ring with its private parts, as a JWKS document to keep."""
        return SecretStr(orjson.dumps({"keys": [key.as_dict(private=True) for key in self.ring]}).decode())

    def rotated(self) -> "SigningKeys":
        """A ring that signs with a fresh key and still verifies with those before it."""
        return SigningKeys((_generate(), *self.ring)[:KEYS_KEPT])

    def public_jwks(self) -> dict[str, Any]:
        """The document behind /auth/jwks: public parts only."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": key.kid, "alg": ALGORITHM, "use": "sig"} for key in self.ring
            ]
        }

    def find(self, kid: str) -> ECKey | None:
        """The key of this thumbprint."""
        return next((key for key in self.ring if key.kid == kid), None)


class ReadTokens:
    """Access tokens of ours that this process has verified, so that a phone's next request costs no curve arithmetic
    (280 µs → 2 µs). Only good tokens are kept, under their digest, and never beyond their expiry."""

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._principals: OrderedDict[bytes, MemberPrincipal] = OrderedDict()

    def find(self, token: SecretStr, now: datetime) -> MemberPrincipal | None:
        """The principal of a token read before, while it lasts."""
        digest = _digest(token)
        principal = self._principals.get(digest)
        if principal is None or principal.expires_at is None or principal.expires_at <= now:
            return None
        self._principals.move_to_end(digest)
        return principal

    def keep(self, token: SecretStr, principal: MemberPrincipal) -> None:
        """Remember a verified token; the one used longest ago makes room."""
        self._principals[_digest(token)] = principal
        if len(self._principals) > self._size:
            self._principals.popitem(last=False)


@dataclasses.dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token's own claims about itself: good for choosing which key to try, for nothing else."""

    kid: str | None
    issuer: str | None


def issue_access_token(
    keys: SigningKeys, policy: AuthPolicy, member_id: MemberId, session_id: UUID, now: datetime
) -> SecretStr:
    """A signed access token of this member's session, valid for `policy.access_seconds`."""
    issued = int(now.timestamp())
    claims = {
        "iss": policy.issuer,
        "aud": policy.audience,
        "sub": encode_id("member", member_id),
        "sid": str(session_id),
        "jti": str(new_id()),
        "iat": issued,
        "exp": issued + policy.access_seconds,
    }
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": keys.ring[0].kid}
    return SecretStr(jwt.encode(header, claims, keys.ring[0], algorithms=[ALGORITHM]))


def read_access_token(keys: SigningKeys, policy: AuthPolicy, token: SecretStr, now: datetime) -> MemberPrincipal:
    """Who presents this access token of ours. Raises TokenInvalid, TokenExpired."""
    key = keys.find(read_unverified(token).kid or "")
    if key is None:
        raise TokenInvalid()
    claims = verify(token, key, (ALGORITHM,), types=(TYPE,))
    check_claims(claims, policy.issuer, policy.audience, now, timedelta(0))
    try:
        (member_id,) = decode_id("member", claims["sub"], 1)
        session_id = UUID(claims["sid"])
    except (MalformedId, KeyError, ValueError, TypeError, AttributeError):
        raise TokenInvalid() from None
    expires_at = datetime.fromtimestamp(claims["exp"], now.tzinfo)
    return MemberPrincipal(MemberId(member_id), session_id, expires_at)


def read_unverified(token: SecretStr) -> UnverifiedToken:
    """Peek at header and issuer without believing them. Raises TokenInvalid for what is no compact JWS."""
    text = token.get_secret_value()
    parts = text.split(".")
    if len(text) > LENGTH_MAX or len(parts) != 3 or not all(parts):
        raise TokenInvalid()
    header, payload = _json_part(parts[0]), _json_part(parts[1])
    kid, issuer = header.get("kid"), payload.get("iss")
    return UnverifiedToken(kid if isinstance(kid, str) else None, issuer if isinstance(issuer, str) else None)


def verify(token: SecretStr, key: Key, algorithms: Sequence[str], types: Sequence[str | None]) -> Mapping[str, Any]:
    """The claims of a token signed by this key with one of these algorithms. Raises TokenInvalid."""
    try:
        verified = jwt.decode(token.get_secret_value(), key, algorithms=list(algorithms))
    except (JoseError, ValueError, TypeError):
        raise TokenInvalid() from None
    kind = verified.header.get("typ")
    if (kind.lower().removeprefix("application/") if isinstance(kind, str) else kind) not in types:
        raise TokenInvalid()
    return verified.claims


def check_claims(claims: Mapping[str, Any], issuer: str, audience: str, now: datetime, skew: timedelta) -> None:
    """Issuer, audience and times are ours to judge, here and now. Raises TokenInvalid, TokenExpired."""
    audiences = claims.get("aud")
    named = [audiences] if isinstance(audiences, str) else audiences if isinstance(audiences, list) else []
    if claims.get("iss") != issuer or audience not in named:
        raise TokenInvalid()
    expires, issued = _time(claims.get("exp")), _time(claims.get("iat"))
    not_before = _time(claims.get("nbf", 0))
    clock, slack = now.timestamp(), max(skew.total_seconds(), 5.0)
    if max(issued, not_before) > clock + slack:
        raise TokenInvalid()
    if expires <= clock - skew.total_seconds():
        raise TokenExpired()


def parse_public_keys(document: Mapping[str, Any]) -> dict[str, Key]:
    """The usable public signature keys of a foreign JWKS document, by kid: neither symmetric nor encryption keys."""
    keys: dict[str, Key] = {}
    for item in document.get("keys", []):
        try:
            (key,) = KeySet.import_key_set({"keys": [item]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue  # a kind of key that we do not know is not ours to complain of
        if key.key_type != "oct" and item.get("use", "sig") == "sig" and isinstance(item.get("kid"), str):
            keys[item["kid"]] = key
    return keys


def _digest(token: SecretStr) -> bytes:
    return hashlib.sha256(token.get_secret_value().encode()).digest()


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise TokenInvalid()
    return value


def _json_part(part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        raise TokenInvalid() from None
    if not isinstance(value, dict):
        raise TokenInvalid()
    return value


def _generate() -> ECKey:
    return _with_kid(ECKey.generate_key("P-256", private=True))


def _with_kid(key: ECKey) -> ECKey:
    """The kid is the RFC 7638 thumbprint: it follows from the key and cannot be mistaken."""
    thumbprint = key.thumbprint()
    return ECKey.import_key({**key.as_dict(private=True), "kid": thumbprint})
