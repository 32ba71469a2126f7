"""What a till is answered: the member as it may see them, quotes, settlements, returns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.explaining import RuleExplanation, UnitAmount, explained, rule_name, unit_amount
from fedele.api.scalars import Money
from fedele.api.staff.till_words import left_out_text
from fedele.domains.checkout import types as records
from fedele.domains.checkout.queries import receipt_token
from fedele.domains.earning.types import Award as EvaluatedAward
from fedele.domains.members.types import Peppers
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.config import TiersConfig
from fedele.kernel import money
from fedele.kernel.ids import MemberId


@strawberry.enum(description="How the till knows whom it serves.")
class IdentifiedBy(Enum):
    """Ways to be found."""

    STATIC_CODE = strawberry.enum_value("static_code", description="The code printed on the card: it may earn.")
    ROTATING_CODE = strawberry.enum_value("rotating_code", description="The code that the app or Google Wallet shows.")
    REWARD_CODE = strawberry.enum_value("reward_code", description="The own code of a reward that the member holds.")
    PHONE = strawberry.enum_value("phone", description="A telephone number was typed.")
    RECEIPT = strawberry.enum_value("receipt", description="A receipt's QR was scanned.")


@strawberry.enum(description="What lets value be spent beside the card.")
class SecondFact(Enum):
    """Second facts."""

    ROTATING_CODE = strawberry.enum_value("rotating_code", description="The code shown by the app, once.")
    REWARD_CODE = strawberry.enum_value(
        "reward_code", description="A held reward's own code: that reward alone can be used with it."
    )
    PIN = strawberry.enum_value("pin", description="The member's own PIN.")
    STAFF_CONFIRMATION = strawberry.enum_value("staff_confirmation", description="A cashier's word, with a reason.")


@strawberry.type
class TillTierBenefit:
    """One thing that the member's tier brings, in words for whoever serves them."""

    key: str
    text: str


@strawberry.type
class TillTier:
    """The tier of the member at the till."""

    key: str
    name: str
    benefits: list[TillTierBenefit]


@strawberry.type
class TillMembership:
    """A paid membership that the member has now."""

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
class TillHeldReward:
    """A reward the member holds and may use here now."""

    id: strawberry.ID = strawberry.field(description="Give it in a basket's rewards, or in a hold's.")
    key: str
    title: str
    kind: str = strawberry.field(description="Its type in the programme file: discount_amount, free_product.")
    usable_until: datetime


@strawberry.type
class TillMember:
    """The member as a till may see them: enough to greet and to sell, nothing to contact them with."""

    id: strawberry.ID
    display_name: str | None = strawberry.field(description='First name and initial: "Anna R."')
    tier: TillTier | None
    memberships: list[TillMembership] = strawberry.field(description="Paid memberships in force at this moment.")
    balances: list[UnitAmount] = strawberry.field(description="What can be spent now.")
    offers: list[TillOffer]
    rewards: list[TillReward] = strawberry.field(description="What the member could buy with units now.")
    held: list[TillHeldReward] = strawberry.field(description="What the member has and may use here now.")

    @classmethod
    def of(cls, record: records.TillMember, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            id=ids.member_id(record.member_id),
            display_name=record.display_name,
            tier=till_tier(programme, record.tier.current, locale) if record.tier else None,
            memberships=till_memberships(programme, record.memberships, locale),
            balances=[unit_amount(programme, b.currency, b.available, locale) for b in record.balances],
            offers=[till_offer(record.member_id, benefit) for benefit in record.benefits],
            rewards=[
                TillReward(key=r.key, title=r.title, cost=unit_amount(programme, r.currency, r.units, locale))
                for r in record.rewards
            ],
            held=[
                TillHeldReward(
                    id=ids.row_id("redemption", record.member_id, h.redemption_id), key=h.key, title=h.title,
                    kind=h.kind, usable_until=h.usable_until,
                )
                for h in record.held
            ],
        )  # fmt: skip


@strawberry.type
class Award:
    """What one rule gives."""

    rule: str
    name: str
    amount: UnitAmount


@strawberry.type
class LineDiscount:
    """A discount's part of one line."""

    number: int
    amount: Money


@strawberry.type
class TillDiscount:
    """A discount of an offer or a reward."""

    id: strawberry.ID = strawberry.field(description="The claim's or the held reward's.")
    kind: str = strawberry.field(description="offer or reward")
    key: str
    amount: Money
    lines: list[LineDiscount] = strawberry.field(description="They sum to the amount, exactly.")


@strawberry.type
class DiscountLeftOut:
    """A discount that this basket does not take; it stays in hand."""

    id: strawberry.ID
    kind: str
    key: str
    title: str
    code: str = strawberry.field(
        description="GROUP_TAKEN, NOT_COMBINABLE, TOO_MANY, MINIMUM_SPEND, OTHER_MONEY, SHARE_REACHED, "
        "NOTHING_TO_DISCOUNT or MARGIN_FLOOR."
    )
    message: str = strawberry.field(description="Why, in words.")


