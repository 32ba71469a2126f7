"""Reading surveys: what the member did that opens one, and what they answered."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.programme.types import Programme
from fedele.domains.surveys.config import AfterPurchase, SurveysConfig
from fedele.domains.surveys.openness import open_surveys
from fedele.domains.surveys.types import Answer, AnswerId, Past, RecentPurchase
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money

__all__ = ["find_answer", "open_surveys", "past_of"]

PURCHASES_MAX = 10

_PAST = """
SELECT (SELECT jsonb_agg(p) FROM (
            SELECT b.purchase_id, b.occurred_at, b.currency, b.store_id, b.channel, b.attributes, l.*
              FROM (SELECT * FROM purchase
                     WHERE member_id = $1 AND occurred_at BETWEEN $2 AND $3
                     ORDER BY occurred_at DESC, purchase_id DESC LIMIT $4) AS b,
                   LATERAL (SELECT count(*) AS items_count,
                                   coalesce(sum(amount_minor) FILTER (WHERE kind IN ('goods', 'service')), 0)::bigint
                                       AS amount_minor,
                                   array_agg(DISTINCT category) FILTER (WHERE category IS NOT NULL) AS categories,
                                   array_agg(DISTINCT department) FILTER (WHERE department IS NOT NULL) AS departments,
                                   array_agg(DISTINCT sku) FILTER (WHERE sku IS NOT NULL) AS skus
                              FROM purchase_line
                             WHERE member_id = b.member_id AND purchase_id = b.purchase_id) AS l) AS p) AS purchases,
       (SELECT jsonb_agg(jsonb_build_array(survey_key, occasion, answered_at) ORDER BY answered_at DESC)
          FROM survey_answer WHERE member_id = $1) AS answered
"""


async def past_of(db: Queryable, programme: Programme, member_id: MemberId, moment: Moment) -> Past:
    """What decides which surveys are open, in one statement: recent purchases and earlier answers."""
    row = await db.fetch_row(_PAST, member_id, moment.now - _reach(programme), moment.now, PURCHASES_MAX)
    assert row is not None, "aggregates always answer one row"
    answered: dict[str, tuple[tuple[str, datetime], ...]] = {}
    for key, occasion, when in row["answered"] or ():
        answered[key] = (*answered.get(key, ()), (occasion, datetime.fromisoformat(when)))
    return Past(tuple(_purchase(values) for values in row["purchases"] or ()), answered)


async def find_answer(db: Queryable, member_id: MemberId, survey_key: str, occasion: str) -> Answer | None:
    """The member's answer about this occasion, or None."""
    row = await db.fetch_row(
        """
        SELECT answer_id, survey_key, occasion, answered_at, currency, units FROM survey_answer
         WHERE member_id = $1 AND survey_key = $2 AND occasion = $3
        """,
        member_id, survey_key, occasion,
    )  # fmt: skip
    return _answer(row, member_id) if row else None


def _reach(programme: Programme) -> timedelta:
    """How far back a purchase can still open a survey."""
    triggers = [survey.trigger for survey in programme.section(SurveysConfig)]
    return max(
        (
            timedelta(minutes=trigger.delay_minutes, days=trigger.open_days)
            for trigger in triggers
            if isinstance(trigger, AfterPurchase)
        ),
        default=timedelta(0),
    )


def _purchase(values: dict[str, Any]) -> RecentPurchase:
    return RecentPurchase(
        UUID(values["purchase_id"]),
        datetime.fromisoformat(values["occurred_at"]),
        {
            "purchase.amount": Decimal(Money(values["amount_minor"], values["currency"]).decimal),
            "purchase.currency": values["currency"],
            "purchase.store": values["store_id"],
            "purchase.channel": values["channel"],
            "purchase.items_count": values["items_count"],
            "purchase.categories": values["categories"] or [],
            "purchase.departments": values["departments"] or [],
            "purchase.skus": values["skus"] or [],
            "purchase.lines": [],
            "purchase.attributes": values["attributes"],
        },
    )


def _answer(row: Row, member_id: MemberId) -> Answer:
    return Answer(
        AnswerId(row["answer_id"]),
        member_id,
        row["survey_key"],
        row["occasion"],
        row["answered_at"],
        row["currency"],
        row["units"],
    )
