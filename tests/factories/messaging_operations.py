"""What messaging's shipped operations are run with."""

from typing import Any

from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.types import AmountValue
from fedele.kernel.ids import encode_id, new_id
from tests.factories.messaging import make_device
from tests.fixtures.api import Api


async def twenty_messages(api: Api) -> dict[str, Any]:
    """Variables of ListMessages, for a member with twenty of them."""
    programme = await api.services.programmes.at(api.moment.now)
    values = {"amount": AmountValue("points", 10), "balance": AmountValue("points", 90)}
    for _ in range(20):
        async with api.database.transaction() as tx:
            await commands.announce(tx, programme, api.member.member_id, "points.earned", values, new_id(), api.moment)
    return {"first": 20}


async def seen_messages(api: Api) -> dict[str, Any]:
    """Variables of MarkMessagesSeen: the member's twenty."""
    await twenty_messages(api)
    programme, member_id = await api.services.programmes.at(api.moment.now), api.member.member_id
    page = await queries.list_messages(api.database.reader, programme, member_id, api.moment)
    assert len(page.items) == 20, "the grocer's programme shows earned points in the app"
    return {"input": {"messageIds": [encode_id("message", member_id, item.message_id) for item in page.items]}}


async def one_message(api: Api) -> dict[str, Any]:
    """Variables of DismissMessage."""
    return {"input": {"messageId": (await seen_messages(api))["input"]["messageIds"][0]}}


async def twenty_devices(api: Api) -> dict[str, Any]:
    """For a member with as many devices as one may have."""
    for number in range(20):
        await make_device(api.database, api.member.member_id, f"token-number-{number:04}")
    return {}


async def one_device(api: Api) -> dict[str, Any]:
    """Variables of UnregisterDevice."""
    await twenty_devices(api)
    [device, *_] = await queries.list_devices(api.database.reader, api.member.member_id)
    return {"input": {"deviceId": encode_id("device", api.member.member_id, device.device_id)}}


async def a_phone(api: Api) -> dict[str, Any]:
    """Variables of RegisterDevice."""
    return {"input": {"kind": "FCM_TOKEN", "value": "token-number-0000", "platform": "IOS", "timeZone": "Europe/Rome"}}


async def reported_messages(api: Api) -> dict[str, Any]:
    """Variables of ReportMessages: the member clicked all of their twenty."""
    ids = (await seen_messages(api))["input"]["messageIds"]
    return {"input": {"reports": [{"messageId": one, "what": "CLICKED"} for one in ids]}}


async def twenty_decisions(api: Api) -> dict[str, Any]:
    """Variables of ListMessageDecisions, for a member with twenty messages."""
    await twenty_messages(api)
    return {"memberId": encode_id("member", api.member.member_id), "first": 20}


async def nothing_more(api: Api) -> dict[str, Any]:
    """An operation without variables."""
    return {}


async def a_campaign(api: Api) -> dict[str, Any]:
    """A campaign of the grocer's."""
    return {"key": "weekend-coffee"}


async def a_campaign_and_a_member(api: Api) -> dict[str, Any]:
    """The same, and somebody who asks why."""
    return {"key": "weekend-coffee", "memberId": encode_id("member", api.member.member_id)}
