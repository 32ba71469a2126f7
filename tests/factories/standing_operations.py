"""What the GraphQL operations of tiers and paid memberships are run with."""

from datetime import timedelta
from typing import Any

from fedele.api import ids
from fedele.bootstrap import CLOSING_STEPS, PROGRAMME_SECTIONS
from fedele.domains.closing.commands import close_day
from fedele.domains.memberships import commands as memberships
from fedele.domains.programme.commands import apply
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import commands as tiers
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.types import GrantAsked
from tests.fixtures.api import Api, programme_text

CLUBS = """
memberships:
""" + "".join(
    f"""
  - key: club-{number}
    name: Club {number}
    plans:
      - {{key: monthly, price: 10.00, period: {{months: 1}}}}
      - {{key: yearly, price: 100.00, period: {{years: 1}}}}
    trial: {{days: 30}}
    refund: unused_term
    benefits: [{{key: delivery, text: Free delivery}}]
"""
    for number in range(8)
)


async def clubs(api: Api) -> Programme:
    """Let the programme sell eight memberships."""
    async with api.database.transaction() as tx:
        await apply(
            tx, programme_text() + CLUBS, api.moment, sections=PROGRAMME_SECTIONS, effective_from=api.moment.now
        )
    return await ProgrammeSource(api.database, PROGRAMME_SECTIONS).at(api.moment.now)


async def eight_memberships(api: Api) -> dict[str, Any]:
    """Eight that were sold at the till."""
    programme = await clubs(api)
    for number in range(8):
        asked = memberships.JoinAsked(f"club-{number}", "monthly")
        async with api.database.transaction() as tx:
            await memberships.sell(
                tx, programme, api.member.member_id, asked, f"R-{number}", f"sale-{number}", api.moment
            )
    return {}


async def eight_memberships_of_a_member(api: Api) -> dict[str, Any]:
    """The same, seen by staff."""
    return await eight_memberships(api) | {"member": ids.member_id(api.member.member_id)}


async def eight_offerings(api: Api) -> dict[str, Any]:
    """Eight that are on offer."""
    await clubs(api)
    return {}


async def a_join(api: Api) -> dict[str, Any]:
    """A membership to begin."""
    await clubs(api)
    return {"input": {"membership": "club-0", "plan": "monthly", "method": "pm_1", "idempotencyKey": "join-1"}}


async def a_cancellation(api: Api) -> dict[str, Any]:
    """One to leave, with money to give back."""
    await eight_memberships(api)
    return {"input": {"membership": "club-0", "idempotencyKey": "cancel-1"}}


async def another_plan(api: Api) -> dict[str, Any]:
    """From monthly to yearly."""
    await eight_memberships(api)
    return {"input": {"membership": "club-0", "plan": "yearly"}}


async def a_sale(api: Api) -> dict[str, Any]:
    """Paid at the till."""
    await clubs(api)
    return {
        "input": {
            "memberId": ids.member_id(api.member.member_id), "membership": "club-0", "plan": "yearly",
            "reference": "R-1", "idempotencyKey": "sell-1",
        }
    }  # fmt: skip


async def a_use(api: Api) -> dict[str, Any]:
    """A benefit was used."""
    await eight_memberships(api)
    return {"input": {"memberId": ids.member_id(api.member.member_id), "membership": "club-0"}}


async def a_refund(api: Api) -> dict[str, Any]:
    """Four of ten back by hand."""
    await eight_memberships(api)
    term_id = await api.database.reader.fetch_value("SELECT min(term_id::text)::uuid FROM membership_term")
    term = ids.row_id("term", api.member.member_id, term_id)
    return {"input": {"termId": term, "amount": "4.00", "idempotencyKey": "refund-1"}}


async def a_grant(api: Api) -> dict[str, Any]:
    """The highest tier until the end of the year."""
    programme = await ProgrammeSource(api.database, PROGRAMME_SECTIONS).at(api.moment.now)
    return {
        "input": {
            "memberId": ids.member_id(api.member.member_id),
            "tier": programme.section(TiersConfig).levels[-1].key,
            "until": api.moment.now.replace(month=12, day=31).isoformat(),
            "reason": "Came over from another programme", "idempotencyKey": "grant-1",
        }
    }  # fmt: skip


async def grants_of_a_member(api: Api) -> dict[str, Any]:
    """Ten that were given, each a day longer than the one before."""
    programme = await ProgrammeSource(api.database, PROGRAMME_SECTIONS).at(api.moment.now)
    level = programme.section(TiersConfig).levels[-1].key
    for day in range(10):
        asked = GrantAsked(level, api.moment.now.replace(month=12, day=day + 1), "Goodwill")
        async with api.database.transaction() as tx:
            await tiers.grant_tier(tx, programme, api.member.member_id, asked, "key-1", f"grant-{day}", api.moment)
    return {"member": ids.member_id(api.member.member_id)}


async def a_grant_to_end(api: Api) -> dict[str, Any]:
    """One of them."""
    await grants_of_a_member(api)
    grant_id = await api.database.reader.fetch_value("SELECT min(grant_id::text)::uuid FROM tier_grant")
    return {"input": {"grantId": ids.row_id("grant", api.member.member_id, grant_id)}}


async def two_weeks_closed(api: Api) -> dict[str, Any]:
    """Fourteen nights, in one of which somebody's step failed."""
    programmes = ProgrammeSource(api.database, PROGRAMME_SECTIONS)
    today = api.moment.now.date()
    for days in range(14, 0, -1):
        await close_day(api.database, programmes, today - timedelta(days=days), api.moment, CLOSING_STEPS)
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO closing_failure (member_id, day, step, error, failed_at)
            VALUES ($1, $2, 'tiers', 'ValueError: broken', $3)
            """,
            api.member.member_id, today - timedelta(days=1), api.moment.now,
        )  # fmt: skip
    return {"last": 14}
