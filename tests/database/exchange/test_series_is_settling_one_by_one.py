"""A series of sales writes what settling them one by one writes: that is what makes imported history true."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from fedele.db.database import Database
from fedele.domains.checkout.commands import settle, settle_series
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket
from fedele.domains.ledger.queries import verify
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.till import NOON, basket, line, open_till, paid_with_points

# Ids differ between two members, and an import shows no second fact to a cashier; all else may not.
COMPARED = {
    "purchase": "store_id, split_part(receipt, '-', 2), channel, occurred_at, currency, total_minor, tax_minor,"
    " discount_minor, tenders #- '{0,second_fact}', points,"
    " jsonb_array_length(burns)",
    "purchase_line": "line_number, kind, sku, name, quantity, amount_minor, tax_minor, discount_minor, attributes",
    "award": "rule_key, currency, units, line_numbers, line_units, line_micros, usage_periods, programme_version,"
    " occurred_at",
    "evaluation": "source_kind, programme_version, trace",
    "tier_counter": "counter, day, amount",
    "tier_standing": "tier_key, since, kept_until",
    "tier_change": "from_tier, to_tier, reason, occurred_at, kept_until, programme_version",
    "rule_usage": "rule_key, period, units, times, last_at",
    "lot": "currency, source, original, remaining, state, earned_at, activates_at, expires_at",
    "entry": "currency, account, amount, account_version, previous_version, balance_before, balance_after",
    "ledger_transaction": "scope, kind, currency, requested, occurred_at, programme_version, response -> 'spendable'",
    "member_version": "version",
}


def _year(member_id: MemberId) -> list[Basket]:
    """Sales of a year that meet every mechanic: rules that conflict, a cap, two currencies, tiers, points that pay."""
    sales = []
    for number in range(40):
        at = NOON - timedelta(days=360 - number * 9, hours=number % 5)
        lines = [line(1, 700 + number * 137), line(2, 1999, category="FRESH", quantity=Decimal("1.5"))]
        if number % 7 == 0:
            lines.append(line(3, 90_000 if number == 14 else 5_000, kind="gift_card" if number % 2 else "goods"))
        total = sum(sold.amount_minor for sold in lines)
        tenders = paid_with_points(100, total - 100) if number == 30 else ()
        sales.append(
            basket(
                *lines,
                member_id=member_id,
                receipt=f"{member_id.hex[-6:]}-{number}",
                occurred_at=at,
                benefits=(),
                tenders=tenders,
                confirmation="known in person" if tenders else None,
            )
        )
    return sales


async def _rows(admin: Any, member_id: MemberId) -> dict[str, list[str]]:
    return {
        table: sorted(
            str(tuple(row))
            for row in await admin.fetch(f"SELECT {columns} FROM {table} WHERE member_id = $1", member_id)
        )
        for table, columns in COMPARED.items()
    }


async def _one_by_one(till: Till, member_id: MemberId, moment: Moment) -> None:
    for number, sale in enumerate(_year(member_id)):
        await settle(till, sale, f"k{number}", moment, quiet=True)


async def _in_series(till: Till, member_id: MemberId, moment: Moment, size: int) -> None:
    sales = _year(member_id)
    for start in range(0, len(sales), size):
        async with till.database.transaction(quiet=True) as tx:
            answers = await settle_series(till, tx, member_id, sales[start : start + size], moment)
        assert [answer.outcome for answer in answers] == ["settled"] * len(answers)


async def test_a_series_writes_what_one_by_one_writes(database: Database, admin: Any) -> None:
    """Balances, lots, chains, awards, traces, counters, caps' usage, tier history and versions are the same."""
    till, moment = await open_till(database), Moment(NOON)
    single, series, pieces = [await enrolled(database) for _ in range(3)]
    await _one_by_one(till, single, moment)
    await _in_series(till, series, moment, 40)
    await _in_series(till, pieces, moment, 7)
    expected = await _rows(admin, single)
    assert len(expected["purchase"]) == 40
    assert len(expected["tier_change"]) > 0
    assert any("redeemed" in entry for entry in expected["entry"])
    found = await _rows(admin, series)
    assert [(a, b) for t in expected for a, b in zip(found[t], expected[t], strict=True) if a != b] == []
    assert found == expected
    assert await _rows(admin, pieces) == expected
    assert await verify(database.reader) == []


