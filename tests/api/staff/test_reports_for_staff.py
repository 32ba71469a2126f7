"""Liability and campaigns as staff read them: scoped, exact, targets beside what came true."""

from decimal import Decimal
from typing import Any

import pytest

from fedele.domains.auth.commands import create_key
from fedele.domains.auth.types import ALL_SCOPES, Scope
from fedele.domains.budgets.commands import take
from fedele.domains.budgets.types import Take
from fedele.domains.ledger.commands import post
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.spending import find_pot
from fedele.kernel.ids import new_id
from tests.factories.ledger import earn
from tests.fixtures.api import Api

LIABILITY = """query ($from: String, $until: String) { liability(from: $from, until: $until) { problems months {
    currency month opening issued closing outstanding deferredRevenue { amount currency } provision { amount } } } }"""
CAMPAIGNS = """{ campaigns { kind key state claimed used cost { amount currency }
    targets { reach redemptions }
    budget { period money { amount } left { amount } reserved { amount } announced } } }"""


async def test_what_is_owed_is_told_in_decimal_text(api: Api) -> None:
    """A gift of 250 points: outstanding and a provision, no deferred revenue; only the months asked for."""
    async with api.database.transaction() as tx:
        await post(tx, api.member.member_id, [earn(250, purchase_id=None)], api.moment)
    answer = await api.ask_staff(LIABILITY)
    assert answer["data"]["liability"]["problems"] == []
    (month,) = answer["data"]["liability"]["months"]
    assert month == {
        "currency": "points",
        "month": "2026-11-01",
        "opening": "0",
        "issued": "250",
        "closing": "250",
        "outstanding": "250",
        "deferredRevenue": {"amount": "0.00", "currency": "USD"},
        "provision": {"amount": "2.50"},
    }
    variables: dict[str, Any] = {"from": "2026-12"}
    assert (await api.ask_staff(LIABILITY, **variables))["data"]["liability"]["months"] == []


@pytest.mark.parametrize("query", [LIABILITY, CAMPAIGNS])
async def test_reports_need_their_scope(api: Api, query: str) -> None:
    """A key with every other scope reads neither."""
    async with api.database.transaction() as tx:
        key = await create_key(tx, "curious", ALL_SCOPES - {Scope.REPORTS_READ}, api.moment)
    answer = await api.ask_staff(query, {"authorization": f"Bearer {key.text.get_secret_value()}"})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_month_must_be_one(api: Api) -> None:
    """Anything else is said to be wrong, with an example."""
    variables: dict[str, Any] = {"from": "November"}
    answer = await api.ask_staff(LIABILITY, **variables)
    assert "2026-01" in answer["errors"][0]["message"]


async def test_a_campaign_shows_its_budget_and_its_claims(api: Api) -> None:
    """What a claim of the coffee reserves: staff see it, what is left, and that nothing was used yet."""
    programme = await api.services.programmes.at(api.moment.now)
    offer = programme.section(OffersConfig).find("cold-morning-coffee")
    assert offer is not None
    pot = find_pot(offer, programme, api.moment.now)
    assert pot is not None
    async with api.database.transaction() as tx:
        await tx.lock_member(api.member.member_id)
        taking = Take(pot, new_id(), 90, until=api.moment.now.replace(year=2027))
        await take(tx, api.member.member_id, [taking], api.moment)
    found = {one["key"]: one for one in (await api.ask_staff(CAMPAIGNS))["data"]["campaigns"]}
    coffee = found["cold-morning-coffee"]
    assert coffee["budget"] == {
        "period": "total",
        "money": {"amount": "2000.00"},
        "left": {"amount": "1999.10"},
        "reserved": {"amount": "0.90"},
        "announced": [],
    }
    assert (coffee["state"], coffee["claimed"], coffee["used"]) == ("live", 0, 0)
    assert Decimal(coffee["cost"]["amount"]) == 0
