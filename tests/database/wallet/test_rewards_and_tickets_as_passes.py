"""Rewards, claimed offers and seats as passes of their own: made once, voided when what they stand for is over."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.domains.community import commands as community
from fedele.domains.members import commands as members
from fedele.domains.members.types import ProfileChange
from fedele.domains.offers import commands as offers
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import commands as rewards
from fedele.domains.rewards import queries as reward_queries
from fedele.domains.rewards.types import Redemption
from fedele.domains.wallet import commands, queries
from fedele.domains.wallet.handlers import sweep_schedule
from fedele.domains.wallet.types import PassSubject, Serial, card_serial
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound
from tests.factories.programme import apply_programme, template_text
from tests.fixtures.phones import Phone, Shop


async def in_force(shop: Shop) -> Programme:
    """The programme of the shop's now."""
    return await shop.programmes.at(shop.now)


async def redeemed(shop: Shop, member_id: MemberId, reward: str = "five-off") -> Redemption:
    """The member has this reward."""
    await shop.earn(member_id, 1_000)
    return await rewards.redeem(shop.database, await in_force(shop), member_id, reward, new_id().hex, shop.moment())


def coupon_of(redemption: Redemption) -> PassSubject:
    """What its pass stands for."""
    return PassSubject("reward", redemption.member_id, redemption.id)


async def seated(shop: Shop, member_id: MemberId, key: str = "cheese-evening") -> PassSubject:
    """The member has a seat."""
    async with shop.database.transaction() as tx:
        place = await community.join_gathering(tx, await in_force(shop), member_id, key, 1, shop.moment())
    return PassSubject("ticket", member_id, place.id)


async def leave(shop: Shop, member_id: MemberId, key: str = "cheese-evening") -> None:
    """The member gives the seat back."""
    async with shop.database.transaction() as tx:
        await community.leave_gathering(tx, await in_force(shop), member_id, key, shop.moment())


async def use(shop: Shop, redemption: Redemption) -> None:
    """A till uses the reward."""
    async with shop.database.transaction() as tx:
        await rewards.use_redemption(tx, redemption.member_id, redemption.id, "store-367", shop.moment())


async def sweep(shop: Shop) -> None:
    """What the clock does every minute."""
    await sweep_schedule(shop.database, shop.programmes, shop.assembler).run(shop.moment())


async def rows(shop: Shop) -> list[dict[str, Any]]:
    """Every pass there is."""
    return [dict(row) for row in await shop.admin.fetch("SELECT * FROM pass ORDER BY issued_at, serial")]


async def test_a_used_reward_turns_grey_on_the_phone(shop: Shop) -> None:
    """Add it, use it at the till, be pushed to, ask, fetch: voided, without its code; and nothing more to hear."""
    phone, member_id = Phone(shop), await shop.enrol()
    redemption = await redeemed(shop, member_id)
    serial = await phone.take(coupon_of(redemption).serial, "cc" * 32)
    coupon = phone.passes[serial]
    assert [code["message"] for code in coupon["barcodes"]] == [redemption.code]
    assert (phone.shows(serial, "value"), phone.shows(serial, "reward")) == ("5\xa0USD", "5 $ di sconto sulla spesa")
    assert coupon["expirationDate"] == redemption.usable_until.isoformat()
    assert "voided" not in coupon
    assert await phone.updated() == [serial]
    shop.later(60)
    await use(shop, redemption)
    await shop.work()
    assert shop.push.told == ["cc" * 32]
    assert await phone.poll() == [serial]
    assert phone.passes[serial]["voided"] is True
    assert phone.passes[serial]["barcodes"] == []
    assert phone.shows(serial, "reward") == "5 $ di sconto sulla spesa"
    assert await phone.updated() == []
    assert (await phone.fetch(serial)).status_code == 304


async def test_sixteen_adds_at_once_are_one_pass(shop: Shop) -> None:
    """One row, one token, one event: a second phone that adds it holds the same pass."""
    redemption = await redeemed(shop, await shop.enrol())
    programme = await in_force(shop)

    async def add() -> str:
        async with shop.database.transaction() as tx:
            subject = coupon_of(redemption)
            return (
                await commands.issue_pass(tx, shop.assembler, programme, subject, shop.moment())
            ).authentication_token

    tokens = await asyncio.gather(*(add() for _ in range(16)))
    assert len(set(tokens)) == 1
    [row] = await rows(shop)
    assert (row["kind"], row["subject_id"]) == ("reward", redemption.id)
    told = await shop.admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'pass.issued'")
    assert told == 1


