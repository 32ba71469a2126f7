"""A programme with referrals, and what members do with codes."""

from typing import Any

from fedele.domains.members.types import Identity
from fedele.domains.referrals import commands, queries
from fedele.domains.referrals.types import Referral
from fedele.kernel.ids import MemberId
from tests.factories.engagement import Club
from tests.factories.members import PEPPERS

REFERRAL = """
referral:
  referrer: {units: {currency: points, amount: 25}}
  friend: {units: {currency: points, amount: 10}}
  minimum_spend: 20
  settles_after_days: 14
  within_days: 60
  caps: [{per: year, times_max: 10}]
  fraud: {velocity: {applications_max: 1000}}
"""


async def code_of(club: Club, member_id: MemberId) -> str:
    """The member's own code."""
    async with club.database.transaction() as tx:
        return await commands.issue_code(tx, member_id, club.moment())


async def applies(club: Club, friend: MemberId, code: str, follow: bool = True, **given: Any) -> Referral:
    """The friend applies the code, and both sides talk."""
    programme = await club.programme()
    made = await commands.apply_code(club.database, programme, PEPPERS, friend, code, club.moment(), **given)
    if follow:
        await club.follow()
    return made


async def state_of(club: Club, friend: MemberId) -> tuple[str, str | None]:
    """How the friend's side stands, and why."""
    found = await queries.find_referral(club.database.reader, friend)
    assert found is not None
    return found.state, found.reason


async def sides(club: Club, referrer: MemberId, friend: MemberId) -> tuple[int, int]:
    """What both have."""
    return await club.points(referrer), await club.points(friend)


def mail(address: str) -> dict[str, Any]:
    """A member with this address."""
    return {"identities": (Identity.parse("email", address),)}
