"""What was expected after a step against what is: every difference, in the units that people read."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from fedele.api.explaining import explained
from fedele.domains.challenges.queries import list_badges
from fedele.domains.earning.queries import explain_source
from fedele.domains.ledger.queries import balances_by_member, list_lots, programme_totals
from fedele.domains.ledger.types import Balance
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.memberships.queries import list_memberships, list_payments
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.queries import list_held
from fedele.domains.tiers.queries import status_of
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money, from_units
from fedele.scenarios import talking
from fedele.scenarios.expectations import BalanceExpected, Expect, LotExpected
from fedele.scenarios.instants import last_day_before
from fedele.scenarios.play import Outcome, Play

BALANCE_PARTS = ("available", "pending", "reserved", "debt", "lifetime")


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that does not hold."""

    what: str
    expected: str
    actual: str


async def compare(play: Play, expect: Expect, member_id: MemberId | None, outcome: Outcome) -> list[Difference]:
    """Every difference between what the step expects and what is so now."""
    programme = await play.programme()
    found = [*_of_the_step(expect, outcome, programme)]
    if expect.explains:
        found += _explained(expect, await explanation(play, programme, member_id, outcome))
    if expect.liability is not None:
        found += await _liability(play, programme, expect.liability)
    if member_id is not None:
        found += await _of_the_member(play, programme, expect, member_id)
    return found


def _of_the_step(expect: Expect, outcome: Outcome, programme: Programme) -> Iterator[Difference]:
    code = outcome.refusal.code if outcome.refusal else None
    if expect.refused != code:
        actual = f"{code}: {outcome.refusal}" if outcome.refusal else "not refused"
        yield Difference("refused", expect.refused or "not refused", actual)
    by_rule: dict[str, Decimal] = {}
    for award in outcome.awards:
        plain = _plain(programme, award.currency, award.units)
        by_rule[award.rule] = by_rule.get(award.rule, Decimal(0)) + plain
    yield from _same("rules", expect.rules, by_rule)
    totals: Counter[str] = Counter()
    for award in outcome.awards:
        totals[award.currency] += award.units
    for name, units in (
        ("awards", totals),
        ("burned", outcome.burned),
        ("clawed_back", outcome.clawed_back),
        ("restored", outcome.restored),
    ):
        moved = {currency: _plain(programme, currency, amount) for currency, amount in units.items() if amount}
        yield from _same(name, getattr(expect, name), moved)
    for name in ("refund", "saved"):
        wanted, is_so = getattr(expect, name), getattr(outcome, name)
        if wanted is not None and wanted != is_so:
            yield Difference(name, str(wanted), str(is_so))


async def _of_the_member(play: Play, programme: Programme, expect: Expect, member_id: MemberId) -> list[Difference]:
    found: list[Difference] = []
    if expect.balances:
        found += await _balances(play, programme, expect.balances, member_id)
    if expect.lots:
        found += await _lots(play, programme, expect.lots, member_id)
    if expect.tier is not None or expect.kept_until is not None:
        found += await _tier(play, programme, expect, member_id)
    if expect.held is not None:
        held = await list_held(play.stage.fedele.database.reader, member_id, play.moment.now)
        found += _same("held", expect.held, Counter(one.reward_key for one in held))
    if expect.badges is not None:
        badges = await list_badges(play.stage.fedele.database.reader, programme, member_id)
        found += _same("badges", Counter(expect.badges), Counter(badge.key for badge in badges))
    found += await _said(play, expect, member_id)
    if len(programme.section(MembershipsConfig)):
        found += await _memberships(play, expect, member_id)
    return found


async def _said(play: Play, expect: Expect, member_id: MemberId) -> list[Difference]:
    """Messages are read at every step, expected or not: the next step asks for what is new."""
    said = await talking.newly_said(play, member_id)
    found: list[Difference] = []
    if expect.messages is not None:
        found += _same("messages", dict(talking.quoted(expect.messages.items())), dict(talking.quoted(said.items())))
    if expect.journeys is not None:
        found += _same("journeys", expect.journeys, await talking.journeys_of(play, member_id, expect.journeys))
    if expect.surveys is not None:
        found += _same("surveys", expect.surveys, await talking.surveys_of(play, member_id, expect.surveys))
    return found


async def _memberships(play: Play, expect: Expect, member_id: MemberId) -> Iterator[Difference]:
    reader = play.stage.fedele.database.reader
    found: list[Difference] = []
    if expect.memberships is not None:
        held = await list_memberships(reader, member_id)
        found += _same("memberships", expect.memberships, {one.key: one.state for one in held})
    new = [
        payment
        for payment in await list_payments(reader, member_id)
        if payment.kind == "charge" and payment.state == "succeeded" and payment.id not in play.payments_told
    ]
    play.payments_told.update(payment.id for payment in new)
    charged = sum((Money(payment.amount_minor, payment.currency).decimal for payment in new), Decimal(0))
    if expect.charged is not None and expect.charged != charged:
        found.append(Difference("charged", str(expect.charged), str(charged)))
    return iter(found)


