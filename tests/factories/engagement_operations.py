"""What the operations of feed, offers, rewards and surveys are run with."""

from datetime import timedelta
from typing import Any

from fedele.api import ids
from fedele.db.database import Database
from fedele.domains.feed.types import ShownCard
from fedele.domains.ledger.commands import post
from fedele.domains.recommendations.commands import learn
from fedele.domains.rewards.commands import redeem_reward
from fedele.domains.surveys.commands import Occasion, answer_survey
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.ledger import earn
from tests.factories.programme import grocer
from tests.factories.surveys import invited
from tests.fixtures.api import FEED_TOKENS, Api

RIVERSIDE = {"latitude": 39.9520, "longitude": -83.0010}


async def riches(database: Database, member_id: MemberId, moment: Moment, units: int = 5000) -> None:
    """Points to spend, some of them soon gone."""
    soon = earn(40, expires_at=moment.now + timedelta(days=12))
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(units), soon], moment)


async def bought(database: Database, member_id: MemberId, moment: Moment, skus_count: int = 20) -> str:
    """Three receipts with so many products each; the newest is two hours old. Answers its id."""
    async with database.transaction() as tx:
        for days_ago in (40, 20, 0):
            purchase_id, at = new_id(), moment.now - timedelta(days=days_ago, hours=2)
            await tx.execute(
                """
                INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at,
                                      currency, total_minor, tax_minor, discount_minor, tenders)
                VALUES ($1, $2, 'store-367', $3, 'store', $4, $4, 'USD', $5, 0, 0, '[]')
                """,
                member_id, purchase_id, str(purchase_id), at, 500 * skus_count,
            )  # fmt: skip
            first_sku = 0 if days_ago else skus_count  # what was bought just now is something else
            await tx.execute_many(
                """
                INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, name, category, quantity,
                                           amount_minor, tax_minor, discount_minor)
                VALUES ($1, $2, $3, 'goods', $4, $4, $5, 1, 500, 0, 0)
                """,
                [
                    (member_id, purchase_id, number, f"sku-{first_sku + number}", f"SHELF {number % 8}")
                    for number in range(1, skus_count + 1)
                ],
            )
    await invited(database, grocer(), member_id, "after-shop", Occasion(str(purchase_id), at, "store-367"), moment)
    return str(purchase_id)


async def a_home(api: Api) -> dict[str, Any]:
    """A member with points, purchases and a position: every kind of card."""
    await riches(api.database, api.member.member_id, api.moment)
    await bought(api.database, api.member.member_id, api.moment)
    return {"at": RIVERSIDE}


async def a_position(_api: Api) -> dict[str, Any]:
    """Near a shop."""
    return {"at": RIVERSIDE}


async def an_offer(_api: Api) -> dict[str, Any]:
    """One that is open at noon in Rome to anybody anywhere."""
    return {"input": {"offerId": ids.key_id("offer", "first-baskets"), "idempotencyKey": "tap-1"}}


async def a_reward(api: Api) -> dict[str, Any]:
    """One that the member can pay."""
    await riches(api.database, api.member.member_id, api.moment)
    return {"input": {"rewardId": ids.key_id("reward", "five-off"), "idempotencyKey": "tap-1"}}


async def twenty_redemptions(api: Api) -> dict[str, Any]:
    """Taken one a minute."""
    await riches(api.database, api.member.member_id, api.moment, 50_000)
    programme = await api.services.programmes.at(api.moment.now)
    for number in range(20):
        at = Moment(api.moment.now + timedelta(minutes=number))
        async with api.database.transaction() as tx:
            await redeem_reward(tx, programme, api.member.member_id, "pastry-fifth", f"tap-{number}", at)
    return {}


async def a_redemption(api: Api) -> dict[str, Any]:
    """One that is held."""
    await riches(api.database, api.member.member_id, api.moment)
    programme = await api.services.programmes.at(api.moment.now)
    async with api.database.transaction() as tx:
        held = await redeem_reward(tx, programme, api.member.member_id, "five-off", "tap-1", api.moment)
    return {"input": {"redemptionId": ids.row_id("redemption", api.member.member_id, held.id)}}


async def a_survey(api: Api) -> dict[str, Any]:
    """The one that opened after the last purchase."""
    occasion = await bought(api.database, api.member.member_id, api.moment)
    answers = [{"question": "recommend", "number": 9}, {"question": "best", "choice": "fresh"}]
    return {"input": {"surveyId": ids.key_id("survey", f"after-shop:{occasion}"), "answers": answers}}


async def somebody_to_ask(api: Api) -> dict[str, Any]:
    """A survey, for somebody who bought."""
    member = ids.member_id(api.member.member_id)
    return {"input": {"memberId": member, "survey": "after-shop", "occasion": "case 12"}}


async def somebody_asked(api: Api) -> dict[str, Any]:
    """What they were asked."""
    await bought(api.database, api.member.member_id, api.moment)
    return {"memberId": ids.member_id(api.member.member_id)}


async def a_survey_report(api: Api) -> dict[str, Any]:
    """A week of one survey by store, with an answer."""
    occasion = await bought(api.database, api.member.member_id, api.moment)
    given = {"recommend": 9, "best": "fresh", "better": "more apples"}
    async with api.database.transaction() as tx:
        await answer_survey(tx, grocer(), api.member.member_id, "after-shop", occasion, given, api.moment)
    since, until = api.moment.now - timedelta(days=7), api.moment.now + timedelta(days=1)
    return {"survey": "after-shop", "since": since.isoformat(), "until": until.isoformat(), "by": "STORE"}


async def an_open_survey(api: Api) -> dict[str, Any]:
    """A purchase that opens one."""
    await bought(api.database, api.member.member_id, api.moment)
    return {}


async def a_taste(api: Api) -> dict[str, Any]:
    """A member of whose purchases something was learned."""
    await bought(api.database, api.member.member_id, api.moment)
    async with api.database.transaction() as tx:
        await learn(tx, api.member.member_id, api.moment)
    return {}


async def feed_events(api: Api) -> dict[str, Any]:
    """A hundred cards that were seen."""
    tokens = [
        FEED_TOKENS.make(api.member.member_id, ShownCard("offer", f"o{slot}", slot, 0.1, 1, "linear-1"))
        for slot in range(100)
    ]
    when = api.moment.now.isoformat()
    events = [{"id": str(new_id()), "token": token, "kind": "SEEN", "occurredAt": when} for token in tokens]
    return {"input": {"events": events}}
