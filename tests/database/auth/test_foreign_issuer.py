"""Tokens of a foreign OIDC issuer, which runs on a real socket: whom they log in, and every way they must not."""

import asyncio
import hmac
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import orjson
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from fedele.adapters.oidc.http import BYTES_MAX, HttpJwks
from fedele.db.database import Database
from fedele.domains.auth.commands import Authenticator, ForeignTokens
from fedele.domains.auth.errors import MemberUnknown, TokenExpired, TokenInvalid
from fedele.domains.auth.ports import JwksUnavailable
from fedele.domains.auth.types import ForeignIssuer
from fedele.domains.members import commands as members
from fedele.domains.members.types import Identity, NewMember
from fedele.kernel.clock import Moment
from tests.factories.auth import ADA, NOON, PEPPERS, later, make_authenticator
from tests.fixtures.issuer import AUDIENCE, Issuer, running_issuer


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    """One server for this module."""
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    """The server, behaving well, nothing asked yet."""
    server.down, server.raw, server.asked = False, None, 0
    server.published = [server.key]
    return server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The client that the process would make."""
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def authenticator(database: Database, issuer: Issuer, http: httpx.AsyncClient) -> Authenticator:
    """Accepts this issuer's tokens and enrols on first sight."""
    return accept(database, issuer, http, enrol=True)


def accept(database: Database, issuer: Issuer, http: httpx.AsyncClient, *, enrol: bool) -> Authenticator:
    """An authenticator that knows this issuer."""
    known = ForeignIssuer(issuer.url, AUDIENCE, f"{issuer.url}/jwks", ("RS256",), enrol)
    foreign = ForeignTokens([known], HttpJwks(http), timedelta(seconds=30))
    return make_authenticator(database, foreign=foreign)


async def test_a_subject_is_enrolled_once_and_found_again(authenticator: Authenticator, issuer: Issuer) -> None:
    """Twenty first requests at once make one member; the keys were fetched once; another subject is another."""
    token = issuer.token()
    principals = await asyncio.gather(*(authenticator.member(token, NOON) for _ in range(20)))
    assert len({principal.member_id for principal in principals}) == 1
    assert issuer.asked == 1
    assert principals[0].session_id is None
    assert principals[0].expires_at == NOON.now + timedelta(hours=1)
    other = await authenticator.member(issuer.token(sub="user-2"), NOON)
    assert other.member_id != principals[0].member_id


async def test_a_subject_already_linked_is_that_member(
    database: Database, issuer: Issuer, http: httpx.AsyncClient
) -> None:
    """Without enrolment, a linked subject logs in and an unknown one is told so."""
    authenticator = accept(database, issuer, http, enrol=False)
    identity = Identity.parse(f"oidc:{issuer.url}", "user-1")
    async with database.transaction() as tx:
        enrolment = await members.enrol(tx, NewMember(identities=(ADA, identity)), PEPPERS, NOON)
    assert (await authenticator.member(issuer.token(), NOON)).member_id == enrolment.member_id
    with pytest.raises(MemberUnknown):
        await authenticator.member(issuer.token(sub="user-2"), NOON)
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 1


@pytest.mark.parametrize(
    "changes",
    [{"aud": "another-app"}, {"aud": None}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"exp": None},
     {"iss": "https://evil.example"}, {"iss": None}, {"nbf": int(NOON.now.timestamp()) + 3600},
     {"header": {"typ": "logout+jwt"}}, {"header": {"kid": None}}, {"header": {"kid": "unknown"}}],
)  # fmt: skip
async def test_a_token_not_meant_for_us_is_refused(
    authenticator: Authenticator, issuer: Issuer, database: Database, changes: dict[str, object]
) -> None:
    """Wrong audience, issuer, subject, times, type or key: refused, nobody enrolled."""
    given = dict(changes)
    header = given.pop("header", {})
    assert isinstance(header, dict)
    if header.get("kid", "") is None:
        parts = issuer.token().get_secret_value().split(".")
        parts[0] = urlsafe_b64encode(b'{"alg":"RS256"}').decode().rstrip("=")
        token = SecretStr(".".join(parts))
    else:
        token = issuer.token(header=header, **given)
    with pytest.raises(TokenInvalid):
        await authenticator.member(token, NOON)
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 0


async def test_an_expired_token_is_expired(authenticator: Authenticator, issuer: Issuer) -> None:
    """With thirty seconds for clocks that disagree, and not more."""
    token = issuer.token()
    assert await authenticator.member(token, later(seconds=3629))
    with pytest.raises(TokenExpired):
        await authenticator.member(token, later(seconds=3630))


