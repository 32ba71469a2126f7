"""Why: for one entry of the ledger, for one purchase, for one event. Each costs a handful of statements."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.activity.queries import find_event, find_purchase
from fedele.domains.activity.types import ActivityEventId, Purchase, PurchaseId
from fedele.domains.earning.queries import awards_of, explain_transaction, find_evaluation
from fedele.domains.earning.types import AwardRecord, ExplainedAward, RuleTrace
from fedele.domains.explaining.arithmetic import award_terms, decimals_of
from fedele.domains.explaining.diagnosis import why_not
from fedele.domains.explaining.movements import movement_terms
from fedele.domains.explaining.types import Cause, Explanation, RuleTold, Term
from fedele.domains.ledger.queries import find_transaction_of_entry, lots_by_id
from fedele.domains.ledger.types import EntryId, TransactionRecord
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme, ProgrammeVersion
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units

__all__ = ["CAUSES", "explain_entry", "explain_event", "explain_purchase", "why_not"]

# What a transaction's reason may name, and what that is called: the first that is there is the cause.
CAUSES = (
    ("auto_reward", "auto_reward"), ("reward", "reward"), ("challenge", "challenge"), ("streak", "challenge"),
    ("surprise", "surprise"), ("badge", "badge"), ("referral", "referral"), ("membership", "membership"),
    ("survey", "survey"), ("review", "review"), ("contest", "contest"), ("gathering", "gathering"),
    ("make_good", "make_good"), ("offer", "offer"), ("import", "import"), ("hold_id", "hold"), ("tender", "tender"),
    ("return_id", "return"), ("tier", "tier"), ("text", "adjustment"), ("event_id", "event"),
    ("purchase_id", "purchase"),
)  # fmt: skip


async def explain_entry(
    db: Queryable, programmes: ProgrammeSource, member_id: MemberId, entry_id: EntryId, now: datetime
) -> Explanation | None:
    """Why this entry of the member's ledger is what it is; None when it is unknown or another's."""
    transaction = await find_transaction_of_entry(db, member_id, entry_id)
    entry = next((leg for leg in transaction.entries if leg.id == entry_id), None) if transaction else None
    if transaction is None or entry is None:
        return None
    programme = await _version(programmes, transaction.programme_version, now)
    awards = await explain_transaction(db, member_id, transaction.reverses or transaction.id)
    lots = await lots_by_id(db, member_id, transaction.id)
    purchase = await _purchase(db, member_id, transaction, awards)
    # What is taken back was given by the version of its own time.
    judged = await _version(programmes, awards[0].award.programme_version, now) if awards else programme
    told = _rules(judged, awards[0].trace if awards else (), [one.award for one in awards], purchase)
    terms = movement_terms(transaction, entry, lots, decimals_of(programme, entry.currency))
    return Explanation(
        programme=programme,
        decided_by=transaction.programme_version,
        subject="entry",
        kind=transaction.kind,
        occurred_at=transaction.occurred_at,
        recorded_at=transaction.recorded_at,
        rules=told,
        cause=_cause(transaction),
        currency=entry.currency,
        account=entry.account,
        amount=from_units(entry.amount, decimals_of(programme, entry.currency)),
        terms=_with_awards(terms, programme, awards) if transaction.kind == "earn" else terms,
        transaction_id=transaction.id,
        scope=transaction.scope,
        key=transaction.key,
        actor=transaction.actor,
        reason=transaction.reason,
        store=purchase.store_id if purchase else None,
        receipt=purchase.receipt if purchase else None,
    )


async def explain_purchase(
    db: Queryable, programmes: ProgrammeSource, member_id: MemberId, purchase_id: PurchaseId, now: datetime
) -> Explanation | None:
    """What became of every rule for this purchase; None when it is unknown or another's."""
    purchase = await find_purchase(db, member_id, purchase_id)
    if purchase is None:
        return None
    version, trace = await find_evaluation(db, member_id, purchase_id)
    programme = await _version(programmes, version, now)
    awards = await awards_of(db, member_id, purchase_id)
    return Explanation(
        programme=programme,
        decided_by=version,
        subject="purchase",
        kind="purchase",
        occurred_at=purchase.occurred_at,
        recorded_at=purchase.recorded_at,
        rules=_rules(programme, trace, awards, purchase),
        cause=Cause("purchase", purchase.receipt),
        store=purchase.store_id,
        receipt=purchase.receipt,
    )


async def explain_event(
    db: Queryable, programmes: ProgrammeSource, member_id: MemberId, event_id: ActivityEventId, now: datetime
) -> Explanation | None:
    """What became of every rule for this event; None when it is unknown or another's."""
    event = await find_event(db, member_id, event_id)
    if event is None:
        return None
    version, trace = await find_evaluation(db, member_id, event_id)
    programme = await _version(programmes, version, now)
    awards = await awards_of(db, member_id, event_id)
    return Explanation(
        programme=programme,
        decided_by=version,
        subject="event",
        kind=event.name,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        rules=_rules(programme, trace, awards, None),
        cause=Cause("event", event.name),
        store=event.store_id,
    )


async def _version(programmes: ProgrammeSource, version: int | None, now: datetime) -> Programme:
    """The version that decided; what none did is told in the words of the version in force."""
    return await (programmes.version(ProgrammeVersion(version)) if version else programmes.at(now))


async def _purchase(
    db: Queryable, member_id: MemberId, transaction: TransactionRecord, awards: Sequence[ExplainedAward]
) -> Purchase | None:
    """The receipt behind a transaction: its own, or that of the awards it made or takes back."""
    found = next((one.source_id for one in awards if one.source_kind == "purchase"), None)
    found = found or transaction.purchase_id or _uuid(transaction.reason.get("purchase_id"))
    return await find_purchase(db, member_id, PurchaseId(found)) if found else None


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _rules(
    programme: Programme, trace: Sequence[RuleTrace], awards: Sequence[AwardRecord], purchase: Purchase | None
) -> tuple[RuleTold, ...]:
    by_rule = {award.rule: award for award in awards}
    zone = programme.section(ProgrammeConfig).time_zone
    told = []
    for one in trace:
        decimals, award = decimals_of(programme, one.currency), by_rule.get(one.rule)
        told.append(
            RuleTold(
                trace=one,
                amount=from_units(one.units, decimals),
                terms=award_terms(programme, one, award.lines if award else (), purchase),
                failed=why_not(one, purchase, zone),
                taken_back=from_units(award.clawed_back_units if award else 0, decimals),
            )
        )
    return tuple(told)


def _with_awards(terms: tuple[Term, ...], programme: Programme, awards: Sequence[ExplainedAward]) -> tuple[Term, ...]:
    """The awards one by one in place of the sum that came in."""
    told: list[Term] = []
    for term in terms:
        if term.kind != "issued" or not awards:
            told.append(term)
            continue
        parts = [
            Term(
                "award",
                from_units(one.award.units, decimals_of(programme, one.award.currency)),
                {"rule": one.award.rule},
            )
            for one in awards
        ]
        rest = term.amount - sum((part.amount for part in parts), Decimal(0))
        told += [*parts, *([dataclasses.replace(term, amount=rest)] if rest else [])]
    return tuple(told)


def _cause(transaction: TransactionRecord) -> Cause:
    reason = transaction.reason
    if transaction.kind == "adjust":
        return Cause("adjustment", str(reason.get("text", "")))
    for name, kind in CAUSES:
        if name in reason:
            return Cause(kind, str(reason[name]))
    return Cause(transaction.kind)
