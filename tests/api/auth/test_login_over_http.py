"""Login as an app does it: /auth/otp, /auth/token, /auth/logout, /auth/jwks, and what the answers give away."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
import structlog
from joserfc import jwt
from joserfc.jwk import KeySet
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fedele.adapters.otp.console import ConsoleOtp
from fedele.adapters.otp.unconfigured import UnconfiguredOtp
from fedele.db.database import Database
from fedele.domains.auth.commands import create_key
from fedele.domains.auth.errors import Unauthenticated
from fedele.domains.auth.types import AuthPolicy, Scope
from fedele.domains.members.config import MembersConfig
from fedele.kernel.clock import Moment
from fedele.web.auth import BODY_BYTES_MAX, AuthRoutes, authenticate_with, client_of
from fedele.web.request_ids import RequestIds
from tests.factories.auth import NOON, POLICY, later, make_authenticator, make_login

MAIL = "ada@example.org"


class Clock:
    """The moment of the next request."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> Moment:
        """It."""
        return self.moment


class App:
    """The routes over a real database, with the console's delivery."""

    def __init__(self, database: Database, policy: AuthPolicy = POLICY, config: MembersConfig | None = None) -> None:
        self.clock = Clock()
        self.console: list[str] = []
        self.delivery = ConsoleOtp(self.console.append)
        routes = AuthRoutes(make_login(database, policy, config), self.delivery, self.clock).routes()
        authenticate = authenticate_with(make_authenticator(database, policy), self.clock)

        async def whoami(request: Request) -> JSONResponse:
            try:
                return JSONResponse({"who": type(await authenticate(request)).__name__})
            except Unauthenticated as refusal:
                return JSONResponse({"code": refusal.code}, 401)

        app = Starlette(routes=[*routes, Route("/whoami", whoami)], middleware=[Middleware(RequestIds)])
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 1234))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://fedele.test")

    async def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """Send JSON."""
        return await self.client.post(path, json=body, **options)

    async def ask(self, **body: Any) -> dict[str, Any]:
        """Ask for a code; the answer."""
        answer = await self.post("/auth/otp", body or {"email": MAIL})
        assert answer.status_code == 202, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def log_in(self) -> dict[str, Any]:
        """A whole login."""
        challenge = (await self.ask())["challenge"]
        code = self.delivery.last_code(MAIL)
        assert code is not None
        grant = {"grant_type": "otp", "challenge": challenge, "email": MAIL, "code": code.get_secret_value()}
        answer = await self.post("/auth/token", grant)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


