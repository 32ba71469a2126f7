"""What a till is answered: the member as it may see them, quotes, settlements, returns."""

from collections.abc import Mapping, Sequence
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.explaining import RuleExplanation, UnitAmount, explained, rule_name, unit_amount
from fedele.api.scalars import Money
from fedele.domains.checkout import types as records
from fedele.domains.earning.types import Award as EvaluatedAward
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.config import TiersConfig
from fedele.kernel import money
from fedele.kernel.ids import MemberId


@strawberry.type
class TillTier:
    """The tier of the member at the till."""

    key: str
    name: str


@strawberry.type
class TillOffer:
    """An offer in hand that a sale may use up."""

    id: strawberry.ID = strawberry.field(description="Give it in a basket's offers to choose it.")
    key: str
    title: str


@strawberry.type
class TillReward:
    """A reward the member could have now."""

    key: str
    title: str
    cost: UnitAmount


@strawberry.type
class TillMember:
    """The member as a till may see them: enough to greet and to sell, nothing to contact them with."""

    id: strawberry.ID
    display_name: str | None = strawberry.field(description='First name and initial: "Anna R."')
    tier: TillTier | None
    balances: list[UnitAmount] = strawberry.field(description="What can be spent now.")
    offers: list[TillOffer]
    rewards: list[TillReward]

    @classmethod
    def of(cls, record: records.TillMember, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            id=ids.member_id(record.member_id),
            display_name=record.display_name,
            tier=till_tier(programme, record.tier.current, locale) if record.tier else None,
            balances=[unit_amount(programme, b.currency, b.available, locale) for b in record.balances],
            offers=[till_offer(record.member_id, benefit) for benefit in record.benefits],
            rewards=[
                TillReward(key=r.key, title=r.title, cost=unit_amount(programme, r.currency, r.units, locale))
                for r in record.rewards
            ],
        )


@strawberry.type
class Award:
    """What one rule gives."""

    rule: str
    name: str
    amount: UnitAmount


@strawberry.type
class Quote:
    """What settling the basket would give."""

    awards: list[Award]
    rules: list[RuleExplanation] = strawberry.field(description="Every rule tried, and why it gave what it gave.")
    offers_used: list[TillOffer]
    tier_after: TillTier | None = strawberry.field(description="The member's tier once it is settled.")

    @classmethod
    def of(cls, record: records.Quote, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            awards=awards(programme, record.evaluation.awards, locale),
            rules=[explained(programme, told, locale) for told in record.evaluation.trace],
            offers_used=[till_offer(record.member_id, benefit) for benefit in record.benefits_used if record.member_id],
            tier_after=till_tier(programme, record.tier_after, locale),
        )


@strawberry.type
class TierMove:
    """The tier became another one."""

    before: TillTier | None
    after: TillTier | None


@strawberry.type
class Settlement:
    """A settled sale. A retry with the same key gets exactly this again."""

    purchase_id: strawberry.ID
    member_id: strawberry.ID
    guest: bool
    version: int = strawberry.field(description="The member's version after it; it only rises.")
    programme_version: int
    awards: list[Award]
    burned: list[UnitAmount]
    spendable: list[UnitAmount] = strawberry.field(description="What is left to spend, of the currencies it touched.")
    tier_move: TierMove | None

    @classmethod
    def of(cls, record: records.Settlement, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            purchase_id=ids.row_id("purchase", record.member_id, record.purchase_id),
            member_id=ids.member_id(record.member_id),
            guest=record.guest,
            version=record.version,
            programme_version=record.programme_version,
            awards=awards(programme, record.awards, locale),
            burned=amounts(programme, record.burned, locale),
            spendable=amounts(programme, record.spendable, locale),
            tier_move=tier_move(programme, record.tier_move, locale),
        )


@strawberry.type
class Return:
    """A settled return. A retry with the same key gets exactly this again."""

    return_id: strawberry.ID
    purchase_id: strawberry.ID
    member_id: strawberry.ID
    version: int
    refund: Money = strawberry.field(description="What was paid for what came back.")
    clawed_back: list[UnitAmount]
    restored: list[UnitAmount] = strawberry.field(description="Units that had paid and went back to their own lots.")
    spendable: list[UnitAmount]
    tier_move: TierMove | None

    @classmethod
    def of(cls, record: records.ReturnSettlement, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            return_id=ids.row_id("return", record.member_id, record.return_id),
            purchase_id=ids.row_id("purchase", record.member_id, record.purchase_id),
            member_id=ids.member_id(record.member_id),
            version=record.version,
            refund=Money.of(money.Money(record.total_minor, record.currency)),
            clawed_back=amounts(programme, record.clawed_back, locale),
            restored=amounts(programme, record.restored, locale),
            spendable=amounts(programme, record.spendable, locale),
            tier_move=tier_move(programme, record.tier_move, locale),
        )


@strawberry.type
class RecordedEvent:
    """A recorded event and what it earned. A retry with the same key gets exactly this again."""

    event_id: strawberry.ID
    member_id: strawberry.ID
    version: int
    awards: list[Award]
    spendable: list[UnitAmount]
    tier_move: TierMove | None

    @classmethod
    def of(cls, record: records.EventSettlement, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            event_id=ids.row_id("event", record.member_id, record.event_id),
            member_id=ids.member_id(record.member_id),
            version=record.version,
            awards=awards(programme, record.awards, locale),
            spendable=amounts(programme, record.spendable, locale),
            tier_move=tier_move(programme, record.tier_move, locale),
        )


def awards(programme: Programme, given: Sequence[records.GivenAward | EvaluatedAward], locale: str) -> list[Award]:
    """What each rule gave."""
    return [
        Award(
            rule=award.rule,
            name=rule_name(programme, award.rule, locale),
            amount=unit_amount(programme, award.currency, award.units, locale),
        )
        for award in given
    ]


def till_offer(member_id: MemberId, benefit: records.Benefit) -> TillOffer:
    """An offer in hand, with the id of its claim."""
    return TillOffer(id=ids.row_id("claim", member_id, benefit.claim_id), key=benefit.key, title=benefit.title)


def amounts(programme: Programme, units: Mapping[str, int], locale: str) -> list[UnitAmount]:
    """Scaled units by currency."""
    return [unit_amount(programme, currency, amount, locale) for currency, amount in units.items()]


def till_tier(programme: Programme, key: str | None, locale: str) -> TillTier | None:
    """A tier by its key, in the reader's language."""
    level = next((level for level in programme.section(TiersConfig).levels if level.key == key), None)
    if level is None:
        return None
    default = programme.section(ProgrammeConfig).default_locale
    return TillTier(key=level.key, name=level.name.in_locale(locale, default))


def tier_move(programme: Programme, move: records.TierMove | None, locale: str) -> TierMove | None:
    """A change of tier, if there was one."""
    if move is None:
        return None
    return TierMove(
        before=till_tier(programme, move.from_tier, locale), after=till_tier(programme, move.to_tier, locale)
    )