async def test_a_subject_has_one_pass_in_the_database_too(shop: Shop) -> None:
    """Whatever the code above does: the same reward under another serial is refused."""
    redemption = await redeemed(shop, await shop.enrol())
    insert = """
        INSERT INTO pass
            (member_id, serial, kind, subject_id, authentication_token, content_digest, issued_at, updated_at)
        VALUES ($1, $2, 'reward', $3, $4, '', now(), date_trunc('second', now()))
    """
    await shop.admin.execute(insert, redemption.member_id, "one", redemption.id, "t" * 32)
    with pytest.raises(Exception, match="uq_pass_member_id_kind_subject_id"):
        await shop.admin.execute(insert, redemption.member_id, "two", redemption.id, "t" * 32)


async def test_given_back_it_is_void_and_it_cannot_be_added(shop: Shop) -> None:
    """Cancelled after it was added: voided. Cancelled before: the link opens nothing, and nothing is written."""
    phone, member_id = Phone(shop), await shop.enrol()
    added, never = await redeemed(shop, member_id), await redeemed(shop, member_id, "pastry-fifth")
    serial = await phone.take(coupon_of(added).serial)
    for redemption in (added, never):
        async with shop.database.transaction() as tx:
            await rewards.cancel_redemption(tx, await in_force(shop), member_id, redemption.id, shop.moment())
    shop.later(5)
    await shop.work()
    await phone.poll()
    assert phone.passes[serial]["voided"] is True
    assert (await shop.http.get(shop.links.url(coupon_of(never).serial))).status_code == 404
    assert [row["serial"] for row in await rows(shop)] == [serial]


async def test_its_time_is_up(shop: Shop) -> None:
    """The pass says when it ends; the sweep voids it then, once, tells the phone, and touches no other."""
    phone, member_id = Phone(shop), await shop.enrol()
    redemption = await redeemed(shop, member_id)
    serial, card = await phone.take(coupon_of(redemption).serial), await phone.add(member_id)
    await sweep(shop)
    assert [row["voided_at"] for row in await rows(shop)] == [None, None]
    shop.now = redemption.usable_until + timedelta(seconds=30)
    await phone.updated()
    await sweep(shop)
    await shop.work()
    assert await phone.poll() == [serial]
    assert phone.passes[serial]["voided"] is True
    tags = {row["serial"]: (row["update_tag"], row["voided_at"]) for row in await rows(shop)}
    assert tags[serial] == (2, shop.now)
    assert tags[card][1] is None
    await sweep(shop)
    assert {row["serial"]: (row["update_tag"], row["voided_at"]) for row in await rows(shop)} == tags


async def test_one_that_cannot_be_voided_holds_up_nobody(shop: Shop) -> None:
    """A design that is gone is logged; the pass after it is voided all the same."""
    one, other = await redeemed(shop, await shop.enrol()), await redeemed(shop, await shop.enrol())
    for redemption in (one, other):
        assert (await shop.http.get(shop.links.url(coupon_of(redemption).serial))).status_code == 200
    read, shop.now = shop.assembler.digest, one.usable_until + timedelta(seconds=1)

    def digest(card: Any) -> bytes:
        if card.member_id == one.member_id:
            raise ValueError("the design is gone")
        return read(card)

    shop.assembler.digest = digest  # type: ignore[method-assign]
    try:
        await sweep(shop)
    finally:
        del shop.assembler.digest
    voided = {row["member_id"]: row["voided_at"] for row in await rows(shop)}
    assert (voided[one.member_id], voided[other.member_id]) == (None, shop.now)


async def test_a_seat_is_a_ticket_as_long_as_it_is_held(shop: Shop) -> None:
    """Hour, place and persons; left: voided; taken again: the same pass holds again; over: voided."""
    phone, member_id = Phone(shop), await shop.enrol("Ada")
    subject = await seated(shop, member_id)
    serial = await phone.take(subject.serial)
    ticket = phone.passes[serial]
    assert [phone.shows(serial, key) for key in ("event", "time", "persons", "member")] == [
        "Serata dei formaggi", "18:30", "2", "Ada",
    ]  # fmt: skip
    assert ticket["relevantDates"] == [
        {"startDate": "2026-12-10T15:30:00-05:00", "endDate": "2026-12-10T21:00:00-05:00"}
    ]
    assert [place["relevantText"] for place in ticket["locations"]] == ["Riverside"]
    code = await shop.admin.fetchval("SELECT code FROM card_code WHERE member_id = $1 AND kind = 'static'", member_id)
    assert ticket["barcodes"][0]["message"] == code, "the door scans the member's card"
    for step, void in ((leave(shop, member_id), True), (seated(shop, member_id), False)):
        await step
        shop.later(5)
        await shop.work()
        await phone.poll()
        assert phone.passes[serial].get("voided", False) is void
    shop.now = datetime(2026, 12, 11, 3, tzinfo=UTC)
    await sweep(shop)
    [row] = await rows(shop)
    assert row["voided_at"] == shop.now


