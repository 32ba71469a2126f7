"""Other rooms read member.segments: the till's rules, sale by sale and in a series, as of the sale's own time."""

from datetime import timedelta

from fedele.db.database import Database
from fedele.domains.checkout import commands as checkout
from fedele.domains.segments import commands
from tests.factories.members import enrolled
from tests.factories.segments import neighbourhood
from tests.factories.till import NOON, PROGRAMME, basket

RULE = """    - {key: vip, type: purchase_multiplier, name: Vip, currency: points, multiplier: 5, group: shopping,
       when: "'vip' in member.segments"}
"""
SEGMENTS = "segments: [{key: vip, name: Vip, list: true}]"


async def test_a_rule_of_the_till_asks_for_a_segment(database: Database) -> None:
    """Five times the points for who is on the list, from then on: a late sale of before earns as it was."""
    street = await neighbourhood(database, "")
    assert "tiers:\n" in PROGRAMME
    await street.changes_with(PROGRAMME.replace("tiers:\n", RULE + "tiers:\n") + SEGMENTS)
    member_id = await enrolled(database)
    before = await street.sells(member_id, "before")
    street.now += timedelta(hours=1)
    async with database.transaction() as tx:
        await commands.change_list(tx, await street.programme(), "vip", street.moment, add=[member_id])
    street.now += timedelta(hours=1)
    after = await street.sells(member_id, "after")
    late = await checkout.settle(
        street.till, basket(member_id=member_id, occurred_at=NOON + timedelta(minutes=5)), "late", street.moment
    )
    earned = [sum(award.units for award in sale.awards if award.currency == "points") for sale in (before, after, late)]
    assert earned == [10, 50, 10]
