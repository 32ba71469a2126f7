"""What the ledger's GraphQL operations are run with."""

from typing import Any

from fedele.api import ids
from fedele.domains.ledger import commands
from fedele.kernel.money import CurrencyKey
from tests.factories.ledger import burn, earn
from tests.fixtures.api import Api

POINTS = CurrencyKey("points")


async def twenty_earns(api: Api) -> dict[str, Any]:
    """Twenty lots that end on twenty days, half of one spent."""
    later = [api.moment.now.replace(year=api.moment.now.year + 1, month=1, day=day + 1) for day in range(20)]
    operations = [earn(100, expires_at=at, currency=POINTS) for at in later]
    async with api.database.transaction() as tx:
        await commands.post(tx, api.member.member_id, [*operations, burn(50, currency=POINTS)], api.moment)
    return {}


async def twenty_earns_of_a_member(api: Api) -> dict[str, Any]:
    """The same, seen by staff."""
    await twenty_earns(api)
    return {"member": ids.member_id(api.member.member_id)}


async def an_adjustment(api: Api) -> dict[str, Any]:
    """A goodwill correction."""
    return {
        "input": {
            "memberId": ids.member_id(api.member.member_id),
            "currency": POINTS,
            "amount": "25",
            "reason": "The coffee was cold",
            "idempotencyKey": "adjust-1",
        }
    }