async def test_who_waits_has_no_ticket(shop: Shop) -> None:
    """A place in the line is no seat; a gathering that nobody joined has no pass."""
    for _ in range(12):
        await seated(shop, await shop.enrol())
    subject = await seated(shop, await shop.enrol())
    assert await shop.admin.fetchval("SELECT state FROM gathering_place WHERE place_id = $1", subject.id) == "waiting"
    assert (await shop.http.get(shop.links.url(subject.serial))).status_code == 404
    assert await rows(shop) == []


async def test_a_claimed_offer_says_the_cards_code(shop: Shop) -> None:
    """It counts by itself when the card is scanned, so its code is the card's; other offers have no pass."""
    phone, member_id = Phone(shop), await shop.enrol()
    await shop.earn(member_id, 10)
    async with shop.database.transaction() as tx:
        claim = await offers.claim_offer(
            tx, await in_force(shop), member_id, "weekend-basket", shop.moment(), new_id().hex
        )
    subject = queries.pass_of_claim(await in_force(shop), claim, shop.now)
    assert subject is not None
    serial = await phone.take(subject.serial)
    code = await shop.admin.fetchval("SELECT code FROM card_code WHERE member_id = $1 AND kind = 'static'", member_id)
    assert phone.passes[serial]["barcodes"][0]["message"] == code
    assert datetime.fromisoformat(phone.passes[serial]["expirationDate"]) == claim.usable_until


async def test_an_erased_members_passes_say_nothing(shop: Shop) -> None:
    """Card, coupon and ticket: voided, without code, name or reward, and in the style they were added in."""
    phone, member_id = Phone(shop), await shop.enrol("Ada Lovelace")
    redemption, seat = await redeemed(shop, member_id), await seated(shop, member_id)
    serials = [await phone.take(each) for each in (card_serial(member_id), coupon_of(redemption).serial, seat.serial)]
    async with shop.database.transaction() as tx:
        await members.erase(tx, member_id, shop.moment())
    shop.later(5)
    await shop.work()
    await phone.poll()
    for serial, style in zip(serials, ("storeCard", "coupon", "eventTicket"), strict=True):
        left = phone.passes[serial]
        assert left["voided"] is True
        assert left["barcodes"] == []
        assert style in left
        assert not {"Ada", redemption.code} & {part for part in str(left).split() if part}
        assert "Ada" not in str(left)


async def test_what_the_programme_does_not_carry_cannot_be_added(shop: Shop) -> None:
    """`only`, kinds that nobody scans, and subjects of nobody: NotFound, nothing written; null for the app."""
    text = template_text("grocer").replace(
        "rewards: {design: grocer-coupon}", "rewards: {design: grocer-coupon, only: [twelve-off]}"
    )
    shop.later(1)
    await apply_programme(shop.database, text, shop.now)
    shop.later(1)
    member_id = await shop.enrol()
    redemption = await redeemed(shop, member_id)
    programme = await in_force(shop)
    assert queries.pass_of_redemption(programme, redemption) is None
    stranger = PassSubject("reward", await shop.enrol(), redemption.id)
    for subject in (coupon_of(redemption), stranger, PassSubject("ticket", member_id, new_id())):
        with pytest.raises(NotFound):
            async with shop.database.transaction() as tx:
                await commands.issue_pass(tx, shop.assembler, programme, subject, shop.moment())
    assert await rows(shop) == []


async def test_a_new_name_reaches_the_ticket_and_not_the_coupon(shop: Shop) -> None:
    """An event that changes one of the passes wakes no phone for the others."""
    phone, member_id = Phone(shop), await shop.enrol("Ada")
    redemption, seat = await redeemed(shop, member_id), await seated(shop, member_id)
    coupon, ticket = await phone.take(coupon_of(redemption).serial), await phone.take(seat.serial)
    await phone.updated()
    shop.later(5)
    async with shop.database.transaction() as tx:
        await members.update_profile(tx, member_id, ProfileChange(display_name="Grace"), shop.moment())
    await shop.work()
    assert await phone.poll() == [ticket]
    assert phone.shows(ticket, "member") == "Grace"
    held = await queries.find_pass(shop.database.reader, member_id, coupon)
    assert held is not None
    assert held.update_tag == 1


async def test_updates_of_many_passes_are_not_lost(shop: Shop) -> None:
    """Eight coupons on one phone, used by concurrent transactions: each is reported, and none twice."""
    phone, member_id = Phone(shop), await shop.enrol()
    taken = [await redeemed(shop, member_id, "free-coffee") for _ in range(8)]
    serials = [await phone.take(coupon_of(one).serial) for one in taken]
    await phone.updated()
    shop.later(5)
    await asyncio.gather(*(use(shop, one) for one in taken))
    await shop.work()
    seen: list[Serial] = []
    while changed := await phone.poll():
        seen += changed
    assert sorted(seen) == sorted(serials)
    assert all(phone.passes[serial]["voided"] for serial in serials)
    listed = await reward_queries.list_held(shop.database.reader, member_id, shop.now)
    assert listed == []