@strawberry.type
class PayWith:
    """How much of the basket units may pay."""

    limit: UnitAmount = strawberry.field(description="The most that the programme lets pay this basket.")
    payable: UnitAmount = strawberry.field(description="The most that this member can pay with now.")
    worth: Money = strawberry.field(description="What the payable units pay: a POINTS tender of this amount.")


@strawberry.type
class QuotedLine:
    """A line as it would be paid."""

    number: int
    amount: Money
    discount: Money


@strawberry.type
class Quote:
    """What settling the basket would give."""

    total: Money = strawberry.field(description="What the lines cost as they were sent.")
    to_pay: Money = strawberry.field(description="Once Fedele's discounts are off.")
    saved: Money
    lines: list[QuotedLine]
    discounts: list[TillDiscount]
    left_out: list[DiscountLeftOut]
    burned: list[UnitAmount] = strawberry.field(description="What the points tenders would take.")
    pay_with: list[PayWith]
    second_fact_needed: bool = strawberry.field(description="Settling it takes the app's code, a PIN or a reason.")
    hash: str = strawberry.field(description="Give it to settle, which then does exactly this or refuses.")

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
            total=_money(record.total_minor, record.currency),
            to_pay=_money(record.to_pay_minor, record.currency),
            saved=_money(record.total_minor - record.to_pay_minor, record.currency),
            lines=[
                QuotedLine(
                    number=line.number,
                    amount=_money(line.amount_minor, record.currency),
                    discount=_money(line.discount_minor, record.currency),
                )
                for line in record.lines
            ],
            discounts=till_discounts(record.member_id, record.discounts, record.currency),
            left_out=[
                DiscountLeftOut(
                    id=_discount_id(record.member_id, left), kind=left.source, key=left.key, title=left.title,
                    code=left.code, message=left_out_text(left.code, locale),
                )
                for left in record.left_out
                if record.member_id
            ],
            burned=amounts(programme, record.burned, locale),
            pay_with=[
                PayWith(
                    limit=unit_amount(programme, one.currency, one.units_max, locale),
                    payable=unit_amount(programme, one.currency, one.units_payable, locale),
                    worth=_money(one.minor_payable, record.currency),
                )
                for one in record.pay_with
            ],
            second_fact_needed=record.second_fact_needed,
            hash=record.hash,
        )  # fmt: skip


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
    total: Money | None = strawberry.field(description="What was paid. Null: settled before answers told it.")
    saved: Money | None = strawberry.field(description="What Fedele took off.")
    discounts: list[TillDiscount]
    rewards_used: list[strawberry.ID]
    late: bool = strawberry.field(description="It reached us later than the programme finds usual.")
    receipt_token: str | None = strawberry.field(
        description="Print it on the receipt as a QR code: scanning it finds member and purchase for a return."
    )

    @classmethod
    def of(cls, record: records.Settlement, programme: Programme, locale: str, peppers: Peppers | None = None) -> Self:
        """From the record. `peppers` sign the receipt's token."""
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
            total=_money(record.total_minor, record.currency) if record.currency else None,
            saved=_money(record.saved_minor, record.currency) if record.currency else None,
            discounts=till_discounts(record.member_id, record.discounts, record.currency or ""),
            rewards_used=[ids.row_id("redemption", record.member_id, used) for used in record.rewards_used],
            late=record.late,
            receipt_token=receipt_token(peppers, record.member_id, record.purchase_id) if peppers else None,
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


def till_discounts(
    member_id: MemberId | None, taken: Sequence[records.TakenDiscount], currency: str
) -> list[TillDiscount]:
    """Discounts with the ids of what they came from."""
    return [
        TillDiscount(
            id=_discount_id(member_id, one),
            kind=one.source,
            key=one.key,
            amount=_money(one.minor, currency),
            lines=[LineDiscount(number=n, amount=_money(minor, currency)) for n, minor in sorted(one.lines.items())],
        )
        for one in taken
        if member_id
    ]


def _discount_id(member_id: MemberId | None, one: records.TakenDiscount | records.DiscountLeftOut) -> strawberry.ID:
    assert member_id is not None, "a guest holds nothing"
    return ids.row_id("claim" if one.source == "offer" else "redemption", member_id, one.id)


def _money(minor: int, currency: str) -> Money:
    return Money.of(money.Money(minor, currency))


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
    benefits = [TillTierBenefit(key=one.key, text=one.text.in_locale(locale, default)) for one in level.benefits]
    return TillTier(key=level.key, name=level.name.in_locale(locale, default), benefits=benefits)


def till_memberships(programme: Programme, keys: Iterable[str], locale: str) -> list[TillMembership]:
    """Paid memberships by their keys, in the reader's language; those that the programme has given up are left out."""
    default, sold = programme.section(ProgrammeConfig).default_locale, programme.section(MembershipsConfig)
    found = (sold.find(key) for key in keys)
    return [TillMembership(key=one.key, name=one.name.in_locale(locale, default)) for one in found if one]


def tier_move(programme: Programme, move: records.TierMove | None, locale: str) -> TierMove | None:
    """A change of tier, if there was one."""
    if move is None:
        return None
    return TierMove(
        before=till_tier(programme, move.from_tier, locale), after=till_tier(programme, move.to_tier, locale)
    )
