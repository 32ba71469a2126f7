"""Variables of the operations about members, with enough rows that an N+1 query would show."""

from typing import TYPE_CHECKING, Any

from fedele.domains.members import commands
from fedele.domains.members.types import Channel, Purpose
from fedele.kernel.ids import encode_id

if TYPE_CHECKING:
    from tests.fixtures.api import Api


async def profile_change(_api: "Api") -> dict[str, Any]:
    """Every field at once."""
    return {
        "input": {
            "displayName": "Countess", "locale": "fr", "timeZone": "Europe/Paris", "birthday": "--12-10",
            "picture": "https://pictures.example/ada.png", "background": None,
        }
    }  # fmt: skip


async def no_preferences(_api: "Api") -> dict[str, Any]:
    """An empty change: whatever the programme declares."""
    return {"input": {"preferences": {}}}


async def a_consent(_api: "Api") -> dict[str, Any]:
    """Marketing pushes."""
    return {"input": {"purpose": "MARKETING", "channel": "PUSH", "granted": True, "wording": "2026-11/it"}}


async def many_consents(api: "Api") -> dict[str, Any]:
    """The member answered everything, twice."""
    for granted in (False, True):
        for purpose in Purpose:
            for channel in Channel:
                async with api.database.transaction() as tx:
                    await commands.set_consent(
                        tx, api.member.member_id, purpose, channel, granted,
                        source="app", wording="1", moment=api.moment,
                    )  # fmt: skip
    return {"id": encode_id("member", api.member.member_id)}


async def erasure(_api: "Api") -> dict[str, Any]:
    """Confirmed."""
    return {"input": {"confirmation": "ERASE"}}


async def erasure_by_staff(api: "Api") -> dict[str, Any]:
    """Confirmed, as support was asked in writing."""
    return {"input": {"memberId": encode_id("member", api.member.member_id), "confirmation": "ERASE"}}


async def many_consents_of(api: "Api") -> dict[str, Any]:
    """A member who answered everything, twice."""
    return {"memberId": (await many_consents(api))["id"]}


async def known_address(_api: "Api") -> dict[str, Any]:
    """Ada's."""
    return {"by": {"email": "Ada@Example.org"}}


async def somebody_new(_api: "Api") -> dict[str, Any]:
    """A newcomer with every kind of identity."""
    return {
        "input": {
            "email": "cy@example.org", "phone": "+393471234567", "displayName": "Cy", "locale": "it",
            "externalIds": [{"source": "pos", "value": "77"}],
            "consents": [{"purpose": "MARKETING", "channel": "EMAIL"}],
        }
    }  # fmt: skip


async def everything(_api: "Api") -> dict[str, Any]:
    """All parts."""
    return {"input": {}}
