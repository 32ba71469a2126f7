"""One member's history, happening by happening, through the till's own decisions. Pure: nothing is read or written."""

import copy
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.domains.activity.types import ActivityEvent, Happening, Purchase, RecordedReturn
from fedele.domains.checkout.queries import MemberState, Rules, RunningState, decide_event, decide_return, decide_sale
from fedele.domains.checkout.types import Benefit, Return
from fedele.domains.earning.types import AwardId, AwardRecord, Evaluation, GivenAward, Occasion, Sale
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.queries import boost_of
from fedele.domains.tiers.queries import decide
from fedele.domains.tiers.types import Grant
from fedele.kernel.ids import new_id
from fedele.kernel.refusal import Refusal


@dataclasses.dataclass(frozen=True, slots=True)
class UsedClaim:
    """A claimed offer that a purchase used up."""

    claim_id: UUID
    offer: str


@dataclasses.dataclass(frozen=True, slots=True)
class Replayed:
    """An award as the replay gave it and as returns have left it."""

    award: GivenAward
    at: datetime
    tier: str

    @property
    def kept(self) -> int:
        """What is left of it."""
        return self.award.record.units - self.award.record.clawed_back_units


class Replay:
    """A member under way. `awards` by the purchase or event that brought them."""

    def __init__(self, state: RunningState, used: Mapping[UUID, Sequence[UsedClaim]]) -> None:
        self.state, self.used = state, used
        self.awards: dict[UUID, list[Replayed]] = {}
        self.tiers: dict[UUID, str] = {}
        self.purchases: dict[UUID, Purchase] = {}
        self.refused: Counter[str] = Counter()

    def fork(self) -> "Replay":
        """The same member up to here, to go on under other rules."""
        kept = {field.name: getattr(self.state, field.name) for field in dataclasses.fields(self.state)}
        own: dict[str, Any] = {name: copy.copy(value) for name, value in kept.items() if isinstance(value, list | dict)}
        state = dataclasses.replace(self.state, **own)
        other = Replay(state, self.used)
        other.awards = {source: list(given) for source, given in self.awards.items()}
        other.tiers, other.purchases, other.refused = dict(self.tiers), dict(self.purchases), Counter(self.refused)
        return other

    def grant(self, grant: Grant, rules: Rules) -> None:
        """Let a tier have been given by hand, or by a membership."""
        if rules.tiers.config.levels:
            self.state.grant(rules, grant)

    def step(self, happening: Happening, rules: Rules) -> None:
        """Let it happen under these rules."""
        try:
            match happening:
                case Purchase():
                    self._buy(happening, rules)
                case RecordedReturn():
                    self._bring_back(happening, rules)
                case ActivityEvent():
                    self._do(happening, rules)
        except Refusal as error:
            self.refused[error.code] += 1

    def tier_at(self, rules: Rules, at: datetime) -> str:
        """The tier the member stands on at this instant; "" in a programme without tiers."""
        levels = [level.key for level in rules.tiers.config.levels]
        if not levels:
            return ""
        state = self.state.at(rules, at, {})
        tier = (
            state.tier_then or decide(rules.tiers, state.standing, state.days, at, state.joined_at or at).standing.tier
        )
        return tier if tier in levels else levels[0]

    def _buy(self, purchase: Purchase, rules: Rules) -> None:
        at = purchase.occurred_at
        sale = Sale(
            purchase.store_id, at, purchase.currency, purchase.lines, purchase.tenders, purchase.channel,
            purchase.attributes,
        )  # fmt: skip
        self.purchases[purchase.id] = dataclasses.replace(purchase, returned={})
        state, benefits = self.state.at(rules, at, {}), self._benefits(purchase.id, rules)
        self.tiers[purchase.id] = _tier(rules, state, at)
        try:
            decision = decide_sale(rules, state, sale, purchase.id, benefits, purchase.recorded_at)
        except Refusal as error:
            # What paid in units then could not have under these rules: the customer would have paid otherwise.
            self.refused[error.code] += 1
            paid = tuple(dataclasses.replace(t, kind="other") if t.kind == "points" else t for t in sale.tenders)
            sale = dataclasses.replace(sale, tenders=paid)
            decision = decide_sale(rules, state, sale, purchase.id, benefits, purchase.recorded_at)
        self._keep(purchase.id, at, decision.evaluation)
        self.state.take(decision, at)

    def _do(self, event: ActivityEvent, rules: Rules) -> None:
        at = event.occurred_at
        occasion = Occasion(event.name, at, event.store_id, "", event.properties)
        state = self.state.at(rules, at, {})
        self.tiers[event.id] = _tier(rules, state, at)
        decision = decide_event(rules, state, occasion, event.id, event.recorded_at)
        self._keep(event.id, at, decision.evaluation)
        self.state.take(decision, at, purchase=False)

    def _bring_back(self, back: RecordedReturn, rules: Rules) -> None:
        purchase = self.purchases[back.purchase_id]
        given = self.awards.get(back.purchase_id, [])
        asked = Return(store_id=back.store_id, lines=back.lines)
        state = self.state.at(rules, back.occurred_at, {})
        awards = [one.award for one in given]
        decision = decide_return(rules, state, purchase, asked, awards, back.id, back.occurred_at)
        returned = dict(purchase.returned)
        for line in back.lines:
            returned[line.number] = returned.get(line.number, Decimal(0)) + line.quantity
        self.purchases[back.purchase_id] = dataclasses.replace(purchase, returned=returned)
        taken = {award.record.id: units for award, units in decision.clawbacks}
        self.awards[back.purchase_id] = [_less(one, taken.get(one.award.record.id, 0)) for one in given]
        self.state.take_return(decision)

    def _benefits(self, purchase_id: UUID, rules: Rules) -> list[Benefit]:
        offers = rules.programme.section(OffersConfig)
        benefits = []
        for claim in self.used.get(purchase_id, ()):
            offer = offers.find(claim.offer)
            found = boost_of(offer, rules.programme) if offer else None
            if found:
                benefits.append(Benefit(claim.claim_id, claim.offer, claim.offer, found[0]))
        return benefits

    def _keep(self, source_id: UUID, at: datetime, evaluation: Evaluation) -> None:
        self.awards[source_id] = [
            Replayed(
                GivenAward(
                    AwardRecord(
                        id=AwardId(new_id()),
                        rule=award.rule,
                        currency=award.currency,
                        units=award.units,
                        clawed_back_units=0,
                        lines=award.lines,
                        ledger_transaction_id=None,
                        programme_version=evaluation.programme_version,
                    ),
                    award.usage,
                ),
                at,
                self.tiers[source_id],
            )
            for award in evaluation.awards
        ]


def _tier(rules: Rules, state: MemberState, at: datetime) -> str:
    levels = [level.key for level in rules.tiers.config.levels]
    if not levels:
        return ""
    now = decide(rules.tiers, state.standing, state.days, at, state.joined_at or at).standing
    tier = state.tier_then or now.tier
    return tier if tier in levels else levels[0]


def _less(given: Replayed, units: int) -> Replayed:
    record = given.award.record
    record = dataclasses.replace(record, clawed_back_units=record.clawed_back_units + units)
    return dataclasses.replace(given, award=dataclasses.replace(given.award, record=record))
