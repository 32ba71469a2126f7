"""What members give: one review a product, pictures that are only pictures, contests decided once, seats given once."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.community import commands, errors, queries
from fedele.domains.community.handlers import handlers
from fedele.domains.community.jobs import deciding_schedule
from fedele.domains.community.ports import draw_anew
from fedele.domains.community.types import MODERATION_STATES, PictureId, Review
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.jobs.inline import run_what_follows
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme

NOW = Moment(datetime(2026, 5, 12, 9, 0, tzinfo=UTC))
CLUB = """
format: 1
programme: {key: club, name: Club, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, debt: debt}
places:
  - {key: rome, name: Rome, latitude: 41.9028, longitude: 12.4964}
reviews:
  about: [product, store]
  prize: {units: {currency: points, amount: 20}}
  prize_with_picture: {units: {currency: points, amount: 40}}
  prizes_per_month_max: 2
contests:
  - key: spring
    title: Spring
    dates: {starts: 2026-05-01, ends: 2026-05-20}
    voting_days: 3
    entries_max: 2
    prize: {units: {currency: points, amount: 5}}
    winners: {count: 2, by: votes, seed: s, prize: {units: {currency: points, amount: 100}}}
gatherings:
  - key: tasting
    title: Tasting
    starts_at: 2026-05-12T18:00:00+02:00
    ends_at: 2026-05-12T20:00:00+02:00
    capacity: 3
    guests_max: 1
    prize: {units: {currency: points, amount: 10}}
