"""What the operations of challenges and referrals are run with."""

from typing import Any

from fedele.api import ids
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.challenges.commands import count_purchase
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.referrals import commands as referring
from fedele.domains.referrals import handlers as referrals
from fedele.jobs.inline import run_what_follows
from fedele.kernel.ids import MemberId, new_id
from tests.factories.engagement_operations import bought
from tests.factories.members import PEPPERS, enrolled
from tests.fixtures.api import Api


async def progress(api: Api) -> dict[str, Any]:
    """A member some way into every challenge and streak of the programme."""
    await counted(api, api.member.member_id)
    return {}


async def counted(api: Api, member_id: MemberId) -> None:
    """Three receipts, counted."""
    await bought(api.database, member_id, api.moment)
    programme = await ProgrammeSource(api.database, PROGRAMME_SECTIONS).at(api.moment.now)
    rows = await api.database.reader.fetch("SELECT purchase_id FROM purchase WHERE member_id = $1", member_id)
    for row in rows:
        async with api.database.transaction() as tx:
            await count_purchase(tx, programme, member_id, row["purchase_id"], api.moment)


async def one_to_join(_api: Api) -> dict[str, Any]:
    """The opt-in challenge of the programme."""
    return {"input": {"challengeId": ids.key_id("challenge", "own-bag-month")}}


async def a_friends_code(api: Api) -> dict[str, Any]:
    """Somebody's code, and a member who is new."""
    await api.database.call("UPDATE member SET joined_at = $2 WHERE member_id = $1", api.member.member_id,
                            api.moment.now)  # fmt: skip
    referrer = await enrolled(api.database)
    async with api.database.transaction() as tx:
        code = await referring.issue_code(tx, referrer, api.moment)
    return {"input": {"code": code, "deviceId": "an-app-on-a-phone"}}


async def twenty_friends(api: Api) -> dict[str, Any]:
    """A member whose code twenty applied."""
    await brought(api, api.member.member_id, 20)
    return {}


async def brought(api: Api, referrer: MemberId, count: int, device: str | None = None) -> list[MemberId]:
    """So many friends of a member, their referrals answered by both sides."""
    source = ProgrammeSource(api.database, PROGRAMME_SECTIONS)
    programme = await source.at(api.moment.now)
    async with api.database.transaction() as tx:
        code = await referring.issue_code(tx, referrer, api.moment)
    friends = [await enrolled(api.database, joined_at=api.moment.now) for _ in range(count)]
    follow = referrals.handlers(api.database, source.at, PEPPERS, lambda: api.moment)
    for friend in friends:
        await referring.apply_code(api.database, programme, PEPPERS, friend, code, api.moment, device)
        await run_what_follows(api.database, follow)
    return friends


async def referrals_to_review(api: Api) -> dict[str, Any]:
    """Twenty from one phone."""
    await brought(api, await enrolled(api.database), 20, device="one-phone-for-all")
    return {"states": ["held"]}


async def a_held_referral(api: Api) -> dict[str, Any]:
    """The second of two from one phone."""
    friends = await brought(api, await enrolled(api.database), 2, device="one-phone-for-all")
    return {"input": {"friendId": ids.member_id(friends[1]), "reason": "One family, two phones now"}}


async def a_checked_friend(api: Api) -> dict[str, Any]:
    """Somebody whose code was looked at."""
    friends = await brought(api, await enrolled(api.database), 1)
    return {"memberId": ids.member_id(friends[0])}


async def twenty_draws(api: Api) -> dict[str, Any]:
    """A member who drew twenty times."""
    member_id = await enrolled(api.database)
    async with api.database.transaction() as tx:
        for number in range(20):
            await tx.execute(
                """
                INSERT INTO surprise_draw (member_id, surprise_key, source_id, drawn, threshold, outcome, occurred_at,
                                           decided_at, programme_version)
                VALUES ($1, 'gift', $2, $3, 50000000, 'lost', $4, $4, 1)
                """,
                member_id, new_id(), 100_000_000 + number, api.moment.now,
            )  # fmt: skip
    return {"memberId": ids.member_id(member_id), "surprise": "gift"}


async def in_italian(_api: Api) -> dict[str, Any]:
    """Words to send to a friend in Italy."""
    return {"input": {"locale": "it"}}