@pytest.fixture
async def app(database: Database) -> AsyncIterator[App]:
    """The app."""
    one = App(database)
    async with one.client:
        yield one


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code; every error has a message and a request id too."""
    body = answer.json()["error"]
    assert body["message"]
    assert body["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, body["code"]


async def test_an_app_logs_in_refreshes_and_logs_out(app: App) -> None:
    """The whole way, as a phone goes it; nothing on it may be cached."""
    tokens = await app.log_in()
    assert (tokens["token_type"], tokens["expires_in"], tokens["enrolled"]) == ("Bearer", 900, True)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await app.client.get("/whoami", headers=bearer)).json() == {"who": "MemberPrincipal"}
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = await app.post("/auth/token", grant)
    assert refreshed.headers["cache-control"] == "no-store"
    fresh = refreshed.json()
    assert fresh["member_id"] == tokens["member_id"]
    assert fresh["refresh_token"] != tokens["refresh_token"]
    done = await app.post("/auth/logout", {"refresh_token": fresh["refresh_token"]})
    assert (done.status_code, done.content) == (204, b"")
    grant["refresh_token"] = fresh["refresh_token"]
    assert error(await app.post("/auth/token", grant)) == (401, "REFRESH_INVALID")


async def test_the_access_token_expires(app: App) -> None:
    """With a code of its own, so that an app knows to refresh."""
    tokens = await app.log_in()
    app.clock.moment = later(minutes=15)
    answer = await app.client.get("/whoami", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert (answer.status_code, answer.json()) == (401, {"code": "TOKEN_EXPIRED"})


async def test_anybody_can_verify_our_tokens(app: App) -> None:
    """The published keys verify an access token with an independent call; nothing private is published."""
    tokens = await app.log_in()
    answer = await app.client.get("/auth/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert "max-age" in answer.headers["cache-control"]
    assert b'"d"' not in answer.content
    verified = jwt.decode(tokens["access_token"], KeySet.import_key_set(answer.json()), algorithms=["ES256"])
    assert verified.claims["iss"] == POLICY.issuer
    assert verified.claims["sub"] == tokens["member_id"]


async def test_strangers_and_members_cannot_be_told_apart(database: Database) -> None:
    """Where nobody may enrol: same status, same shape, same headers; only the console shows the difference."""
    first = App(database)
    await first.log_in()
    closed = App(database, config=MembersConfig(enrolment="closed"))
    answers = [await closed.post("/auth/otp", {"email": mail}) for mail in (MAIL, "stranger@example.org")]
    known, stranger = answers
    assert known.status_code == stranger.status_code == 202
    assert set(known.json()) == set(stranger.json())
    assert known.json()["expires_in"] == stranger.json()["expires_in"]
    assert len(known.content) == len(stranger.content)
    ids = {"x-request-id"}
    assert {k: v for k, v in known.headers.items() if k not in ids} == {
        k: v for k, v in stranger.headers.items() if k not in ids
    }
    assert len(closed.console) == 1
    wrong = {"grant_type": "otp", "code": "000000"}
    refusals = [
        error(await closed.post("/auth/token", {**wrong, "challenge": answer.json()["challenge"], "email": mail}))
        for answer, mail in zip(answers, (MAIL, "stranger@example.org"), strict=True)
    ]
    assert refusals == [(401, "CODE_INVALID")] * 2


async def test_too_many_requests_say_when_to_come_back(app: App) -> None:
    """429 with Retry-After in whole seconds; after that long the next one passes."""
    for _ in range(POLICY.otp_requests_per_identity_per_hour):
        await app.ask()
    answer = await app.post("/auth/otp", {"email": MAIL})
    assert error(answer) == (429, "RATE_LIMITED")
    app.clock.moment = later(seconds=int(answer.headers["retry-after"]))
    await app.ask()


@pytest.mark.parametrize("language", ["it", "ru", "ar"])
async def test_refusals_speak_the_members_language(app: App, language: str) -> None:
    """The message follows Accept-Language; the code does not change. English is the fallback."""
    body = {"grant_type": "refresh_token", "refresh_token": "fdr_x"}
    answers = [await app.post("/auth/token", body, headers={"accept-language": asked}) for asked in (language, "xx")]
    assert [error(answer) for answer in answers] == [(401, "REFRESH_INVALID")] * 2
    translated, english = (answer.json()["error"]["message"] for answer in answers)
    assert english == "Log in again."
    assert translated != english


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/auth/otp", {}, 400, "INVALID_INPUT"),
        ("/auth/otp", {"email": "a@b.org", "phone": "+393471234567"}, 400, "INVALID_INPUT"),
        ("/auth/otp", {"email": ["a@b.org"]}, 400, "INVALID_INPUT"),
        ("/auth/otp", {"email": MAIL, "admin": True}, 400, "INVALID_INPUT"),
        ("/auth/otp", {"email": "not an address"}, 400, "IDENTITY_INVALID"),
        ("/auth/otp", {"phone": "12"}, 400, "IDENTITY_INVALID"),
        ("/auth/otp", [], 400, "INVALID_INPUT"),
        ("/auth/token", {"grant_type": "password"}, 400, "INVALID_INPUT"),
        ("/auth/token", {"grant_type": "otp", "email": MAIL, "code": "123456"}, 400, "INVALID_INPUT"),
        ("/auth/token", {"grant_type": "otp", "email": MAIL, "code": "1", "challenge": "x"}, 401, "CODE_INVALID"),
        ("/auth/token", {"grant_type": "refresh_token", "refresh_token": "x" * 300}, 400, "INVALID_INPUT"),
        ("/auth/token", {"grant_type": "refresh_token", "refresh_token": "x"}, 401, "REFRESH_INVALID"),
        ("/auth/logout", {}, 400, "INVALID_INPUT"),
    ],
)
async def test_what_cannot_be_read_says_what_is_wrong(app: App, path: str, body: Any, status: int, code: str) -> None:
    """With a code, and without giving the input back."""
    answer = await app.post(path, body)
    assert error(answer) == (status, code)
    assert "a@b.org" not in answer.text
    assert "not an address" not in answer.text


async def test_broken_large_and_foreign_bodies_are_refused(app: App) -> None:
    """Malformed JSON, more than 4 KiB also without a length, a form, and other methods."""
    json = {"content-type": "application/json"}
    assert error(await app.client.post("/auth/otp", content=b"{", headers=json)) == (400, "INVALID_INPUT")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b" " * 1024

    for body in (b" " * (BODY_BYTES_MAX + 1), endless()):
        assert error(await app.client.post("/auth/otp", content=body, headers=json)) == (413, "BODY_TOO_LARGE")
    form = await app.client.post("/auth/otp", data={"email": MAIL})
    assert error(form) == (415, "UNSUPPORTED_MEDIA_TYPE")
    for path in ("/auth/otp", "/auth/token", "/auth/logout"):
        assert (await app.client.get(path)).status_code == 405
    assert app.console == []


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "Bearer ", "bearer x", "Token x", "", "Bearer a.b.c", "Bearer fdl_staff_x"]
)
async def test_a_wrong_header_is_not_nobody(app: App, header: str) -> None:
    """A credential that is there and wrong is 401, never Anonymous."""
    answer = await app.client.get("/whoami", headers={"authorization": header})
    assert answer.status_code == 401
    assert (await app.client.get("/whoami")).json() == {"who": "Anonymous"}


async def test_two_authorization_headers_are_refused(app: App) -> None:
    """A proxy and we must not believe different ones."""
    tokens = await app.log_in()
    good = ("authorization", f"Bearer {tokens['access_token']}")
    answer = await app.client.get("/whoami", headers=[good, ("authorization", "Bearer x")])
    assert answer.status_code == 401


async def test_a_failing_delivery_changes_nothing_for_the_client(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same, and the log has the reason without address, code or traceback."""

    async def fail(**_given: Any) -> None:
        raise OSError(f"no route to {MAIL}")

    monkeypatch.setattr(app.delivery, "deliver", fail)
    with structlog.testing.capture_logs() as lines:
        await app.ask()
    (line,) = [line for line in lines if line["event"] == "otp_delivery_failed"]
    assert line["reason"] == "OSError"
    assert MAIL not in str(lines)


