"""The eight journeys that ship do what their names say, each from its trigger to its end."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded
from fedele.domains.journeys.commands import Engine
from fedele.domains.journeys.config import JourneysConfig
from fedele.domains.journeys.dealing import is_held_out
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Earn
from fedele.domains.members.events import MemberEnrolled
from fedele.domains.members.types import MonthDay
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.events import TierChanged
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from tests.database.journeys.test_what_brings_members_in import buys
from tests.factories.journeys import NOON, Tour
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme, template_text


@pytest.fixture
async def tour(database: Database) -> Tour:
    """The shipped template in force, at noon on a Tuesday in Rome."""
    await apply_programme(database, template_text("ready-made-journeys"))
    return Tour(database, NOON, Engine(database, ProgrammeSource(database, PROGRAMME_SECTIONS)))


async def enrols(tour: Tour) -> MemberId:
    """Somebody joins now."""
    member_id = await enrolled(tour.database)
    await tour.hears(MemberEnrolled(member_id=member_id, occurred_at=tour.now, source="app"))
    return member_id


async def units(admin: Any, member_id: MemberId) -> int:
    """What the member was given."""
    return int(await admin.fetchval("SELECT coalesce(sum(remaining), 0) FROM lot WHERE member_id = $1", member_id))


async def days(tour: Tour, count: int) -> None:
    """Day after day, at noon."""
    for _ in range(count):
        await tour.turn(days=1)


async def test_welcome_greets_in_the_morning(tour: Tour) -> None:
    """At nine on the next day, once."""
    member_id = await enrols(tour)
    await days(tour, 2)
    assert await tour.path(member_id, "welcome") == [
        "enter entered", "morning wait elapsed", "hello send sent", "hello end finished",
    ]  # fmt: skip


async def test_activation_nudges_who_has_not_bought(tour: Tour, admin: Any) -> None:
    """After a week in words, after two with points; a purchase stops it."""
    idle, keen = await enrols(tour), await enrols(tour)
    await days(tour, 3)
    await buys(tour, admin, keen)
    await days(tour, 13)
    assert (await tour.path(idle, "activation"))[-2:] == ["present award given", "present end finished"]
    assert await units(admin, idle) == 25
    assert (await tour.path(keen, "activation"))[-1] == "a-week end goal"


async def test_replenish_reminds_after_three_weeks(tour: Tour, admin: Any) -> None:
    """Of coffee, and not who bought coffee meanwhile."""
    member_id = await enrolled(tour.database)
    await coffee(tour, admin, member_id)
    await days(tour, 10)
    await coffee(tour, admin, member_id)
    await days(tour, 22)
    runs = await tour.traces(member_id, "replenish")
    assert [run.run.reason for run in runs] == ["finished", "stocked-up"]
    assert sum("running-low" in str(line.visit.detail) for run in runs for line in run.lines) == 1


async def test_win_back_speaks_then_gives(tour: Tour, admin: Any) -> None:
    """After sixty days of silence a word, after two more weeks points; a tenth is left alone."""
    members = [await enrolled(tour.database) for _ in range(30)]
    for member_id in members:
        await buys(tour, admin, member_id, heard=False)
        await buys(tour, admin, member_id, heard=False)
    await days(tour, 80)
    ends = [(await tour.path(member_id, "win-back")) for member_id in members]
    held_out = [path for path in ends if path == ["enter holdout"]]
    treated = [path for path in ends if path[-2:] == ["mark tag set", "mark end finished"]]
    journeys = (await tour.programme()).section(JourneysConfig)
    journey = next(one for one in journeys if one.key == "win-back")
    assert len(held_out) + len(treated) == 30
    assert len(held_out) == sum(is_held_out(journey, member_id) for member_id in members)
    assert await admin.fetchval("SELECT count(*) FROM lot WHERE remaining = 50") == len(treated)


async def test_vip_gives_a_coffee_for_gold_and_nothing_for_less(tour: Tour, admin: Any) -> None:
    """The tier's event brings it."""
    gold, member = await enrolled(tour.database), await enrolled(tour.database)
    for member_id, tier in ((gold, "gold"), (member, "member")):
        event = TierChanged(member_id=member_id, occurred_at=tour.now, from_tier=None, to_tier=tier, reason="evaluated")
        await tour.hears(event)
    assert (await tour.path(gold, "vip"))[1:4] == ["cup give given", "tell send sent", "mark tag set"]
    assert await tour.path(member, "vip") == []
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 1


async def test_a_birthday_brings_a_hundred_points(tour: Tour, admin: Any) -> None:
    """On the day, once a year."""
    member_id = await enrolled(tour.database, birthday=MonthDay(3, 12))
    await days(tour, 5)
    assert await units(admin, member_id) == 100


async def test_expiry_is_warned_of_a_month_ahead_and_again_in_the_last_week(tour: Tour, admin: Any) -> None:
    """Who redeems meanwhile hears no last call."""
    member_id = await enrolled(tour.database)
    earn = Earn(
        scope="test", key="lot", currency=CurrencyKey("points"), units=200, source="test",
        expires_at=datetime(2026, 4, 20, 22, tzinfo=UTC),
    )  # fmt: skip
    async with tour.database.transaction() as tx:
        await post(tx, member_id, [earn], Moment(NOON))
    await days(tour, 11)
    assert (await tour.path(member_id, "expiry"))[-1] == "tell send sent"
    await days(tour, 24)
    assert (await tour.path(member_id, "expiry"))[-2:] == ["last send suppressed", "last end finished"]


async def test_a_visit_is_asked_about_two_hours_later(tour: Tour, admin: Any) -> None:
    """A survey is opened, and what follows from that is the surveys' own."""
    member_id = await enrolled(tour.database)
    await buys(tour, admin, member_id, 1_500)
    await tour.turn(hours=2)
    assert await tour.path(member_id, "after-visit") == [
        "enter entered", "two-hours wait elapsed", "ask ask asked", "ask end finished",
    ]  # fmt: skip
    assert await admin.fetchval("SELECT count(*) FROM survey_invitation WHERE member_id = $1", member_id) == 1


async def coffee(tour: Tour, admin: Any, member_id: MemberId) -> None:
    """A bag of coffee."""
    await buys(tour, admin, member_id, heard=False)
    purchase_id = await admin.fetchval(
        "SELECT purchase_id FROM purchase WHERE member_id = $1 ORDER BY occurred_at DESC LIMIT 1", member_id
    )
    await admin.execute(
        """
        INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, category, quantity, amount_minor,
                                   tax_minor, discount_minor)
        VALUES ($1, $2, 1, 'goods', 'COFFEE', 1, 1000, 0, 0)
        """,
        member_id, purchase_id,
    )  # fmt: skip
    event = PurchaseRecorded(
        member_id=member_id, occurred_at=tour.now, purchase_id=purchase_id, store_id="shop", currency="EUR",
        total_minor=1_000,
    )  # fmt: skip
    await tour.hears(event)
