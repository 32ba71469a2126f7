"""Why: explanations as the API shows them, to members and to whoever helps them."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Context
from fedele.api.explaining_words import Speaker
from fedele.domains.activity.types import ActivityEventId, PurchaseId
from fedele.domains.earning.config import EarningConfig
from fedele.domains.earning.types import RuleTrace
from fedele.domains.explaining import queries
from fedele.domains.explaining import types as records
from fedele.domains.ledger.types import EntryId
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units


@strawberry.type
class UnitAmount:
    """An amount of one of the programme's currencies: 12.5 stars."""

    currency: str = strawberry.field(description="The currency's key in the programme.")
    name: str = strawberry.field(description="Its name in the member's language, as after a number.")
    amount: Decimal = strawberry.field(description="Exact, with the currency's own decimals. Negative: taken.")


@strawberry.type
class ExplanationTerm:
    """One line of an addition."""

    text: str = strawberry.field(description="What it is, in words: 12.40 EUR at 1 for 1, Rounding, Limit of 50 a day.")
    amount: Decimal = strawberry.field(description="Signed; the lines of one addition give its sum exactly.")


@strawberry.type
class RuleExplanation:
    """What became of one rule for one purchase or event."""

    rule: str = strawberry.field(description="The rule's key in the programme, or offer:<key> for an offer in hand.")
    name: str = strawberry.field(description="The rule's name in the reader's language.")
    outcome: str = strawberry.field(
        description="awarded, capped, cap_reached, cooling_down, not_started, ended, outside_window, condition, "
        "nothing_eligible, outbid, margin_floor or budget_exhausted."
    )
    reason: str = strawberry.field(description="The outcome in words, with the values that decided it.")
    amount: UnitAmount | None = strawberry.field(description="What it gave; null when nothing.")
    terms: list[ExplanationTerm] = strawberry.field(description="How it came to that amount; they add up to it.")
    taken_back: Decimal = strawberry.field(description="What returns have taken back of it since.")


@strawberry.type
class Explanation:
    """Why something earned what it earned, or moved as it did."""

    title: str = strawberry.field(description="What happened, in a sentence.")
    amount: UnitAmount | None = strawberry.field(description="Of a ledger entry: what moved. Null for other things.")
    terms: list[ExplanationTerm] = strawberry.field(description="Of a ledger entry: what it is made of; they add up.")
    programme_version: int | None = strawberry.field(description="The version of the programme that decided.")
    occurred_at: datetime | None
    rules: list[RuleExplanation] = strawberry.field(description="Every rule that was tried, in the programme's order.")

    @classmethod
    def of(cls, told: records.Explanation, locale: str) -> Self:
        """For the member: rules that are not listed among the ways to earn are told only if they gave something."""
        speaker = Speaker(told.programme, locale)
        hidden = {rule.key for rule in told.programme.section(EarningConfig).rules if not rule.listed}
        return cls(
            title=speaker.title(told),
            amount=entry_amount(told, speaker),
            terms=terms_of(told.terms, speaker),
            programme_version=told.decided_by,
            occurred_at=told.occurred_at,
            rules=[rule_told(one, speaker) for one in told.rules if one.trace.units or one.trace.rule not in hidden],
        )


async def find_explanation(context: Context, member_id: MemberId, text: str) -> records.Explanation | None:
    """What is known of this entry, purchase or event of the member; None when it is unknown or another's."""
    programmes, now = context.services.programmes, context.moment.now
    if row := ids.find_row("entry", text, member_id):
        return await queries.explain_entry(context.reader, programmes, member_id, EntryId(row), now)
    if row := ids.find_row("purchase", text, member_id):
        return await queries.explain_purchase(context.reader, programmes, member_id, PurchaseId(row), now)
    if row := ids.find_row("event", text, member_id):
        return await queries.explain_event(context.reader, programmes, member_id, ActivityEventId(row), now)
    return None


def entry_amount(told: records.Explanation, speaker: Speaker) -> UnitAmount | None:
    """What moved, for an entry."""
    if told.currency is None or told.amount is None:
        return None
    return _amount(speaker, told.currency, told.amount)


def terms_of(terms: tuple[records.Term, ...], speaker: Speaker) -> list[ExplanationTerm]:
    """The lines of an addition in words."""
    return [ExplanationTerm(text=speaker.term(term), amount=term.amount) for term in terms]


def rule_told(told: records.RuleTold, speaker: Speaker) -> RuleExplanation:
    """One rule in words."""
    trace = told.trace
    return RuleExplanation(
        rule=trace.rule,
        name=speaker.rule(trace.rule),
        outcome=trace.outcome,
        reason=speaker.reason(trace, told.failed),
        amount=_amount(speaker, trace.currency, told.amount) if trace.units and trace.currency else None,
        terms=terms_of(told.terms, speaker),
        taken_back=told.taken_back,
    )


def unit_amount(programme: Programme, currency: str, units: int, locale: str) -> UnitAmount:
    """Scaled units as people read them. A currency the programme has given up is shown by its key."""
    found = next((item for item in programme.section(Currencies) if item.key == currency), None)
    return _amount(Speaker(programme, locale), currency, from_units(units, found.decimals if found else 0))


def explained(programme: Programme, told: RuleTrace, locale: str) -> RuleExplanation:
    """One rule of a decision that was not kept: a quote's."""
    zone = programme.section(ProgrammeConfig).time_zone
    found = next((item for item in programme.section(Currencies) if item.key == told.currency), None)
    amount = from_units(told.units, found.decimals if found else 0)
    return rule_told(records.RuleTold(told, amount, (), queries.why_not(told, None, zone)), Speaker(programme, locale))


def rule_name(programme: Programme, key: str, locale: str) -> str:
    """The name of a rule, or of the offer behind `offer:<key>`; the key itself for one that is gone."""
    return Speaker(programme, locale).rule(key)


def _amount(speaker: Speaker, currency: str, amount: Decimal) -> UnitAmount:
    found = next((item for item in speaker.programme.section(Currencies) if item.key == currency), None)
    name = found.named(amount, speaker.locale, speaker.default) if found else currency
    return UnitAmount(currency=currency, name=name, amount=amount)