async def test_without_a_delivery_the_log_says_so() -> None:
    """And shows neither address nor code."""
    with structlog.testing.capture_logs() as lines:
        await UnconfiguredOtp().deliver(kind="email", to=SecretStr(MAIL), code=SecretStr("123456"), locale="it")
    assert [line["event"] for line in lines] == ["otp_not_delivered"]
    assert MAIL not in str(lines)
    assert "123456" not in str(lines)


async def test_no_secret_reaches_any_log(
    app: App, database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A login, its failures and a staff key, with every logger at DEBUG: no code, token, key or address in any line."""
    async with database.transaction() as tx:
        key = (await create_key(tx, "console", {Scope.MEMBERS_READ}, NOON)).text.get_secret_value()
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
        tokens = await app.log_in()
        code = app.delivery.last_code(MAIL)
        assert code is not None
        await app.post("/auth/token", {"grant_type": "otp", "challenge": "x", "email": MAIL, "code": "999999"})
        await app.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] + "a"})
        for bearer in (key, key[:-1], tokens["access_token"], tokens["access_token"][:-2]):
            await app.client.get("/whoami", headers={"authorization": f"Bearer {bearer}"})
        logging.getLogger("control").debug("control %s", "planted-secret")
    secrets = [code.get_secret_value(), MAIL, tokens["refresh_token"], tokens["access_token"], key.rpartition("_")[2]]
    output = capsys.readouterr()
    written = str(lines) + caplog.text + output.out + output.err
    assert "planted-secret" in written  # the control: this capture sees what is logged
    assert [secret for secret in secrets if secret in written] == []


@pytest.mark.parametrize(
    ("host", "client"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
     ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
     ("::ffff:192.0.2.7", "192.0.2.7"), ("", ""), ("unix:", "unix:")],
)  # fmt: skip
def test_a_client_is_an_address_or_a_network(host: str, client: str) -> None:
    """One IPv6 customer has 2^64 addresses and counts once; an IPv4 address in IPv6 clothes is itself."""
    request = Request({"type": "http", "client": (host, 1), "headers": []})
    assert client_of(request) == client


async def test_a_burst_of_wrong_codes_over_http(app: App) -> None:
    """Fifty guesses at once: none passes, all are told the same."""
    challenge = (await app.ask())["challenge"]
    code = app.delivery.last_code(MAIL)
    assert code is not None
    guesses = [f"{(int(code.get_secret_value()) + offset) % 1_000_000:06d}" for offset in range(1, 51)]
    grant = {"grant_type": "otp", "challenge": challenge, "email": MAIL}
    answers = await asyncio.gather(*(app.post("/auth/token", {**grant, "code": guess}) for guess in guesses))
    assert {answer.status_code for answer in answers} <= {401, 429}
    assert {answer.json()["error"]["code"] for answer in answers} <= {"CODE_INVALID", "RATE_LIMITED"}
    answer = await app.post("/auth/token", {**grant, "code": code.get_secret_value()})
    assert answer.status_code in {401, 429}
    assert orjson.loads(answer.content)["error"]["code"] in {"CODE_INVALID", "RATE_LIMITED"}
