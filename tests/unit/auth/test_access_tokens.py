"""Access tokens: what is forged, foreign, stale or confused is refused, and why is not said."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from pydantic import SecretStr

from fedele.domains.auth.errors import TokenExpired, TokenInvalid
from fedele.domains.auth.tokens import (
    KEYS_KEPT,
    ReadTokens,
    SigningKeys,
    issue_access_token,
    parse_public_keys,
    read_access_token,
    read_unverified,
)
from fedele.domains.auth.types import AuthPolicy, ForeignIssuer
from fedele.kernel.ids import MemberId, encode_id, new_id

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEYS = SigningKeys.generate()
POLICY = AuthPolicy(issuer="https://loyalty.example")
MEMBER, SESSION = MemberId(new_id()), new_id()


def token(**changes: Any) -> SecretStr:
    """A token of ours with some claims changed (None takes one away), signed by our own key."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": KEYS.ring[0].kid, **changes.pop("header", {})}
    stamp = int(NOW.timestamp())
    claims: dict[str, Any] = {
        "iss": POLICY.issuer, "aud": POLICY.audience, "sub": encode_id("member", MEMBER), "sid": str(SESSION),
        "iat": stamp, "exp": stamp + 900, **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return SecretStr(jwt.encode(header, claims, KEYS.ring[0], algorithms=["ES256"], default_type=None))


def encoded(value: Any) -> str:
    """A part of a compact JWS."""
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def read(text: SecretStr, now: datetime = NOW) -> Any:
    """Read with our keys and policy."""
    return read_access_token(KEYS, POLICY, text, now)


def test_our_own_token_names_its_member_and_session() -> None:
    """What was issued reads back, with its expiry."""
    principal = read(issue_access_token(KEYS, POLICY, MEMBER, SESSION, NOW))
    assert (principal.member_id, principal.session_id) == (MEMBER, SESSION)
    assert principal.expires_at == NOW + timedelta(seconds=900)


def test_the_helper_makes_good_tokens() -> None:
    """The control of every refusal below: unchanged, the hand-made token is accepted."""
    assert read(token()).member_id == MEMBER


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "fedele:staff"}, {"aud": None}, {"aud": []},
        {"aud": {"fedele:member": 1}}, {"sub": None}, {"sub": "member_aaaa"}, {"sub": str(MEMBER)}, {"sub": 7},
        {"sid": None}, {"sid": "x"}, {"exp": None}, {"exp": "tomorrow"}, {"exp": True}, {"exp": 1e300}, {"iat": None},
        {"iat": int(NOW.timestamp()) + 600}, {"nbf": int(NOW.timestamp()) + 600},
        {"header": {"typ": "JWT"}}, {"header": {"typ": "refresh+jwt"}}, {"header": {"typ": None}},
        {"header": {"kid": "another"}}, {"header": {"kid": "../../etc/passwd"}},
    ],
)  # fmt: skip
def test_a_wrong_claim_or_header_is_refused(changes: dict[str, Any]) -> None:
    """Each of issuer, audience, subject, session, times, type and key id must be exactly right."""
    header = changes.get("header", {})
    if header.get("typ", "") is None:
        text = token().get_secret_value().split(".")
        text[0] = encoded({"alg": "ES256", "kid": KEYS.ring[0].kid})
        forged = SecretStr(".".join(text))
    else:
        forged = token(**changes)
    with pytest.raises(TokenInvalid):
        read(forged)


def test_an_audience_list_may_name_us_among_others() -> None:
    """RFC 7519 allows both forms."""
    assert read(token(aud=["other", POLICY.audience])).member_id == MEMBER


def test_expiry_is_to_the_second() -> None:
    """Good in its last second, expired at the end of it; no leeway for our own clock."""
    text = issue_access_token(KEYS, POLICY, MEMBER, SESSION, NOW)
    assert read(text, NOW + timedelta(seconds=899)).member_id == MEMBER
    with pytest.raises(TokenExpired):
        read(text, NOW + timedelta(seconds=900))


def test_alg_none_is_refused() -> None:
    """In every spelling, with an empty and with a kept signature."""
    _, payload, signature = token().get_secret_value().split(".")
    for name in ("none", "None", "NONE", "nOnE"):
        header = encoded({"alg": name, "typ": "at+jwt", "kid": KEYS.ring[0].kid})
        for tail in ("", signature, "AA"):
            with pytest.raises(TokenInvalid):
                read(SecretStr(f"{header}.{payload}.{tail}"))


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_the_public_key_is_no_hmac_secret(form: str) -> None:
    """Algorithm confusion: HS256 keyed by our public key in any form is refused."""
    _, payload, _ = token().get_secret_value().split(".")
    public = KEYS.ring[0].public_key
    secret = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": orjson.dumps(KEYS.public_jwks()["keys"][0]),
    }[form]
    header = encoded({"alg": "HS256", "typ": "at+jwt", "kid": KEYS.ring[0].kid})
    signature = hmac.digest(secret, f"{header}.{payload}".encode(), hashlib.sha256)
    with pytest.raises(TokenInvalid):
        read(SecretStr(f"{header}.{payload}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"))