"""


class Club:
    """The stage."""

    def __init__(self, database: Database, admin: Any, programme: Programme) -> None:
        self.database, self.admin, self.programme = database, admin, programme
        self.now = NOW

    async def follow(self) -> None:
        """Let everything follow that was announced."""
        source = ProgrammeSource(self.database, PROGRAMME_SECTIONS)
        await run_what_follows(self.database, handlers(self.database, source.at, lambda: self.now))

    async def points(self, member_id: MemberId) -> int:
        """What the member can spend."""
        balances = (await balances_by_member(self.database.reader, [member_id], self.now.now))[member_id]
        return sum(balance.available for balance in balances)

    async def bought(self, member_id: MemberId, sku: str) -> None:
        """The member bought this, and it is in the catalogue."""
        purchase_id = new_id()
        await self.admin.execute(
            "INSERT INTO product (sku, name, updated_at) VALUES ($1, $1, $2) ON CONFLICT DO NOTHING", sku, NOW.now
        )
        await self.admin.execute(
            """
            INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at,
                                  currency, total_minor, tax_minor, discount_minor, tenders)
            VALUES ($1, $2, 'rome', $3, 'store', $4, $4, 'EUR', 100, 0, 0, '[]')
            """,
            member_id, purchase_id, str(purchase_id), NOW.now,
        )  # fmt: skip
        await self.admin.execute(
            """
            INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, quantity, amount_minor,
                                       tax_minor, discount_minor)
            VALUES ($1, $2, 1, 'goods', $3, 1, 100, 0, 0)
            """,
            member_id, purchase_id, sku,
        )  # fmt: skip

    async def reviews(self, member_id: MemberId, sku: str, stars: int = 4, **given: Any) -> Review:
        """The member sends a review of an article."""
        values = {"body": "Good", "picture_id": None} | given
        async with self.database.transaction() as tx:
            return await commands.submit_review(
                tx, self.programme, member_id, "product", sku, stars, values["body"], values["picture_id"], "en", NOW
            )

    async def decides(self, review: Review, approve: bool, reason: str | None = None) -> Review:
        """A moderator decides."""
        async with self.database.transaction() as tx:
            return await commands.moderate_review(
                tx, self.programme, review.member_id, review.id, approve=approve, reason=reason, actor="staff:1",
                moment=NOW,
            )  # fmt: skip

    async def picture(self, member_id: MemberId, colour: str = "red") -> PictureId:
        """The member uploads a picture."""
        out = io.BytesIO()
        Image.new("RGB", (60, 40), colour).save(out, "PNG")
        async with self.database.transaction() as tx:
            return await commands.keep_picture(tx, member_id, draw_anew(out.getvalue()), NOW)

    async def enters(self, member_id: MemberId, colour: str = "red", approve: bool = True) -> Any:
        """The member enters a picture, and a moderator looks at it."""
        picture = await self.picture(member_id, colour)
        async with self.database.transaction() as tx:
            entry = await commands.submit_entry(tx, self.programme, member_id, "spring", picture, "Mine", NOW)
        async with self.database.transaction() as tx:
            return await commands.moderate_entry(
                tx, self.programme, member_id, entry.id, approve=approve, reason=None if approve else "Blurred",
                actor="staff:1", moment=NOW,
            )  # fmt: skip

    async def joins(self, member_id: MemberId, guests: int = 0) -> str:
        """The member asks for seats; their place."""
        async with self.database.transaction() as tx:
            place = await commands.join_gathering(tx, self.programme, member_id, "tasting", guests, NOW)
        return place.state


@pytest.fixture
async def club(database: Database, admin: Any) -> Club:
    """The club."""
    return Club(database, admin, await apply_programme(database, CLUB))


async def test_a_review_earns_after_moderation_and_once_per_product(club: Club) -> None:
    """Nothing before approval; twenty moderators at once give it once; a second review of the product is refused."""
    member_id = await enrolled(club.database)
    await club.bought(member_id, "oil")
    review = await club.reviews(member_id, "oil")
    assert (review.state, review.verified, await club.points(member_id)) == ("pending", True, 0)
    assert await club.reviews(member_id, "oil") == review
    with pytest.raises(errors.ReviewExists):
        await club.reviews(member_id, "oil", 5)
    decided = await asyncio.gather(*(club.decides(review, True) for _ in range(20)))
    assert {one.state for one in decided} == {"approved"}
    assert await club.points(member_id) == 20
    with pytest.raises(errors.AlreadyModerated):
        await club.decides(review, False, "Changed my mind")
    assert await queries.stars_of(club.database.reader, "product", "oil") == (1, 4.0)


async def test_a_rejected_review_earns_nothing_and_says_why(club: Club) -> None:
    """Without a reason it is not rejected; the member reads the reason; nobody else sees the review."""
    member_id = await enrolled(club.database)
    await club.bought(member_id, "oil")
    review = await club.reviews(member_id, "oil")
    with pytest.raises(InvalidInput):
        await club.decides(review, False)
    rejected = await club.decides(review, False, "It names a cashier")
    assert (rejected.state, rejected.reason) == ("rejected", "It names a cashier")
    assert await club.points(member_id) == 0
    assert await queries.reviews_about(club.database.reader, "product", "oil") == []


async def test_reviews_are_of_what_was_bought_and_their_prizes_have_a_cap(club: Club) -> None:
    """Not of what others bought, of nothing in the catalogue, or with somebody else's picture; two prizes a month."""
    member_id, other = await enrolled(club.database), await enrolled(club.database)
    for sku in ("oil", "salt", "rice"):
        await club.bought(member_id, sku)
    with pytest.raises(errors.ReviewNotVerified):
        await club.reviews(other, "oil")
    with pytest.raises(NotFound):
        await club.reviews(member_id, "gold")
    with pytest.raises(NotFound):
        await club.reviews(member_id, "oil", picture_id=await club.picture(other))
    with pytest.raises(InvalidInput):
        await club.reviews(member_id, "oil", 6)
    assert await club.admin.fetchval("SELECT count(*) FROM review") == 0
    pictured = await club.picture(member_id)
    for sku, picture in (("oil", pictured), ("salt", None), ("rice", None)):
        await club.decides(await club.reviews(member_id, sku, picture_id=picture), True)
    assert await club.points(member_id) == 40 + 20