async def test_a_strangers_key_under_a_known_kid_is_refused(authenticator: Authenticator, issuer: Issuer) -> None:
    """Signing with another RSA key, or with HS256 keyed by the public one, does not help."""
    stranger = RSAKey.generate_key(2048)
    with pytest.raises(TokenInvalid):
        await authenticator.member(issuer.token(key=stranger), NOON)
    header = urlsafe_b64encode(orjson.dumps({"alg": "HS256", "kid": issuer.key.kid})).rstrip(b"=")
    signed = header + b"." + issuer.token().get_secret_value().split(".")[1].encode()
    signature = urlsafe_b64encode(hmac.digest(issuer.key.as_pem(private=False), signed, "sha256")).rstrip(b"=")
    with pytest.raises(TokenInvalid):
        await authenticator.member(SecretStr((signed + b"." + signature).decode()), NOON)


async def test_another_good_algorithm_of_the_same_key_is_refused(authenticator: Authenticator, issuer: Issuer) -> None:
    """Only the configured algorithms count: PS256 by the issuer's own key is refused where RS256 is configured."""
    with pytest.raises(TokenInvalid):
        await authenticator.member(issuer.token(header={"alg": "PS256"}), NOON)


async def test_a_rotated_key_is_fetched_when_it_first_appears(authenticator: Authenticator, issuer: Issuer) -> None:
    """An unknown kid fetches the keys again, at most once a minute; the withdrawn key's tokens are refused then."""
    old = issuer.token()
    await authenticator.member(old, NOON)
    issuer.rotate()
    with pytest.raises(TokenInvalid):  # within the pause: not asked again
        await authenticator.member(issuer.token(), later(seconds=59))
    assert issuer.asked == 1
    assert await authenticator.member(issuer.token(), later(seconds=60))
    assert issuer.asked == 2
    with pytest.raises(TokenInvalid):
        await authenticator.member(old, later(seconds=61))


async def test_invented_kids_do_not_hammer_the_issuer(authenticator: Authenticator, issuer: Issuer) -> None:
    """A hundred tokens with a hundred kids at once: one fetch."""
    tokens = [issuer.token(header={"kid": f"invented-{number}"}) for number in range(100)]
    results = await asyncio.gather(*(authenticator.member(token, NOON) for token in tokens), return_exceptions=True)
    assert all(isinstance(result, TokenInvalid) for result in results)
    assert issuer.asked == 1


async def test_while_the_issuer_is_down_known_keys_serve_for_an_hour(
    authenticator: Authenticator, issuer: Issuer
) -> None:
    """After that nobody logs in by it, until it is back."""
    token = issuer.token(exp=int(NOON.now.timestamp()) + 90_000)
    await authenticator.member(token, NOON)
    issuer.down = True
    assert await authenticator.member(token, later(minutes=59))
    with pytest.raises(TokenInvalid):
        await authenticator.member(token, later(minutes=60))
    issuer.down = False
    assert await authenticator.member(token, later(minutes=61))


@pytest.mark.parametrize(
    "raw", [b"", b"not json", b"[]", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [' + b"1," * BYTES_MAX + b"1]}"]
)
async def test_a_broken_key_document_logs_nobody_in(authenticator: Authenticator, issuer: Issuer, raw: bytes) -> None:
    """Empty, malformed, of the wrong shape, or too large: TokenInvalid, no crash."""
    issuer.raw = raw
    with pytest.raises(TokenInvalid):
        await authenticator.member(issuer.token(), NOON)


@pytest.mark.parametrize(
    "url", ["http://issuer.example/jwks", "ftp://127.0.0.1/jwks", "file:///etc/passwd", "//127.0.0.1/jwks", ""]
)
async def test_keys_are_not_fetched_in_clear(http: httpx.AsyncClient, url: str) -> None:
    """https, or this machine's own loopback; nothing else is even tried."""
    with pytest.raises(JwksUnavailable, match="https"):
        await HttpJwks(http).fetch(url)


async def test_redirects_are_not_followed(http: httpx.AsyncClient, issuer: Issuer) -> None:
    """A detour could lead to an address that was never configured."""
    with pytest.raises(JwksUnavailable, match="302"):
        await HttpJwks(http).fetch(f"{issuer.url}/elsewhere")
    assert issuer.asked == 0


async def test_our_own_tokens_still_work_beside_an_issuer(authenticator: Authenticator) -> None:
    """Both ways of logging in side by side."""
    from fedele.domains.auth.tokens import issue_access_token
    from fedele.kernel.ids import MemberId, new_id
    from tests.factories.auth import KEYS, POLICY

    member_id = MemberId(new_id())
    token = issue_access_token(KEYS, POLICY, member_id, new_id(), NOON.now)
    assert (await authenticator.member(token, Moment(NOON.now))).member_id == member_id


def test_the_document_shape_is_what_issuers_publish(issuer: Issuer) -> None:
    """The control of the broken documents: a good one has these members."""
    (key,) = (key.as_dict(private=False) for key in issuer.published)
    assert set(key) == {"kty", "n", "e", "kid", "use"}
    assert orjson.dumps(key)
