"""What the operations of rewards and automatic rewards are run with."""

from typing import Any
from uuid import UUID, uuid5

from fedele.api import ids
from fedele.domains.rewards.commands import give_reward, redeem_reward
from fedele.domains.rewards.types import Delivery, Redemption
from tests.factories.engagement_operations import riches
from tests.fixtures.api import Api

HOME = Delivery("Anna Rossi", "1 Orchard Lane", "Lexington", "US", "40502", "KY")


async def _redeems(api: Api, reward: str, key: str = "tap-1", delivery: Delivery | None = None) -> Redemption:
    programme = await api.services.programmes.at(api.moment.now)
    async with api.database.transaction() as tx:
        return await redeem_reward(tx, programme, api.member.member_id, reward, key, api.moment, delivery)


async def _given(api: Api, reward: str) -> Redemption:
    programme = await api.services.programmes.at(api.moment.now)
    because = uuid5(UUID(int=1), reward)
    async with api.database.transaction() as tx:
        return await give_reward(tx, programme, api.member.member_id, reward, because, None, api.moment, "staff")


async def points(api: Api) -> dict[str, Any]:
    """A member with points, and none of the choices made."""
    await riches(api.database, api.member.member_id, api.moment)
    return {}


async def a_choice(api: Api) -> dict[str, Any]:
    """Of five dollars for every five hundred points, with points for it."""
    await riches(api.database, api.member.member_id, api.moment)
    return {"input": {"autoRewardId": ids.key_id("auto_reward", "five-off-by-itself"), "mode": "save"}}


async def a_gift_without_address(api: Api) -> dict[str, Any]:
    """A bag that was given to the member."""
    bag = await _given(api, "canvas-bag")
    return {
        "input": {
            "redemptionId": ids.row_id("redemption", api.member.member_id, bag.id),
            "delivery": {"recipient": "Anna Rossi", "street": "1 Orchard Lane", "city": "Lexington", "country": "US"},
        }
    }


async def a_code(api: Api) -> dict[str, Any]:
    """Of a reward that is held."""
    await riches(api.database, api.member.member_id, api.moment)
    return {"code": (await _redeems(api, "five-off")).code}


async def twenty_taken(api: Api) -> dict[str, Any]:
    """A member who took twenty."""
    await riches(api.database, api.member.member_id, api.moment, 50_000)
    for number in range(20):
        await _redeems(api, "pastry-fifth", f"tap-{number}")
    return {"id": ids.member_id(api.member.member_id)}


async def ordered_gifts(api: Api) -> dict[str, Any]:
    """Two bags that wait to be sent."""
    await riches(api.database, api.member.member_id, api.moment, 50_000)
    for number in range(2):
        await _redeems(api, "canvas-bag", f"tap-{number}", HOME)
    return {}


async def an_ordered_gift(api: Api) -> dict[str, Any]:
    """One that leaves today."""
    await riches(api.database, api.member.member_id, api.moment, 50_000)
    bag = await _redeems(api, "canvas-bag", delivery=HOME)
    return {"input": {"redemptionId": ids.row_id("redemption", api.member.member_id, bag.id), "tracking": "1Z999"}}


async def more_bags(_api: Api) -> dict[str, Any]:
    """Ten more on the shelf."""
    return {"input": {"rewardKey": "canvas-bag", "units": 10, "reason": "A second delivery came"}}


async def some_codes(_api: Api) -> dict[str, Any]:
    """Two codes for the partner's gift card."""
    return {"input": {"rewardKey": "partner-card", "codes": ["A-1", "A-2"]}}


async def entries(api: Api) -> dict[str, Any]:
    """Three entries in the draw."""
    await riches(api.database, api.member.member_id, api.moment)
    for number in range(3):
        await _redeems(api, "harvest-hamper", f"tap-{number}")
    return {"input": {"rewardKey": "harvest-hamper", "seed": "lotto 7 13 22 31 40 44"}}


async def a_make_good(api: Api) -> dict[str, Any]:
    """A coffee for a long wait."""
    member_id = ids.member_id(api.member.member_id)
    return {"input": {"memberId": member_id, "rewardKey": "free-coffee", "idempotencyKey": "wait-1"}}


async def a_mistake(api: Api) -> dict[str, Any]:
    """A redemption that should not have been."""
    await riches(api.database, api.member.member_id, api.moment)
    held = await _redeems(api, "five-off")
    return {"input": {"redemptionId": ids.row_id("redemption", api.member.member_id, held.id), "reason": "Wrong card"}}
