"""Apple's PassKit web service, as phones call it, and the signed download link.

Protocol: Apple, "Adding a Web Service to Update Passes" (developer.apple.com/documentation/walletpasses). Some
phones put two slashes before v1; both are served.

Limits (429 with Retry-After) stand where a stranger can make us work: what a device may register and ask, what one
address may ask without a token, and how many wrong tokens it may bring. A pass fetched with its own token is not
limited: when a campaign changes their cards, thousands of phones behind one address of a mobile network fetch at once.
"""

import hmac
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.db.database import Database
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.wallet import commands, queries
from fedele.domains.wallet.errors import TooManyDevices
from fedele.domains.wallet.ports import PassAssembler
from fedele.domains.wallet.types import (
    Pass,
    PassHead,
    PassLinks,
    PassSubject,
    Registration,
    Serial,
    serial_member,
    subject_of,
)
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.refusal import NotFound
from fedele.web.auth import client_of
from fedele.web.pass_heads import PassHeads
from fedele.web.pass_shelf import PassShelf
from fedele.web.rate_gate import RateGate

PREFIXES = ("/wallet/apple/v1", "/wallet/apple//v1")
BODY_BYTES_MAX = 16 * 1024
DEVICE_NAME_MAX = 128
PUSH_TOKEN_MAX = 256
LOG_LINES_MAX = 20  # of one request
LOG_LINE_MAX = 500
LOG_LINES_PER_MINUTE_MAX = 120  # of this process: phones cannot fill a disk with it

# A minute's worth each; a phone asks a few times a day, and mobile networks put thousands behind one address.
PER_DEVICE = 120
PER_CLIENT = 6_000
WRONG_TOKENS_PER_CLIENT = 600
MINUTE = 60

log = structlog.get_logger("fedele.passkit")


