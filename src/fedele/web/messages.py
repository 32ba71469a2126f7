"""What links in messages lead to: stopping them (RFC 8058), following one, and what a provider tells of one."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from fedele.db.database import Database
from fedele.domains.members.commands import set_consent
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.domains.members.queries import find_member
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging import commands
from fedele.domains.messaging.ports import MailReader, MessageLinks, StatusReader, StatusUnsigned
from fedele.domains.messaging.types import Report
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

BODY_BYTES_MAX = 16 * 1024
REPORT_BYTES_MAX = 512 * 1024  # some send the whole e-mail back

_PAGE = """<!DOCTYPE html>
<html lang="{lang}" dir="{dir}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title}</title></head>
<body style="font-family:system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;line-height:1.5">
<h1 style="font-size:1.4rem">{title}</h1>{rest}</body></html>
"""
_BUTTON = '<form method="post"><button style="font:inherit;padding:.6rem 1rem">{label}</button></form>'
_WORDS = {
    "en": ("Stop these messages?", "Stop them", "You will get no more of these messages.", "This link is not valid."),
    "it": ("Non ricevere più questi messaggi?", "Non inviarli più", "Non riceverai più questi messaggi.",
           "Questo link non è valido."),
    "ru": ("Отписаться от этих сообщений?", "Отписаться", "Вы больше не будете получать эти сообщения.",
           "Эта ссылка недействительна."),
    "ar": ("هل تريد إيقاف هذه الرسائل؟", "إيقاف", "لن تصلك هذه الرسائل بعد الآن.", "هذا الرابط غير صالح."),
}  # fmt: skip


class MessageRoutes:
    """The routes. `statuses` and `mail`: who reads what the SMS provider and mail systems tell; without, those routes
    know nothing.
    """

    def __init__(
        self,
        database: Database,
        links: MessageLinks,
        statuses: StatusReader | None,
        now: Callable[[], Moment],
        mail: MailReader | None = None,
    ) -> None:
        self._database = database
        self._links = links
        self._statuses = statuses
        self._now = now
        self._mail = mail

    def routes(self) -> Sequence[Route]:
        """Everything under /messages."""
        return [
            Route("/messages/stop/{token}", self._ask, methods=["GET"]),
            Route("/messages/stop/{token}", self._stop, methods=["POST"]),
            Route("/messages/go/{token}", self._go, methods=["GET"]),
            Route("/messages/status/{token}", self._status, methods=["POST"]),
            Route("/messages/bounces/{token}", self._bounced, methods=["POST"]),
        ]

    async def _ask(self, request: Request) -> Response:
        """A page with a button. A GET changes nothing: mail scanners follow every link."""
        parts = self._links.read("stop", request.path_params["token"])
        if parts is None:
            return await self._page(None, 3, 404)
        language, words = await self._words(MemberId(UUID(parts[0])))
        return _html(language, 0, _BUTTON.format(label=escape(words[1])))

    async def _stop(self, request: Request) -> Response:
        """Withdraw the consent that the link names; again: nothing. This is the one click of RFC 8058."""
        parts = self._links.read("stop", request.path_params["token"])
        if parts is None:
            return await self._page(None, 3, 404)
        member_id = MemberId(UUID(parts[0]))
        with contextlib.suppress(MemberErased, MemberNotFound):  # nobody is written to there any more
            async with self._database.transaction() as tx:
                await set_consent(
                    tx, member_id, Purpose(parts[1]), Channel(parts[2]), False,
                    source="link", wording="one-click unsubscribe", moment=self._now(),
                )  # fmt: skip
        return await self._page(member_id, 2, 200)

    async def _go(self, request: Request) -> Response:
        """Note the click and lead on, to where the signed link says and nowhere else."""
        parts = self._links.read("go", request.path_params["token"])
        if parts is None:
            return await self._page(None, 3, 404)
        await self._report(MemberId(UUID(parts[0])), UUID(parts[1]), "clicked")
        return RedirectResponse(parts[2], 302, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def _status(self, request: Request) -> Response:
        """What the SMS provider tells of a text; refused unless the provider signed it for this very address."""
        token = request.path_params["token"]
        parts = self._links.read("status", token)
        if parts is None or self._statuses is None:
            return PlainTextResponse("", 404)
        body = await _body(request, BODY_BYTES_MAX)
        if body is None:
            return PlainTextResponse("", 413)
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            url = f"{self._links.base_url}/messages/status/{token}"  # never as the request says it was addressed
            what = self._statuses.read_status(url, form, request.headers)
        except StatusUnsigned:
            return PlainTextResponse("", 403)
        if what is not None:
            await self._report(MemberId(UUID(parts[0])), UUID(parts[1]), what)
        return Response(status_code=204)

    async def _bounced(self, request: Request) -> Response:
        """A report of a mail system, as it came (message/rfc822). The address of this route is known to them alone."""
        if self._mail is None or self._links.read("bounces", request.path_params["token"]) is None:
            return PlainTextResponse("", 404)
        raw = await _body(request, REPORT_BYTES_MAX)
        if raw is None:
            return PlainTextResponse("", 413)
        told = await asyncio.to_thread(self._mail, raw)
        if told is not None:
            async with self._database.transaction() as tx:
                await commands.hear_of_mail(tx, self._links, told, self._now())
        return Response(status_code=204)

    async def _report(self, member_id: MemberId, contact_id: UUID, what: Report) -> None:
        moment = self._now()
        async with self._database.transaction() as tx:
            await commands.report(tx, member_id, [(contact_id, what, moment.now)], moment)

    async def _page(self, member_id: MemberId | None, word: int, status_code: int) -> Response:
        language, _ = await self._words(member_id)
        return _html(language, word, "", status_code)

    async def _words(self, member_id: MemberId | None) -> tuple[str, tuple[str, ...]]:
        member = await find_member(self._database.reader, member_id) if member_id else None
        language = member.locale.partition("-")[0] if member else "en"
        return language, _WORDS.get(language, _WORDS["en"])


async def _body(request: Request, bytes_max: int) -> bytes | None:
    """What was posted; None: more than that."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            return None
    return bytes(body)


def _html(language: str, word: int, rest: str, status_code: int = 200) -> Response:
    words = _WORDS.get(language, _WORDS["en"])
    page = _PAGE.format(
        lang=language if language in _WORDS else "en", dir="rtl" if language == "ar" else "ltr",
        title=escape(words[word]), rest=rest,
    )  # fmt: skip
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(page, status_code, headers=headers)
