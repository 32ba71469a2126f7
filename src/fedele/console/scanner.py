"""`/scan`: the scanner page. Static files of ours, a little JSON to start with, and the session of the till's key."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from fedele.api.execution.operations import read_operations
from fedele.console.till_session import close_session, open_session
from fedele.domains.auth.commands import Authenticator
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.money import minor_digits

FOLDER = Path(__file__).parent / "static" / "scan"
ASSETS = "/assets/scan"
DOCUMENTS = ("ScanCode", "QuoteBasket", "SettleSale", "ShowReceipt", "ReturnLines", "ReplaySales", "WhoAmI")

HEADERS = {
    # The barcode reader is WebAssembly, which may compile itself and nothing else.
    "content-security-policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self' blob: mediastream:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


@dataclasses.dataclass(frozen=True, slots=True)
class ScannerRoutes:
    """The page and what it needs. `secure`: the site is served over https, so the cookie may demand it."""

    authenticator: Authenticator
    programmes: ProgrammeSource
    moment: Callable[[], Moment]
    secure: bool

    def routes(self) -> list[BaseRoute]:
        """The routes, for `wiring` to join."""
        return [
            Route("/scan", self.page, methods=["GET"]),
            Route("/scan/boot.json", self.boot, methods=["GET"]),
            Route("/scan/worker.js", self.worker, methods=["GET"]),
            Route("/scan/session", self.session, methods=["POST", "DELETE"]),
            Mount(ASSETS, StaticFiles(directory=FOLDER)),
        ]

    async def page(self, _request: Request) -> Response:
        """The page. The same for everybody: who asks is known by the session."""
        return FileResponse(FOLDER / "scan.html", headers=HEADERS)

    async def worker(self, _request: Request) -> Response:
        """The service worker that opens the page again while the network is away."""
        headers = {**HEADERS, "service-worker-allowed": "/scan"}
        return FileResponse(FOLDER / "worker.js", media_type="text/javascript", headers=headers)

    async def boot(self, _request: Request) -> Response:
        """The programme's name and money, and the hashes of the trusted documents that the page runs."""
        try:
            programme = (await self.programmes.at(self.moment().now)).section(ProgrammeConfig)
        except NoProgramme:
            told = None
        else:
            told = {
                "name": programme.name.root,
                "currency": programme.home_currency,
                "digits": minor_digits(programme.home_currency),
                "defaultLocale": programme.default_locale,
                "colours": programme.colours.model_dump(),
            }
        body = orjson.dumps({"programme": told, "documents": _documents()})
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return Response(body, media_type="application/json", headers={**HEADERS, "etag": etag})

    async def session(self, request: Request) -> Response:
        """Log a till in and out on this device."""
        if request.method == "DELETE":
            return close_session()
        return await open_session(request, self.authenticator, self.moment, secure=self.secure)


@functools.cache
def _documents() -> dict[str, str]:
    """The page's operations by name, and the hash that stands for each."""
    return {file.name: file.sha256 for file in read_operations("till", "console") if file.name in DOCUMENTS}
