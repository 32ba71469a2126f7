"""Hostile and broken pictures: refused in words, and never so many that the others wait."""

import io
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast
from unittest.mock import Mock

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request

from fedele.db.database import Database
from fedele.domains.auth.types import MemberPrincipal, Principal
from fedele.domains.community.errors import PictureUnreadable
from fedele.domains.community.ports import draw_anew
from fedele.domains.community.types import PictureLinks
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.web.pictures import SENT_PER_DAY_MAX, PictureRoutes

NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow's, about metadata that it skips
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_octets_changed_at_random_are_drawn_or_refused(kind: str) -> None:
    """In the metadata, too: nothing but a picture or the refusal comes out."""
    random, out, exif = Random(7), io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x8769], exif[0x8825] = 6, {0x9003: "2026:05:12 09:00:00"}, {1: "N", 2: (1.0, 2.0, 3.0)}
    Image.effect_noise((24, 16), 50).convert("RGB").save(out, kind, exif=exif.tobytes())
    refused = 0
    for _ in range(300):
        broken = bytearray(out.getvalue())
        for place in random.choices(range(min(len(broken), 300)), k=3):
            broken[place] = random.randrange(256)
        try:
            draw_anew(bytes(broken))
        except PictureUnreadable:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("fault", [TypeError, KeyError, MemoryError, IndexError])
def test_a_reader_that_stumbles_is_an_unreadable_picture(
    fault: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow raises whatever it stumbles over in broken metadata; the member hears that the picture cannot be read."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    monkeypatch.setattr("PIL.ImageOps.exif_transpose", Mock(side_effect=fault))
    with pytest.raises(PictureUnreadable):
        draw_anew(out.getvalue())


async def test_who_sends_more_than_one_can_draw_waits_and_nobody_else() -> None:
    """What cannot be read costs as much as what can: so many a day of one member, and the next is told when."""
    senders, now = [MemberId(new_id()), MemberId(new_id())], [NOW]

    async def authenticate(request: Request) -> Principal:
        return cast(Principal, Mock(spec=MemberPrincipal, member_id=senders[int(request.headers["sender"])]))

    pictures = PictureRoutes(
        cast(Database, None), authenticate, PictureLinks("https://shop.example", bytes(32)), lambda: Moment(now[0])
    )
    transport = httpx.ASGITransport(Starlette(routes=pictures.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:

        async def send(sender: int) -> httpx.Response:
            return await client.post("/pictures", content=b"no picture", headers={"sender": str(sender)})

        codes: list[Any] = [(await send(0)).status_code for _ in range(SENT_PER_DAY_MAX + 1)]
        assert codes == [422] * SENT_PER_DAY_MAX + [429]
        told = await send(0)
        assert (told.json()["error"]["code"], int(told.headers["retry-after"]) > 0) == ("TOO_MANY_PICTURES", True)
        assert (await send(1)).status_code == 422
        now[0] += timedelta(seconds=int(told.headers["retry-after"]))
        assert (await send(0)).status_code == 422
