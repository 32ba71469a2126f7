"""Pitfall 14: rules that want the same line: best, sum or first, the same every time, and explained."""

from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.domains.earning.queries import explain_source
from tests.factories.members import enrolled
from tests.factories.till import at, basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points}]
earning:
  groups: {g: HOW}
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points, group: g}
    - {key: fresh, type: purchase_multiplier, name: Fresh, currency: points, group: g, multiplier: 2,
       when: "line.category == 'FRESH'"}
    - {key: again, type: purchase_multiplier, name: Again, currency: points, group: g, multiplier: 2,
       when: "line.category == 'FRESH'"}
    - {key: thing, type: purchase_fixed, name: Thing, currency: points, group: g, for: line, amount: 15,
       when: "line.category != 'FRESH'"}
"""


@pytest.mark.parametrize(
    ("how", "awards", "outbid"),
    [
        ("best", {"fresh": 20, "thing": 15}, {"base": "fresh", "again": "fresh"}),
        ("first", {"base": 20}, {"fresh": "base", "again": "base", "thing": "base"}),
        ("sum", {"base": 20, "fresh": 20, "again": 20, "thing": 15}, {}),
    ],
)
async def test_rules_of_a_group_conflict_as_declared(
    database: Database, admin: Any, how: str, awards: dict[str, int], outbid: dict[str, str]
) -> None:
    """Ten euros fresh and ten dry: who wins each line, and by whom the others were outbid, three times alike."""
    till, member_id = await open_till(database, PROGRAMME.replace("HOW", how)), await enrolled(database)
    for number in range(3):
        sale = basket(line(1, 1000, category="FRESH"), line(2, 1000), member_id=member_id)
        settled = await commands.settle(till, sale, f"k{number}", at(hours=number))
        assert {award.rule: award.units for award in settled.awards} == awards
        trace = await explain_source(database.reader, member_id, settled.purchase_id)
        assert {told.rule: told.details["by"] for told in trace if told.outcome == "outbid"} == outbid
