"""`/join/{code}`: joining without an app. A form, a one-time code, a card; plain HTML that needs no script.

Each POST is answered by 303 to the next page, so that reloading sends nothing twice. A form counts only with the token
of the page that this browser was given (double submit), and only from this site (Origin).
"""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import structlog
from pydantic import SecretStr
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from fedele.api.texts import LOCALES
from fedele.db.database import Transaction
from fedele.domains.auth.commands import Login
from fedele.domains.auth.errors import CodeInvalid, RateLimited
from fedele.domains.auth.ports import OtpDelivery
from fedele.domains.members.commands import set_consent
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.errors import IdentityInvalid
from fedele.domains.members.types import Enrolment, Identity, NewMember
from fedele.domains.offers.commands import claim_offer
from fedele.domains.programme.config import Places, ProgrammeConfig
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.wallet.config import Join, JoinCode, WalletConfig
from fedele.domains.wallet.types import PassLinks, Serial, card_serial
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import Refusal
from fedele.web import join_pages
from fedele.web.auth import client_of, deliver_code
from fedele.web.forms import first, is_ours, read_form
from fedele.web.join_pages import Filled, Look
from fedele.web.join_state import SECONDS, JoinCookies, JoinState
from fedele.web.negotiation import language

ASSETS = Path(__file__).parent / "static" / "join"
COOKIE = "fedele_join"
NAME_LENGTH_MAX = 100
log = structlog.get_logger("fedele.join")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "referrer-policy": "same-origin",  # with no-referrer a browser hides the Origin of our own forms, too
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Visit:
    """One request, read: the code's declaration, the programme, and what the browser carries."""

    join: Join
    code: JoinCode
    look: Look
    state: JoinState
    moment: Moment
    programme: Programme

    def shown(self, state: JoinState) -> "_Visit":
        """The same visit with another state."""
        return dataclasses.replace(self, state=state)


class _Unknown(Exception):
    """No such code, or no programme that has any."""


