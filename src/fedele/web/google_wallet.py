"""`/wallet/google/…`: the link that saves a card, the logo that Google fetches, and Google's callbacks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fedele.db.database import Database
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.wallet import commands
from fedele.domains.wallet.commands import GoogleWriter
from fedele.domains.wallet.ports import GoogleBusy, GoogleRefused, PassAssembler, SaveLinks
from fedele.domains.wallet.types import PassLinks, Serial, serial_member, subject_of
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.refusal import NotFound

BODY_BYTES_MAX = 16 * 1024
LATER = "Google Wallet cannot be reached. Try again in a moment."

log = structlog.get_logger("fedele.wallet.google")


class Heard(Protocol):
    """A verified callback."""

    @property
    def object_id(self) -> str:
        """Of the card: the issuer's number, a point, the serial."""
        ...

    @property
    def event(self) -> str:
        """save or del."""
        ...

    @property
    def nonce(self) -> str:
        """The same when it is said again."""
        ...


class CallbackReader(Protocol):
    """Verifies callbacks; raises ValueError for one that is not Google's."""

    async def read(self, body: bytes, now_milliseconds: int) -> Heard:
        """The callback in this body."""
        ...


class GoogleWalletRoutes:
    """What members' browsers and Google ask. `logos` are PNGs by design."""

    def __init__(
        self,
        database: Database,
        programmes: ProgrammeSource,
        assembler: PassAssembler,
        links: PassLinks,
        saves: SaveLinks,
        writer: GoogleWriter,
        callbacks: CallbackReader,
        logos: Mapping[str, bytes],
        now: Callable[[], Moment] = moment_now,
    ) -> None:
        self._database = database
        self._programmes = programmes
        self._assembler = assembler
        self._links = links
        self._saves = saves
        self._writer = writer
        self._callbacks = callbacks
        self._logos = logos
        self._now = now

    def routes(self) -> Sequence[Route]:
        """To be mounted by `build_app`."""
        return (
            Route("/wallet/google/save/{serial}", self.save, methods=["GET"]),
            Route("/wallet/google/logo/{design}.png", self.logo, methods=["GET"]),
            Route("/wallet/google/callback", self.callback, methods=["POST"]),
        )

    async def save(self, request: Request) -> Response:
        """Write the card to Google, then send the browser there. 503 with Retry-After while Google is away."""
        serial, key = Serial(request.path_params["serial"]), request.query_params.get("key", "")
        subject = subject_of(serial)
        if subject is None or not self._links.opens(serial, key):
            return Response(status_code=404)
        moment = self._now()
        programme = await self._programmes.at(moment.now)
        try:
            async with self._database.transaction() as tx:
                held = await commands.issue_pass(tx, self._assembler, programme, subject, moment)
            await self._writer.write_first(programme, held, moment)
        except NotFound:
            return Response(status_code=404)
        except GoogleBusy as busy:
            wait = str(max(1, round(busy.retry_after_seconds)))
            return Response(LATER, 503, {"retry-after": wait, "cache-control": "no-store"}, "text/plain")
        except GoogleRefused as refused:
            log.warning("google_wallet_refused", reason=str(refused))
            return Response(LATER, 502, {"cache-control": "no-store"}, "text/plain")
        return RedirectResponse(self._saves.url(serial, moment.now), 302, {"cache-control": "no-store"})

    async def logo(self, request: Request) -> Response:
        """The design's logo."""
        found = self._logos.get(request.path_params["design"])
        if found is None:
            return Response(status_code=404)
        return Response(found, 200, {"cache-control": "public, max-age=86400"}, "image/png")

    async def callback(self, request: Request) -> Response:
        """A card was saved or deleted. 200 also for what was heard before; 401 for what is not Google's."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return Response(status_code=413)
        moment = self._now()
        try:
            heard = await self._callbacks.read(body, int(moment.now.timestamp() * 1000))
        except httpx.HTTPError:
            return Response(status_code=503, headers={"retry-after": "60"})
        except ValueError as invalid:
            log.warning("google_callback_refused", reason=str(invalid))
            return Response(status_code=401)
        serial = Serial(heard.object_id.partition(".")[2])
        member_id = serial_member(serial)
        if member_id is not None:
            async with self._database.transaction() as tx:
                await commands.hear_google(tx, member_id, serial, heard.event, heard.nonce, moment)
        return Response(status_code=200)