async def test_a_picture_is_drawn_anew(club: Club) -> None:
    """No EXIF, no place, upright, not larger than needed; no picture, a bomb, or too many: refused."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRETPHONE"  # turned by a quarter; the maker
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (4000, 100), "blue").save(out, "JPEG", exif=exif, comment=b"SECRETPLACE")
    drawn = draw_anew(out.getvalue())
    assert b"SECRET" in out.getvalue()
    assert b"SECRET" not in drawn.data
    assert b"Exif" not in drawn.data
    assert (drawn.width, drawn.height) == (40, 1600)
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    for sent in (b"", b"GIF89a", b"<svg/>", bomb.getvalue(), out.getvalue()[:200], b"x" * (8 * 2**20 + 1)):
        with pytest.raises(errors.PictureUnreadable):
            draw_anew(sent)
    member_id = await enrolled(club.database)
    assert await club.picture(member_id) == await club.picture(member_id)
    with pytest.raises(errors.TooManyPictures):
        for number in range(40):
            await club.picture(member_id, f"rgb({number * 6},{240 - number * 6},128)")
    assert await club.admin.fetchval("SELECT count(*) FROM member_picture") == 30


async def test_a_picture_that_nothing_shows_goes_after_a_week(club: Club) -> None:
    """Not one in a review, in a contest or on a profile, nor one of yesterday; their links end with them."""
    member_id = await enrolled(club.database)
    unused, reviewed, profile = [await club.picture(member_id, colour) for colour in ("red", "green", "blue")]
    await club.bought(member_id, "oil")
    await club.reviews(member_id, "oil", picture_id=reviewed)
    entered = await club.enters(member_id, "yellow")
    await club.admin.execute(
        "UPDATE member_profile SET background_url = $2 WHERE member_id = $1",
        member_id, f"https://shop.example/pictures/{profile.hex}.jpg?key=k",
    )  # fmt: skip
    week = NOW.now + timedelta(days=7)
    assert await commands.forget_unused(club.database, Moment(week)) == 0
    await deciding_schedule(club.database, ProgrammeSource(club.database, PROGRAMME_SECTIONS).at).run(
        Moment(week + timedelta(seconds=1))
    )
    kept = {row["picture_id"] for row in await club.admin.fetch("SELECT picture_id FROM member_picture")}
    assert kept == {reviewed, profile, entered.picture_id}
    assert await queries.picture_bytes(club.database.reader, unused) is None


async def test_a_contest_is_decided_once_by_votes_and_can_be_decided_again_from_its_seed(club: Club) -> None:
    """One vote a member, not for oneself; votes move; eight deciders at once write one result and pay each once."""
    members = [await enrolled(club.database) for _ in range(4)]
    entries = [await club.enters(one) for one in members]
    assert [await club.points(one) for one in members] == [5, 5, 5, 5]
    refused = await club.enters(members[0], "blue", approve=False)

    async def votes(voter: MemberId, entry: Any, moment: Moment = NOW) -> None:
        async with club.database.transaction() as tx:
            await commands.vote(tx, club.programme, voter, "spring", entry.id, moment)

    for voter in (members[0], members[1], members[3]):
        await votes(voter, entries[2])
    await votes(members[0], entries[1])  # it moves
    for voter, entry, refusal in (
        (members[0], entries[0], errors.OwnEntry),
        (members[1], refused, NotFound),
    ):
        with pytest.raises(refusal):
            await votes(voter, entry)
    over = Moment(datetime(2026, 5, 23, 22, 0, tzinfo=UTC))  # midnight in Rome
    with pytest.raises(errors.VotingClosed):
        await votes(members[1], entries[0], over)
    too_early = Moment(over.now - timedelta(seconds=1))

    async def decides(moment: Moment) -> Any:
        async with club.database.transaction() as tx:
            return await commands.decide_contest(tx, club.programme, "spring", "staff:1", moment)

    with pytest.raises(errors.ContestNotOver):
        await decides(too_early)
    results = await asyncio.gather(*(decides(over) for _ in range(8)))
    assert len({one.decided_at for one in results}) == 1
    assert [one.entry_id for one in results[0].winners] == [entries[2].id, entries[1].id]
    club.now = over
    await club.follow()
    await club.follow()
    assert [await club.points(one) for one in members] == [5, 105, 105, 5]


async def test_seats_are_given_once_and_the_line_moves_in_order(club: Club) -> None:
    """Twelve at once for three seats: three have one, nine wait; who leaves makes room for who asked first."""
    members = [await enrolled(club.database) for _ in range(12)]
    states = await asyncio.gather(*(club.joins(one) for one in members))
    assert sorted(states) == ["joined"] * 3 + ["waiting"] * 9
    assert await club.admin.fetchval("SELECT taken FROM gathering_seat") == 3
    assert [await club.joins(one) for one in members] == states
    leaving = members[states.index("joined")]
    line = await club.admin.fetch(
        "SELECT member_id FROM gathering_place WHERE state = 'waiting' ORDER BY asked_at, place_id"
    )
    for _ in range(2):
        async with club.database.transaction() as tx:
            await commands.leave_gathering(tx, club.programme, leaving, "tasting", NOW)
    await club.follow()
    place = await queries.find_place(club.database.reader, line[0]["member_id"], "tasting")
    assert place is not None
    assert place.state == "joined"
    assert await club.admin.fetchval("SELECT taken FROM gathering_seat") == 3
    assert await club.joins(leaving) == "waiting"


async def test_nobody_overtakes_a_pair_that_waits_for_two_seats(club: Club) -> None:
    """One seat is left and a pair waits: a single who comes later waits behind them."""
    first, second, pair, single = [await enrolled(club.database) for _ in range(4)]
    assert [await club.joins(first), await club.joins(second)] == ["joined", "joined"]
    assert await club.joins(pair, 1) == "waiting"
    assert await club.joins(single) == "waiting"
    with pytest.raises(InvalidInput):
        await club.joins(await enrolled(club.database), 2)
    async with club.database.transaction() as tx:
        await commands.leave_gathering(tx, club.programme, first, "tasting", NOW)
    await club.follow()
    states = {one.member_id: one.state for one in await queries.guests_of(
        club.database.reader, "tasting", ("joined", "waiting", "attended"))}  # fmt: skip
    assert states == {second: "joined", pair: "joined", single: "waiting"}


async def leaves(club: Club, *members: MemberId) -> None:
    """These members leave, one after the other, and everything follows."""
    for member_id in members:
        async with club.database.transaction() as tx:
            await commands.leave_gathering(tx, club.programme, member_id, "tasting", NOW)
    await club.follow()


async def places(club: Club) -> dict[MemberId, str]:
    """Everybody's place."""
    rows = await club.admin.fetch("SELECT member_id, state FROM gathering_place")
    return {MemberId(row["member_id"]): row["state"] for row in rows}