class JoinRoutes:
    """The pages. `google`: cards can be saved there. `secure`: the site is https, so the cookie may demand it."""

    def __init__(
        self,
        login: Login,
        delivery: OtpDelivery,
        programmes: ProgrammeSource,
        links: PassLinks,
        cookies: JoinCookies,
        *,
        google: bool,
        secure: bool,
        moment: Callable[[], Moment] = moment_now,
    ) -> None:
        self._login, self._delivery, self._programmes = login, delivery, programmes
        self._links, self._cookies, self._google, self._secure = links, cookies, google, secure
        self._moment = moment

    def routes(self) -> list[BaseRoute]:
        """To be mounted by `build_app`."""
        return [
            Route("/join/{code}", self.page, methods=["GET", "POST"]),
            Route("/join/{code}/code", self.confirm, methods=["GET", "POST"]),
            Route("/join/{code}/card", self.card, methods=["GET"]),
            Route("/join-brand.css", self.brand, methods=["GET"]),
            Mount("/assets/join", StaticFiles(directory=ASSETS)),
        ]

    async def page(self, request: Request) -> Response:
        """The form; sent, it asks for a one-time code."""
        try:
            visit = await self._visit(request)
        except _Unknown:
            return _unknown(request)
        if request.method == "GET":
            # Whoever begins anew may be the next in a queue before the shop's tablet: the last one's card is gone.
            state = JoinState(visit.state.token) if visit.state.serial else visit.state
            return self._form(visit.shown(state), Filled())
        sent = await read_form(request)
        filled = Filled(first(sent, "name").strip(), first(sent, "contact").strip(), tuple(sent.get("consent", ())))
        if not is_ours(request, visit.state.token, sent):
            return self._form(visit, filled, "stale", status=403)
        if len(filled.name) > NAME_LENGTH_MAX or not filled.name.isprintable():
            return self._form(visit, filled, "name_invalid", "name")
        try:
            identity = _identity(filled.contact, visit.programme.section(MembersConfig).phone_region)
            challenge = await self._login.request_code(identity, client_of(request), visit.moment)
        except IdentityInvalid:
            return self._form(visit, filled, "contact_invalid", "contact")
        except RateLimited as limited:
            return self._limited(limited, self._form(visit, filled, _minutes(visit.look, limited), status=429))
        asked = {
            "challenge": challenge.challenge_id.hex,
            "kind": identity.kind,
            "value": identity.value.get_secret_value(),
            "name": filled.name,
            "consents": [one.purpose.value for one in visit.join.consents if one.purpose.value in filled.purposes],
            "locale": visit.look.locale,
        }
        sending = BackgroundTask(deliver_code, self._delivery, identity, challenge, visit.look.locale)
        return self._on(visit.shown(JoinState(visit.state.token, visit.code.code, asked)), "/code", sending)

    async def confirm(self, request: Request) -> Response:
        """The one-time code; right, it makes a member, or finds them, and records what they agreed to."""
        try:
            visit = await self._visit(request)
        except _Unknown:
            return _unknown(request)
        asked = visit.state.asked
        if visit.state.code != visit.code.code or not asked:
            return self._on(visit, "")
        if request.method == "GET":
            return self._code(visit)
        sent = await read_form(request)
        if not is_ours(request, visit.state.token, sent):
            return self._code(visit, visit.look.words["stale"], 403)
        digits = "".join(str(int(each)) if each.isdecimal() else each for each in first(sent, "code") if each != " ")
        new = self._new_member(visit)

        async def record(tx: Transaction, enrolment: Enrolment) -> None:
            await _record_consents(tx, visit, enrolment)
            await _claim_offer(tx, visit, enrolment)

        try:
            enrolment = await self._login.join_by_code(
                UUID(hex=asked["challenge"]), new, SecretStr(digits), client_of(request), visit.moment, record
            )
        except CodeInvalid:
            return self._code(visit, visit.look.words["code_invalid"], 422)
        except RateLimited as limited:
            return self._limited(limited, self._code(visit, _minutes(visit.look, limited), 429))
        done = dataclasses.replace(visit.state, serial=str(card_serial(enrolment.member_id)))
        return self._on(visit.shown(done), "/card")

    async def card(self, request: Request) -> Response:
        """The links that put the card into a wallet."""
        try:
            visit = await self._visit(request)
        except _Unknown:
            return _unknown(request)
        if visit.state.code != visit.code.code or not visit.state.serial:
            return self._on(visit, "")
        serial = Serial(visit.state.serial)
        google = self._links.google_url(serial) if self._google else None
        agent = request.headers.get("user-agent", "")
        return self._html(visit, join_pages.card_page(visit.look, self._links.url(serial), google, agent))

    async def brand(self, request: Request) -> Response:
        """The programme's colours. The same for everybody."""
        try:
            programme = await self._programmes.at(self._moment().now)
        except NoProgramme:
            text = join_pages.brand_css(None)
        else:
            text = join_pages.brand_css(programme.section(ProgrammeConfig).colours)
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        headers = {"etag": etag, "cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type="text/css")

    async def _visit(self, request: Request) -> _Visit:
        moment = self._moment()
        try:
            programme = await self._programmes.at(moment.now)
        except NoProgramme:
            raise _Unknown from None
        join = programme.section(WalletConfig).join
        code = join.find(request.path_params["code"]) if join else None
        if join is None or code is None:
            raise _Unknown
        place = next((one for one in programme.section(Places) if one.key == code.place), None)
        look = Look("en", f"/join/{code.code}", programme, place)
        look = dataclasses.replace(look, locale=_locale(request, look))
        state = self._cookies.open(request.cookies.get(COOKIE, ""), moment.now)
        return _Visit(join, code, look, state, moment, programme)

    def _new_member(self, visit: _Visit) -> NewMember:
        asked, place = visit.state.asked, visit.look.place
        zone = (place.time_zone if place else None) or visit.programme.section(ProgrammeConfig).time_zone
        return NewMember(
            identities=(Identity(asked["kind"], SecretStr(asked["value"])),),
            locale=asked["locale"],
            time_zone=zone,
            display_name=asked["name"] or None,
            home_store=StoreId(place.key) if place else None,
            source=_source(visit.code),
        )

    def _form(self, visit: _Visit, filled: Filled, problem: str = "", field: str = "", status: int = 0) -> Response:
        told = visit.look.words.get(problem, problem)
        html = join_pages.form_page(visit.look, visit.state.token, visit.join.consents, filled, told, field)
        return self._html(visit, html, status or (422 if problem else 200))

    def _code(self, visit: _Visit, problem: str = "", status: int = 200) -> Response:
        html = join_pages.code_page(visit.look, visit.state.token, visit.state.asked["value"], problem)
        return self._html(visit, html, status)

    def _html(self, visit: _Visit, html: str, status: int = 200) -> Response:
        return self._carry(visit, Response(html, status, HEADERS, "text/html"))

    def _on(self, visit: _Visit, step: str, background: BackgroundTask | None = None) -> Response:
        url = f"{visit.look.path}{step}?lang={visit.look.locale}"
        return self._carry(visit, RedirectResponse(url, 303, HEADERS, background))

    def _carry(self, visit: _Visit, response: Response) -> Response:
        sealed = self._cookies.seal(visit.state, visit.moment.now)
        response.set_cookie(
            COOKIE, sealed, max_age=SECONDS, path="/join/", secure=self._secure, httponly=True, samesite="lax"
        )
        return response

    def _limited(self, limited: RateLimited, response: Response) -> Response:
        response.headers["retry-after"] = str(limited.details["retry_after_seconds"])
        return response


async def _record_consents(tx: Transaction, visit: _Visit, enrolment: Enrolment) -> None:
    """What was ticked, with the words that stood beside it. What was not ticked takes nothing away."""
    asked = visit.state.asked
    default = visit.programme.section(ProgrammeConfig).default_locale
    for consent in visit.join.consents:
        if consent.purpose.value not in asked["consents"]:
            continue
        text = consent.text.in_locale(asked["locale"], default)
        seen = f"{visit.join.version}:{asked['locale']}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        for channel in dict.fromkeys(consent.channels):
            await set_consent(
                tx, enrolment.member_id, consent.purpose, channel, True,
                source=_source(visit.code), wording=seen, moment=visit.moment,
            )  # fmt: skip


async def _claim_offer(tx: Transaction, visit: _Visit, enrolment: Enrolment) -> None:
    """The offer that this code promises, once for each who joins with it. One that is over, or not for them, is no
    reason not to join."""
    if visit.code.offer is None:
        return
    member_id, key = enrolment.member_id, f"join:{visit.code.code}"
    try:
        async with tx.savepoint():
            await claim_offer(tx, visit.programme, member_id, visit.code.offer, visit.moment, key)
    except Refusal as refusal:
        log.info("join_offer_not_claimed", offer=visit.code.offer, code=refusal.code)


def _source(code: JoinCode) -> str:
    """Where members came from, and where they were asked: join:window:riverside."""
    return f"join:{code.source}:{code.code}"


def _identity(contact: str, phone_region: str) -> Identity:
    if "@" in contact:
        return Identity.parse("email", contact)
    return Identity.parse("phone", contact, phone_region)


def _minutes(look: Look, limited: RateLimited) -> str:
    return look.words["limited"].format(minutes=-(-int(limited.details["retry_after_seconds"]) // 60))


def _locale(request: Request, look: Look) -> str:
    """The language asked for by the address, else by the browser, else the programme's own."""
    spoken = look.languages()
    asked = request.query_params.get("lang", "")
    if asked in spoken:
        return asked
    default = look.default.partition("-")[0]
    accepted = language(request.headers.get("accept-language"), spoken)
    return accepted or (default if default in spoken else spoken[0])


def _unknown(request: Request) -> Response:
    locale = language(request.headers.get("accept-language"), LOCALES) or "en"
    return Response(join_pages.unknown_page(Look(locale, "/join")), 404, HEADERS, "text/html")
