"""Surveys for tests: a programme with some, purchases on the books, and asking and answering in few words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.surveys import commands, queries
from fedele.domains.surveys.commands import Occasion
from fedele.domains.surveys.config import SurveysConfig
from fedele.domains.surveys.handlers import handlers
from fedele.domains.surveys.types import Answer, OpenSurvey
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.programme import SMALL, make_programme

BOUGHT_AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = Moment(BOUGHT_AT + timedelta(hours=2))

SHOP = """
members: {preferences: {diet: {type: choice, choices: [all, vegan]}, weekly: {type: flag}}}
surveys:
  - key: shop
    title: Shop
    trigger: {type: after_purchase, when: purchase.amount >= 10.0, delay_minutes: 60, open_days: 7, every_days: 30}
    reward: {currency: points, amount: 50}
    edit_hours: 24
    questions:
      - {key: nps, type: nps, text: "?"}
      - key: wrong
        type: multiple
        text: "What went wrong?"
        when: answers.nps <= 6
        choices: [{key: price, text: Price}, {key: staff, text: Staff}]
      - key: diet
        type: single
        text: "?"
        required: false
        preference: diet
        choices: [{key: all, text: All}, {key: vegan, text: Vegan}]
      - {key: words, type: text, text: "?"}
"""
PROGRAMME = make_programme(SMALL + SHOP)


async def buys(admin: Any, member_id: MemberId, amount_minor: int, at: datetime = BOUGHT_AT, store: str = "s") -> UUID:
    """A purchase on the books, of which nobody was told."""
    purchase_id = new_id()
    await admin.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders)
        VALUES ($1, $2, $6, $3, 'store', $4, $4, 'EUR', $5, 0, 0, '[]')
        """,
        member_id, purchase_id, str(purchase_id), at, amount_minor, store,
    )  # fmt: skip
    await admin.execute(
        """
        INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, quantity, amount_minor, tax_minor,
                                   discount_minor)
        VALUES ($1, $2, 1, 'goods', 'x', 1, $3, 0, 0)
        """,
        member_id, purchase_id, amount_minor,
    )  # fmt: skip
    return purchase_id


async def invited(
    database: Database, programme: Programme, member_id: MemberId, key: str, occasion: Occasion, moment: Moment
) -> None:
    """The member is invited to this survey about this occasion, as if it had just happened."""
    survey = programme.section(SurveysConfig).find(key)
    assert survey is not None
    async with database.transaction() as tx:
        await commands.invite(tx, programme, member_id, survey, occasion, moment)


async def hears(database: Database, event: Any, now: datetime, programme: Programme = PROGRAMME) -> None:
    """What surveys do about an event at this time, as the worker would have them do it."""

    async def programme_at(_: datetime) -> Programme:
        return programme

    for handler in handlers(database, programme_at, lambda: Moment(now)):
        if isinstance(event, handler.event) and handler.name.startswith("surveys."):
            await handler.run(event, new_id())


async def bought(
    database: Database,
    admin: Any,
    member_id: MemberId,
    amount_minor: int = 5000,
    at: datetime = BOUGHT_AT,
    *,
    programme: Programme = PROGRAMME,
    store: str = "s",
) -> UUID:
    """A purchase, and surveys hear of it at once."""
    purchase_id = await buys(admin, member_id, amount_minor, at, store)
    event = PurchaseRecorded(
        member_id=member_id, occurred_at=at, purchase_id=purchase_id, store_id=store, currency="EUR",
        total_minor=amount_minor,
    )  # fmt: skip
    await hears(database, event, at, programme)
    return purchase_id


async def opens(database: Database, now: datetime, programme: Programme = PROGRAMME) -> int:
    """The job comes round."""

    async def programme_at(_: datetime) -> Programme:
        return programme

    return await commands.open_due(database, programme_at, Moment(now))


async def asked(
    database: Database, member_id: MemberId, moment: Moment, programme: Programme = PROGRAMME, *, answered: bool = False
) -> tuple[OpenSurvey, ...]:
    """What is open to the member."""
    facts = await find_facts(database.reader, programme, member_id, moment.now)
    assert facts is not None
    past = await queries.past_of(database.reader, member_id)
    return queries.open_surveys(programme, facts, None, past, moment, answered=answered)


async def answer(
    database: Database,
    member_id: MemberId,
    occasion: object,
    given: dict[str, Any],
    moment: Moment = LATER,
    *,
    survey: str = "shop",
    programme: Programme = PROGRAMME,
) -> Answer:
    """Answer in a transaction of its own."""
    async with database.transaction() as tx:
        return await commands.answer_survey(tx, programme, member_id, survey, str(occasion), given, moment)


async def save(
    database: Database, member_id: MemberId, occasion: object, given: dict[str, Any], moment: Moment = LATER
) -> OpenSurvey:
    """A step, in a transaction of its own."""
    async with database.transaction() as tx:
        return await commands.save_answers(tx, PROGRAMME, member_id, "shop", str(occasion), given, moment)