class _Refused(Exception):
    """A response that ends the request early."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.response = Response(status_code=status, headers=headers)


class PassKit:
    """The five endpoints and the download. `pass_type_identifier` is that of the signing certificate."""

    def __init__(
        self,
        database: Database,
        programmes: ProgrammeSource,
        assembler: PassAssembler,
        links: PassLinks,
        pass_type_identifier: str,
        now: Callable[[], Moment] = moment_now,
    ) -> None:
        self._database = database
        self._programmes = programmes
        self._assembler = assembler
        self._links = links
        self._pass_type = pass_type_identifier
        self._now = now
        self._heads = PassHeads(database)
        self._shelf = PassShelf(database, programmes, assembler)
        self._log_gate = LogGate(LOG_LINES_PER_MINUTE_MAX)
        self._devices = RateGate(PER_DEVICE, MINUTE)
        self._clients = RateGate(PER_CLIENT, MINUTE)
        self._wrong_tokens = RateGate(WRONG_TOKENS_PER_CLIENT, MINUTE)

    def routes(self) -> Sequence[Route]:
        """Everything under /wallet/apple."""
        device = "/devices/{device}/registrations/{pass_type}"
        endpoints: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
            ("POST", device + "/{serial}", self.register),
            ("DELETE", device + "/{serial}", self.unregister),
            ("GET", device, self.list_updated),
            ("GET", "/passes/{pass_type}/{serial}", self.latest),
            ("POST", "/log", self.write_log),
        )
        web_service = [
            Route(prefix + path, _answering(endpoint), methods=[method])
            for prefix in PREFIXES
            for method, path, endpoint in endpoints
        ]
        return [*web_service, Route("/wallet/apple/passes/{serial}.pkpass", self.download, methods=["GET"])]

    async def register(self, request: Request) -> Response:
        """A phone holds the pass. 201: it was not known; 200: it was, and its push token is the new one now."""
        self._limit_device(request)
        head = await self._authorised(request)
        token = str((await _json_object(request)).get("pushToken") or "")
        device = request.path_params["device"]
        if not _is_plain(token, PUSH_TOKEN_MAX) or not _is_plain(device, DEVICE_NAME_MAX):
            raise _Refused(400)
        registration = Registration(
            member_id=head.held.member_id,
            serial=head.held.serial,
            device_library_identifier=device,
            push_token=token,
        )
        try:
            async with self._database.transaction() as tx:
                created = await commands.register_device(tx, registration, self._now())
        except TooManyDevices:
            raise _Refused(403) from None
        return Response(status_code=201 if created else 200)

    async def unregister(self, request: Request) -> Response:
        """A phone let go of the pass. 200, also when it was not known any more."""
        self._limit_device(request)
        head = await self._authorised(request)
        async with self._database.transaction() as tx:
            await commands.unregister_device(
                tx, head.held.member_id, head.held.serial, request.path_params["device"], self._now()
            )
        return Response(status_code=200)

    async def list_updated(self, request: Request) -> Response:
        """The serials that changed since the tag, or 204. The protocol has no token here: serials are no secret."""
        self._check_type(request)
        device, tag = request.path_params["device"], request.query_params.get("passesUpdatedSince")
        if not _is_plain(device, DEVICE_NAME_MAX):
            raise _Refused(404)
        self._limit(self._clients, client_of(request))
        self._limit_device(request)
        updated = await queries.list_updated(self._database.reader, device, tag)
        if updated is None:
            return Response(status_code=204)
        body = {"serialNumbers": updated.serials, "lastUpdated": updated.tag}
        return Response(orjson.dumps(body), media_type="application/json", headers={"cache-control": "no-store"})

    async def latest(self, request: Request) -> Response:
        """The pass as it is now, or 304."""
        head = await self._authorised(request)
        return await self._shelf.answer(head, request.headers, self._now())

    async def write_log(self, request: Request) -> Response:
        """What a phone complains about, shortened, without control characters, and only so much a minute."""
        self._limit(self._clients, client_of(request))
        lines = (await _json_object(request)).get("logs")
        for line in lines[:LOG_LINES_MAX] if isinstance(lines, list) else ():
            if self._log_gate.opens(self._now()):
                words = "".join(each if each.isprintable() else " " for each in str(line)[:LOG_LINE_MAX])
                log.warning("passkit.phone_says", line=words)
        return Response(status_code=200)

    async def download(self, request: Request) -> Response:
        """The pass behind a signed link, issued when it is first asked for. Another serial or key: 404."""
        serial = Serial(request.path_params["serial"])
        subject = subject_of(serial)
        if subject is None or not self._links.opens(serial, request.query_params.get("key", "")):
            return Response(status_code=404)
        moment = self._now()
        head = await queries.find_head(self._database.reader, subject.member_id, serial)
        if head is None:
            try:
                await self._issue(subject, moment)
            except NotFound:
                return Response(status_code=404)
            head = await queries.find_head(self._database.reader, subject.member_id, serial)
        if head is None:
            return Response(status_code=404)
        response = await self._shelf.answer(head, request.headers, moment)
        response.headers["content-disposition"] = f'attachment; filename="{subject.kind}.pkpass"'
        return response

    async def _issue(self, subject: PassSubject, moment: Moment) -> Pass:
        programme = await self._programmes.at(moment.now)
        async with self._database.transaction() as tx:
            return await commands.issue_pass(tx, self._assembler, programme, subject, moment)

    async def _authorised(self, request: Request) -> PassHead:
        """The pass that the request names, if its token says so. An unknown pass and a wrong token look alike: 401."""
        self._check_type(request)
        client = client_of(request)
        if wait := self._wrong_tokens.wait(client, self._now().now):  # before the database is asked
            raise _Refused(429, {"retry-after": str(wait)})
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        serial = Serial(request.path_params["serial"])
        member_id = serial_member(serial)
        head = await self._heads.find(member_id, serial) if member_id else None
        expected = head.held.authentication_token if head else ""
        if scheme != "ApplePass" or not hmac.compare_digest(token.strip().encode(), expected.encode()) or head is None:
            self._wrong_tokens.take(client, self._now().now)
            raise _Refused(401, {"www-authenticate": "ApplePass"})
        return head

    def _limit_device(self, request: Request) -> None:
        # Together with the address: who learns a phone's name must not be able to shut it out.
        self._limit(self._devices, (client_of(request), request.path_params["device"][:DEVICE_NAME_MAX]))

    def _limit(self, gate: RateGate, key: Hashable) -> None:
        if wait := gate.take(key, self._now().now):
            raise _Refused(429, {"retry-after": str(wait)})

    def _check_type(self, request: Request) -> None:
        if request.path_params["pass_type"] != self._pass_type:
            raise _Refused(404)


class LogGate:
    """Lets so many through a minute, and says once how many it kept back."""

    def __init__(self, per_minute_max: int) -> None:
        self._per_minute_max = per_minute_max
        self._minute = -1
        self._count = 0

    def opens(self, moment: Moment) -> bool:
        """May one more line be written now?"""
        minute = int(moment.now.timestamp() // 60)
        if minute != self._minute:
            if (kept_back := self._count - self._per_minute_max) > 0:
                log.warning("passkit.log_lines_dropped", count=kept_back)
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count <= self._per_minute_max


def _answering(endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            response: Response = await endpoint(request)
        except _Refused as refused:
            return refused.response
        return response

    return answer


async def _json_object(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise _Refused(413)
    try:
        value = orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        raise _Refused(400) from None
    if not isinstance(value, dict):
        raise _Refused(400)
    return value


def _is_plain(text: str, length_max: int) -> bool:
    return 0 < len(text) <= length_max and text.isascii() and text.isprintable()