async def test_who_leaves_the_line_lets_those_behind_move(club: Club) -> None:
    """A pair holds up the line for two seats; when they give up, the single behind them takes the one that is free."""
    first, second, pair, single = [await enrolled(club.database) for _ in range(4)]
    assert [await club.joins(one, guests) for one, guests in ((first, 0), (second, 0), (pair, 1), (single, 0))] == [
        "joined", "joined", "waiting", "waiting",
    ]  # fmt: skip
    await leaves(club, pair)
    assert await places(club) == {first: "joined", second: "joined", pair: "left", single: "joined"}


async def test_nobody_is_left_in_a_line_that_has_moved_on(club: Club) -> None:
    """Who asks while seats come free either sees the line as it was and moves with it, or finds a seat."""
    pair, first, waits, late = [await enrolled(club.database) for _ in range(4)]
    assert [await club.joins(pair, 1), await club.joins(first), await club.joins(waits)] == [
        "joined", "joined", "waiting",
    ]  # fmt: skip
    async with club.database.transaction() as tx:
        await commands.join_gathering(tx, club.programme, late, "tasting", 0, NOW)
        leaving = asyncio.create_task(leaves(club, pair))
        await asyncio.wait({leaving}, timeout=0.5)  # it must wait for us; who does not, passes us by
    await leaving
    await club.follow()
    assert await places(club) == {pair: "left", first: "joined", waits: "joined", late: "joined"}


async def test_an_erased_member_holds_no_seat_and_no_place_in_the_line(club: Club) -> None:
    """Their seat goes to who waits; and where they stood first in the line, nobody waits behind a ghost."""
    gone, ghost, *rest = [await enrolled(club.database) for _ in range(5)]
    assert [await club.joins(gone), await club.joins(rest[0], 1), await club.joins(ghost, 1)] == [
        "joined", "joined", "waiting",
    ]  # fmt: skip
    assert await club.joins(rest[1]) == "waiting"
    for erased in (ghost, gone, gone):
        async with club.database.transaction() as tx:
            await commands.forget_member(tx, club.programme, erased, NOW)
    await club.follow()
    found = await places(club)
    assert (found[gone], found[ghost], found[rest[0]], found[rest[1]]) == ("left", "left", "joined", "joined")
    assert await club.admin.fetchval("SELECT taken FROM gathering_seat") == 3