async def _balances(
    play: Play, programme: Programme, expected: Mapping[str, BalanceExpected], member_id: MemberId
) -> list[Difference]:
    answered = await balances_by_member(play.stage.fedele.database.reader, [member_id], play.moment.now)
    actual: dict[str, Balance] = {balance.currency: balance for balance in answered[member_id]}
    found = []
    for currency, parts in expected.items():
        for part in BALANCE_PARTS:
            wanted: Decimal | None = getattr(parts, part)
            units = getattr(actual[currency], part) if currency in actual else 0
            if wanted is not None and wanted != _plain(programme, currency, units):
                has = str(_plain(programme, currency, units))
                found.append(Difference(f"balances.{currency}.{part}", str(wanted), has))
    return found


async def _lots(
    play: Play, programme: Programme, expected: Mapping[str, tuple[LotExpected, ...]], member_id: MemberId
) -> list[Difference]:
    now = play.moment.now
    left: dict[str, Counter[tuple[date | None, bool]]] = {currency: Counter() for currency in expected}
    for lot in await list_lots(play.stage.fedele.database.reader, member_id):
        pending = lot.state == "pending" and (lot.activates_at is None or lot.activates_at > now)
        if lot.currency in left and (pending or lot.expires_at is None or lot.expires_at > now):
            left[lot.currency][last_day_before(lot.expires_at, play.zone), pending] += lot.remaining + lot.reserved
    found = []
    for currency, lots in expected.items():
        wanted: Counter[tuple[date | None, bool]] = Counter()
        for lot_expected in lots:
            wanted[lot_expected.until, lot_expected.pending] += lot_expected.amount  # type: ignore[assignment]
        actual = {key: _plain(programme, currency, units) for key, units in left[currency].items()}
        if dict(wanted) != actual:
            found.append(Difference(f"lots.{currency}", _lots_text(wanted.items()), _lots_text(actual.items())))
    return found


def _lots_text(lots: Iterable[tuple[tuple[date | None, bool], Any]]) -> str:
    told = sorted(lots, key=lambda lot: (lot[0][0] or date.max, lot[0][1]))
    words = [
        f"{amount} {'until ' + str(until) if until else 'for ever'}{' (pending)' if pending else ''}"
        for (until, pending), amount in told
    ]
    return ", ".join(words) or "none"


async def _tier(play: Play, programme: Programme, expect: Expect, member_id: MemberId) -> list[Difference]:
    status = await status_of(play.stage.fedele.database.reader, programme, member_id, play.moment)
    found = []
    tier = status.current if status else None
    if expect.tier is not None and expect.tier != tier:
        found.append(Difference("tier", expect.tier, tier or "none"))
    kept = last_day_before(status.kept_until, play.zone) if status else None
    if expect.kept_until is not None and str(expect.kept_until) != (str(kept) if kept else "open"):
        found.append(Difference("kept_until", str(expect.kept_until), str(kept) if kept else "open"))
    return found


async def _liability(play: Play, programme: Programme, expected: Mapping[str, Decimal]) -> list[Difference]:
    totals = await programme_totals(play.stage.fedele.database.reader)
    owed = {str(total.currency): _plain(programme, total.currency, total.outstanding) for total in totals}
    return [
        Difference(f"liability.{currency}", str(wanted), str(owed.get(currency, Decimal(0))))
        for currency, wanted in expected.items()
        if wanted != owed.get(currency, Decimal(0))
    ]


async def explanation(play: Play, programme: Programme, member_id: MemberId | None, outcome: Outcome) -> str:
    """Every rule tried for this purchase or event, in words."""
    if member_id is None or outcome.source_id is None:
        return ""
    trace = await explain_source(play.stage.fedele.database.reader, member_id, outcome.source_id)
    told = [explained(programme, rule, "en") for rule in trace]
    return "\n".join(f"{rule.name} [{rule.rule}, {rule.outcome}]: {rule.reason}" for rule in told)


def _explained(expect: Expect, told: str) -> Iterator[Difference]:
    for words in expect.explains:
        if words not in told:
            yield Difference("explains", words, told or "nothing to explain")


def _same(what: str, expected: Mapping[str, Any] | None, actual: Mapping[str, Any]) -> Iterator[Difference]:
    """A difference where something is expected and is not exactly so."""
    if expected is not None and {k: v for k, v in expected.items() if v} != {k: v for k, v in actual.items() if v}:
        yield Difference(what, _told(expected), _told(actual))


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(values.items())) or "nothing"


def _plain(programme: Programme, currency: str, units: int) -> Decimal:
    found = next((item for item in programme.section(Currencies) if item.key == currency), None)
    return from_units(units, found.decimals if found else 0)
