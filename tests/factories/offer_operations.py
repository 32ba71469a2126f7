"""What the operations about places and offers are run with."""

from datetime import timedelta
from typing import Any

from fedele.api import ids
from fedele.domains.members.commands import set_consent
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.queries import digest_of
from tests.factories.engagement_operations import RIVERSIDE
from tests.fixtures.api import Api


async def _agrees(api: Api) -> None:
    async with api.database.transaction() as tx:
        await set_consent(
            tx, api.member.member_id, Purpose.LOCATION, Channel.PUSH, True, source="app", wording="1", moment=api.moment
        )


def _report(api: Api) -> dict[str, Any]:
    seen_at = (api.moment.now - timedelta(seconds=5)).isoformat()
    return {**RIVERSIDE, "accuracyMetres": 12.0, "seenAt": seen_at}


async def a_report(api: Api) -> dict[str, Any]:
    """A position at a shop, of a member who agreed."""
    await _agrees(api)
    return {"input": {"at": _report(api)}}


async def a_check_in(api: Api) -> dict[str, Any]:
    """At a shop."""
    await _agrees(api)
    return {"input": {"placeKey": "store-367", "idempotencyKey": "tap-1", "at": _report(api)}}


async def one_to_explain(_api: Api) -> dict[str, Any]:
    """The coffee of cold mornings."""
    return {"offer": ids.key_id("offer", "cold-morning-coffee"), "at": RIVERSIDE}


async def one_of_a_member(api: Api) -> dict[str, Any]:
    """The same, asked by staff."""
    member = ids.member_id(api.member.member_id)
    return {"memberId": member, "offerKey": "cold-morning-coffee", "at": RIVERSIDE}


async def a_member(api: Api) -> dict[str, Any]:
    """Somebody whose decisions are asked for."""
    return {"memberId": ids.member_id(api.member.member_id)}


async def one_to_approve(api: Api) -> dict[str, Any]:
    """An offer as it is written."""
    programme = await api.services.programmes.at(api.moment.now)
    offer = programme.section(OffersConfig).find("first-baskets")
    assert offer is not None, "the grocer has this offer"
    return {"input": {"offerKey": offer.key, "digest": digest_of(offer)}}


async def one_to_end(_api: Api) -> dict[str, Any]:
    """An offer to stop."""
    return {"input": {"offerKey": "first-baskets"}}