async def test_more_seats_move_the_line_and_who_came_stays_a_figure(club: Club) -> None:
    """The programme finds a larger room: the clock's work seats those who wait, in order. Attendance is not undone."""
    members = [await enrolled(club.database) for _ in range(5)]
    assert [await club.joins(one) for one in members] == ["joined"] * 3 + ["waiting"] * 2
    larger = await apply_programme(club.database, CLUB.replace("capacity: 3", "capacity: 4"))

    async def programme_at(_at: datetime) -> Programme:
        return larger

    await deciding_schedule(club.database, programme_at).run(NOW)
    assert [(await places(club))[one] for one in members] == ["joined"] * 4 + ["waiting"]
    evening = Moment(datetime(2026, 5, 12, 16, 5, tzinfo=UTC))
    async with club.database.transaction() as tx:
        await commands.check_in(tx, larger, members[0], "tasting", "till:1", evening)
    async with club.database.transaction() as tx:
        await commands.forget_member(tx, larger, members[0], evening)
    assert (await places(club))[members[0]] == "attended"


async def test_coming_is_noted_and_paid_once_at_its_time(club: Club) -> None:
    """Not hours before, not without a seat; twenty scans at the door are one visit and one prize."""
    guest, stranger = await enrolled(club.database), await enrolled(club.database)
    await club.joins(guest)
    evening = Moment(datetime(2026, 5, 12, 16, 5, tzinfo=UTC))

    async def comes(member_id: MemberId, moment: Moment) -> str:
        async with club.database.transaction() as tx:
            return (await commands.check_in(tx, club.programme, member_id, "tasting", "till:1", moment)).state

    for member_id, moment in ((guest, NOW), (stranger, evening), (guest, Moment(evening.now + timedelta(hours=2)))):
        with pytest.raises(errors.CheckInClosed):
            await comes(member_id, moment)
    assert set(await asyncio.gather(*(comes(guest, evening) for _ in range(20)))) == {"attended"}
    assert await club.points(guest) == 10


async def test_erasure_takes_words_and_pictures_and_keeps_the_figures(club: Club) -> None:
    """The stars still count; the words, the picture and the caption are gone, and the entry cannot win."""
    member_id = await enrolled(club.database)
    await club.bought(member_id, "oil")
    await club.decides(await club.reviews(member_id, "oil", body="I am Ada from Bari"), True)
    entry = await club.enters(member_id)
    assert "Ada from Bari" in str(await queries.export_personal_data(club.database.reader, member_id))
    for _ in range(2):
        async with club.database.transaction() as tx:
            await commands.forget_member(tx, club.programme, member_id, NOW)
    assert await queries.stars_of(club.database.reader, "product", "oil") == (1, 4.0)
    assert await queries.picture_bytes(club.database.reader, entry.picture_id) is None
    assert await queries.candidates_of(club.database.reader, "spring") == []
    assert "Ada" not in str(await queries.export_personal_data(club.database.reader, member_id))


async def test_the_queue_shows_the_oldest_first_page_by_page(club: Club) -> None:
    """What waits longest for a moderator comes first, and what is decided leaves the queue."""
    member_id = await enrolled(club.database)
    sent = []
    for sku in ("a", "b", "c"):
        await club.bought(member_id, sku)
        sent.append(await club.reviews(member_id, sku))
    reader = club.database.reader
    first = await queries.list_reviews(reader, ("pending",), 2)
    rest = await queries.list_reviews(reader, ("pending",), 2, first.cursors[-1])
    assert [one.id for one in (*first.items, *rest.items)] == [one.id for one in sent]
    await club.decides(sent[0], True)
    assert [one.id for one in (await queries.list_reviews(reader, ("pending",), 9)).items] == [sent[1].id, sent[2].id]
    assert len((await queries.list_reviews(reader, MODERATION_STATES, 9)).items) == 3
