"""What members and staff ask about reviews, contests and gatherings, with many so that an N+1 query would show."""

import hashlib
import io
from typing import TYPE_CHECKING, Any

from PIL import Image

from fedele.api import ids
from fedele.domains.community import commands
from fedele.domains.community.ports import draw_anew
from fedele.domains.community.types import EntryId, PictureId
from fedele.domains.members.queries import find_card_code
from fedele.kernel.ids import MemberId, new_id

if TYPE_CHECKING:
    from tests.fixtures.api import Api

CONTEST, OVER = "autumn-table", "summer-picnic"
GATHERING, NOW = "cheese-evening", "bakers-breakfast"


def jpeg(colour: str = "red", size: tuple[int, int] = (40, 30)) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


async def twenty_reviews(api: "Api") -> dict[str, Any]:
    """Of twenty products by the member, and of one store by both."""
    for number in range(20):
        await _review(api, api.member.member_id, "product", f"sku-{number}")
    for member_id in (api.member.member_id, api.stranger.member_id):
        await _review(api, member_id, "store", "store-367", "approved")
    return {"about": "STORE", "subject": "store-367"}


async def reviews_to_moderate(api: "Api") -> dict[str, Any]:
    """Twenty that nobody has looked at."""
    for number in range(20):
        await _review(api, api.member.member_id, "product", f"sku-{number}")
    return {}


async def a_review_to_moderate(api: "Api") -> dict[str, Any]:
    """One."""
    review_id = await _review(api, api.member.member_id, "product", "sku-1")
    return {"input": {"reviewId": ids.row_id("review", MemberId(api.member.member_id), review_id), "approve": True}}


async def a_review_to_send(api: "Api") -> dict[str, Any]:
    """Of a store where the member bought, with a picture."""
    member_id = MemberId(api.member.member_id)
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at,
                                  currency, total_minor, tax_minor, discount_minor, tenders)
            VALUES ($1, $2, 'store-367', 'R-1', 'store', $3, $3, 'USD', 1000, 0, 0, '[]')
            """,
            member_id, new_id(), api.moment.now,
        )  # fmt: skip
    picture = ids.row_id("picture", member_id, await a_picture(api, member_id))
    given = {"about": "STORE", "subject": "store-367", "stars": 5, "body": "Kind people", "pictureId": picture}
    return {"input": given}


async def entries(api: "Api") -> dict[str, Any]:
    """Twelve approved ones of others, three of the member's own."""
    for number in range(12):
        await _entry(api, MemberId(api.stranger.member_id), number, "approved")
    for number in range(3):
        await _entry(api, MemberId(api.member.member_id), number, "pending")
    return {}


async def an_entry_to_moderate(api: "Api") -> dict[str, Any]:
    """One."""
    entry_id = await _entry(api, MemberId(api.member.member_id), 1, "pending")
    given = ids.row_id("contestentry", MemberId(api.member.member_id), entry_id)
    return {"input": {"entryId": given, "approve": True}}


async def an_entry_to_send(api: "Api") -> dict[str, Any]:
    """A picture that was uploaded, for a contest that is open."""
    member_id = MemberId(api.member.member_id)
    picture = ids.row_id("picture", member_id, await a_picture(api, member_id))
    return {"input": {"contestId": ids.key_id("contest", CONTEST), "pictureId": picture, "caption": "Pumpkin"}}


async def an_entry_to_vote_for(api: "Api") -> dict[str, Any]:
    """Somebody else's."""
    entry_id = await _entry(api, MemberId(api.stranger.member_id), 1, "approved")
    return {"input": {"entryId": ids.key_id("entry", f"{CONTEST}:{entry_id}")}}


async def a_contest_to_decide(api: "Api") -> dict[str, Any]:
    """One that is over, with twelve entries."""
    for number in range(12):
        await _entry(api, MemberId(api.stranger.member_id), number, "approved", OVER)
    return {"input": {"contest": OVER}}


async def a_seat(api: "Api") -> dict[str, Any]:
    """Nothing was asked for before."""
    return {"input": {"gatheringId": ids.key_id("gathering", GATHERING), "guests": 0}}


async def a_seat_to_give_back(api: "Api") -> dict[str, Any]:
    """The member has one."""
    await _seat(api, MemberId(api.member.member_id))
    return {"input": {"gatheringId": ids.key_id("gathering", GATHERING)}}


async def guests(api: "Api") -> dict[str, Any]:
    """Two."""
    await _seat(api, MemberId(api.member.member_id))
    await _seat(api, MemberId(api.stranger.member_id))
    return {"gathering": GATHERING}


async def guests_of_mine(api: "Api") -> dict[str, Any]:
    """The member has a seat, and so has another."""
    await guests(api)
    return {}


async def a_guest(api: "Api") -> dict[str, Any]:
    """A member with a seat at what happens now."""
    await _seat(api, MemberId(api.member.member_id), NOW)
    code = await find_card_code(api.database.reader, MemberId(api.member.member_id))
    assert code is not None
    return {"input": {"gathering": NOW, "card": code.code}}


async def a_picture(api: "Api", member_id: MemberId) -> PictureId:
    """One that the member uploaded."""
    async with api.database.transaction() as tx:
        return await commands.keep_picture(tx, member_id, draw_anew(jpeg()), api.moment)


async def _review(api: "Api", member_id: Any, about: str, subject: str, state: str = "pending") -> Any:
    review_id = new_id()
    decided = api.moment.now if state != "pending" else None
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO review (member_id, review_id, about, subject, stars, body, verified, state, submitted_at,
                                decided_at, actor)
            VALUES ($1, $2, $3, $4, 4, 'Good', true, $5, $6, $7, $8)
            """,
            member_id, review_id, about, subject, state, api.moment.now, decided, "staff:1" if decided else None,
        )  # fmt: skip
    return review_id


async def _entry(api: "Api", member_id: MemberId, nth: int, state: str, contest: str = CONTEST) -> EntryId:
    entry_id, picture_id = EntryId(new_id()), new_id()
    decided = api.moment.now if state != "pending" else None
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO member_picture (member_id, picture_id, uploaded_at, width, height, sha256, bytes)
            VALUES ($1, $2, $3, 1, 1, $4, '')
            """,
            member_id, picture_id, api.moment.now, hashlib.sha256(picture_id.bytes).digest(),
        )  # fmt: skip
        await tx.execute(
            """
            INSERT INTO contest_entry (member_id, entry_id, contest_key, nth, picture_id, state, submitted_at,
                                       decided_at, actor)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            member_id, entry_id, contest, nth, picture_id, state, api.moment.now, decided,
            "staff:1" if decided else None,
        )  # fmt: skip
    return entry_id


async def _seat(api: "Api", member_id: MemberId, gathering: str = GATHERING) -> None:
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO gathering_place (member_id, gathering_key, place_id, guests, state, asked_at)
            VALUES ($1, $2, $3, 0, 'joined', $4)
            """,
            member_id, gathering, new_id(), api.moment.now,
        )  # fmt: skip
        await tx.execute(
            """
            INSERT INTO gathering_seat AS s (gathering_key, taken) VALUES ($1, 1)
            ON CONFLICT (gathering_key) DO UPDATE SET taken = s.taken + 1
            """,
            gathering,
        )