LIVELY = """
format: 1
programme: {key: lively, name: Lively, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, expiry: {type: inactivity, period: {months: 9}},
     expiry_by_tier: {gold: {type: never}}}
  - {key: stars, name: stars, decimals: 1,
     expiry: {type: rolling, period: {months: 6}, end_of: month, activity_extends: {months: 1}}}
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points, amount: 3.37, rounding_point: balance}
    - {key: piece, type: purchase_fixed, name: Piece, currency: stars, for: unit, amount: 1.2, tier_multiplier: true,
       activates_on: {month: 3, day: 1}, caps: [{per: membership_year, amount: 40}]}
    - {key: third, type: purchase_fixed, name: Third, currency: stars, times_max: 3, cooldown_hours: 400,
       when: member.purchases_count >= 2 && member.spend_12_months > 10.0}
tiers:
  window: {type: calendar_year}
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: silver, name: Silver, threshold: 150, multiplier: 1.5}
    - {key: gold, name: Gold, threshold: 700, multiplier: 2}
"""


async def test_a_series_out_of_order_writes_what_one_by_one_writes(
    database: Database, admin: Any, monkeypatch: Any
) -> None:
    """History in any order, with remainders carried, months extended, tiers corrected: the series keeps up with all."""
    shuffled = list(range(40))
    random.Random(7).shuffle(shuffled)
    ordered = _year
    monkeypatch.setattr(f"{__name__}._year", lambda member_id: [ordered(member_id)[place] for place in shuffled])
    till, moment = await open_till(database, LIVELY), Moment(NOON + timedelta(days=1))
    first, second = await enrolled(database), await enrolled(database)
    await _one_by_one(till, first, moment)
    await _in_series(till, second, moment, 11)
    one, other = await _rows(admin, first), await _rows(admin, second)
    for table in COMPARED:
        assert one[table] == other[table], table
    assert any("upgrade" in row for row in one["tier_change"])
    assert not await verify(database.reader)


async def test_a_refused_sale_stops_no_other(database: Database, admin: Any) -> None:
    """A sale that pays with more points than there are is refused; those around it stand as if it were not there."""
    till, moment = await open_till(database), Moment(NOON)
    member_id, other = await enrolled(database), await enrolled(database)
    sales = _year(member_id)[:5]
    broke = basket(line(1, 900_000), member_id=member_id, receipt="X", occurred_at=sales[2].occurred_at, benefits=(),
                   tenders=paid_with_points(900_000, 0), confirmation="x")  # fmt: skip
    async with database.transaction(quiet=True) as tx:
        answers = await settle_series(till, tx, member_id, [*sales[:3], broke, *sales[3:]], moment)
    assert [answer.outcome for answer in answers] == ["settled"] * 3 + ["refused"] + ["settled"] * 2
    assert answers[3].refusal is not None
    assert answers[3].refusal.code == "INSUFFICIENT_POINTS"
    async with database.transaction(quiet=True) as tx:
        await settle_series(till, tx, other, _year(other)[:5], moment)
    # The refused sale's own work is undone; that it was tried shows in no table.
    assert await _rows(admin, member_id) == await _rows(admin, other)


async def test_a_known_receipt_is_left_alone(database: Database, admin: Any) -> None:
    """Settling a series again writes nothing; a receipt that comes back with another sum is refused by name."""
    till, moment = await open_till(database), Moment(NOON)
    member_id = await enrolled(database)
    await _in_series(till, member_id, moment, 40)
    before = await _rows(admin, member_id)
    sales = _year(member_id)
    changed = basket(
        line(1, 1), member_id=member_id, receipt=sales[3].receipt, occurred_at=sales[3].occurred_at, benefits=()
    )
    async with database.transaction(quiet=True) as tx:
        answers = await settle_series(till, tx, member_id, [*sales, changed], moment)
    assert [answer.outcome for answer in answers] == ["known"] * 40 + ["refused"]
    assert await _rows(admin, member_id) == before


async def test_without_writing_it_says_what_would_be(database: Database, admin: Any) -> None:
    """The dry decision gives the very units that settling gives, and leaves no row behind."""
    till, moment = await open_till(database), Moment(NOON)
    member_id = await enrolled(database)
    before = await _rows(admin, member_id)
    async with database.transaction(quiet=True) as tx:
        dry = await settle_series(till, tx, member_id, _year(member_id)[:30], moment, write=False)
    assert await _rows(admin, member_id) | {"member_version": []} == before | {"member_version": []}
    async with database.transaction(quiet=True) as tx:
        wet = await settle_series(till, tx, member_id, _year(member_id)[:30], moment)
    assert [answer.units for answer in dry] == [answer.units for answer in wet]