def test_keys_brought_along_are_ignored() -> None:
    """A token signed by a stranger's key that it carries, points to, or whose kid it borrows, is refused."""
    stranger = ECKey.generate_key("P-256")
    claims = jwt.decode(token().get_secret_value(), KEYS.ring[0], algorithms=["ES256"]).claims
    for extra in ({}, {"jwk": stranger.as_dict(private=False)}, {"jku": "https://evil.example/jwks"}):
        header = {"alg": "ES256", "typ": "at+jwt", "kid": KEYS.ring[0].kid, **extra}
        with pytest.raises(TokenInvalid):
            read(SecretStr(jwt.encode(header, claims, stranger, algorithms=["ES256"])))


def test_a_changed_payload_breaks_the_signature() -> None:
    """Another member's id under a good token's signature is refused."""
    header, payload, signature = token().get_secret_value().split(".")
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = encoded({**claims, "sub": encode_id("member", new_id())})
    with pytest.raises(TokenInvalid):
        read(SecretStr(f"{header}.{forged}.{signature}"))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c.d", "a.b.c", "x" * 9000, "é.é.é", "bnVsbA.bnVsbA.AA", "W10.W10.AA", "fdl_staff_x"],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    """Rubbish of any kind and size is TokenInvalid, never a crash."""
    with pytest.raises(TokenInvalid):
        read(SecretStr(text))


def test_rotation_keeps_old_tokens_good_for_a_while() -> None:
    """After a rotation the new key signs, the old still verifies; after KEYS_KEPT rotations it is gone."""
    old = issue_access_token(KEYS, POLICY, MEMBER, SESSION, NOW)
    ring = KEYS.rotated()
    fresh = issue_access_token(ring, POLICY, MEMBER, SESSION, NOW)
    assert read_unverified(fresh).kid == ring.ring[0].kid != KEYS.ring[0].kid
    assert read_access_token(ring, POLICY, old, NOW).member_id == MEMBER
    for _ in range(KEYS_KEPT - 1):
        ring = ring.rotated()
    with pytest.raises(TokenInvalid):
        read_access_token(ring, POLICY, old, NOW)


def test_the_ring_survives_its_file_and_its_pem() -> None:
    """Dumped and parsed it is the same ring; the kid is the key's own thumbprint; a PEM gives the same kid."""
    ring = KEYS.rotated()
    assert SigningKeys.parse(ring.dump()).public_jwks() == ring.public_jwks()
    pem = SecretStr(KEYS.ring[0].as_pem(private=True).decode())
    assert SigningKeys.from_pem(pem).ring[0].kid == KEYS.ring[0].kid == KEYS.ring[0].thumbprint()


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}', "not json", '{"keys": "x"}',
     SigningKeys.generate().dump().get_secret_value().replace('"d"', '"z"')],
)  # fmt: skip
def test_a_file_that_holds_no_private_keys_is_refused_without_showing_it(text: str) -> None:
    """Also one with the public halves only: it could not sign."""
    with pytest.raises(ValueError) as error:
        SigningKeys.parse(SecretStr(text))
    assert not text or text not in str(error.value) or text == "{}"


def test_jwks_shows_public_parts_only() -> None:
    """No private member of any key leaves the house."""
    for key in KEYS.rotated().public_jwks()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_neither_ring_nor_token_shows_itself() -> None:
    """repr and str of what we handle every day hold no secret."""
    text = issue_access_token(KEYS, POLICY, MEMBER, SESSION, NOW)
    private = KEYS.ring[0].as_dict(private=True)["d"]
    shown = repr(KEYS) + str(KEYS) + repr(text) + str(text) + repr(KEYS.dump())
    assert str(private) not in shown
    assert text.get_secret_value() not in shown


def test_read_tokens_forgets_in_time_and_in_size() -> None:
    """A kept token is found until it expires; beyond the size, the one used longest ago makes room."""
    texts = [issue_access_token(KEYS, POLICY, MEMBER, new_id(), NOW) for _ in range(3)]
    kept = ReadTokens(size=2)
    for text in texts[:2]:
        kept.keep(text, read(text))
    assert kept.find(texts[0], NOW) == read(texts[0])
    kept.keep(texts[2], read(texts[2]))
    assert kept.find(texts[1], NOW) is None
    assert kept.find(texts[0], NOW) is not None
    assert kept.find(texts[0], NOW + timedelta(seconds=900)) is None


def test_foreign_key_sets_are_read_with_distrust() -> None:
    """Symmetric keys, encryption keys, keys without kid and rubbish are left out; the rest is by kid."""
    rsa = RSAKey.generate_key(2048, private=True)
    document = {
        "keys": [
            {**rsa.as_dict(private=False), "kid": "good"},
            {**rsa.as_dict(private=False), "kid": "for-encryption", "use": "enc"},
            rsa.as_dict(private=False),
            {**OctKey.generate_key(256).as_dict(), "kid": "shared"},
            {"kty": "new-kind", "kid": "unknown"},
            {"kid": "empty"},
            "rubbish",
            None,
        ]
    }
    assert set(parse_public_keys(document)) == {"good"}


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256",), ("RS256", "HS512")])
def test_an_issuer_with_symmetric_algorithms_cannot_be_configured(algorithms: tuple[str, ...]) -> None:
    """Nor one without any."""
    with pytest.raises(ValueError, match="algorithms"):
        ForeignIssuer("https://i.example", "app", "https://i.example/jwks", algorithms)


def test_an_issuer_without_an_audience_cannot_be_configured() -> None:
    """Its tokens for any other app would log in here."""
    with pytest.raises(ValueError, match="audience"):
        ForeignIssuer("https://i.example", "", "https://i.example/jwks")
