"""What a reward is, by its kind: a union whose members have typed fields, for the app to show."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo

import strawberry

from fedele.api.member.programme import Speaker
from fedele.api.scalars import Money
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import config
from fedele.kernel import money


@strawberry.type
class AmountOff:
    """Money off a basket."""

    value: Money
    minimum_spend: Money = strawberry.field(description="What the basket must come to.")


@strawberry.type
class PercentOff:
    """A share off a basket."""

    percent: Decimal
    discount_max: Money | None = strawberry.field(description="At most so much.")
    minimum_spend: Money = strawberry.field(description="What the basket must come to.")


@strawberry.type
class FreeArticle:
    """One article for nothing."""

    skus: list[str] = strawberry.field(description="Any of these articles.")
    category: str | None = strawberry.field(description="Or any of this category, as the shop names it.")
    value_max: Money | None = strawberry.field(description="The most that the article may cost.")
    minimum_spend: Money = strawberry.field(description="What the rest of the basket must come to.")


@strawberry.type
class FreeDelivery:
    """Delivery for nothing."""

    discount_max: Money | None = strawberry.field(description="At most so much off delivery.")
    minimum_spend: Money = strawberry.field(description="What the basket must come to, without delivery.")


@strawberry.type
class Voucher:
    """A code to use elsewhere; the redemption has it."""

    value: Money | None


@strawberry.type
class GiftCardOf:
    """A gift card; the redemption has its code."""

    value: Money


@strawberry.type
class Ticket:
    """A ticket to something that happens."""

    starts_at: datetime | None
    venue: str | None
    seats: int


@strawberry.type
class EarlyAccess:
    """The right to buy or book before others."""

    access: str = strawberry.field(description="What the shop asks for: the key of the sale or the drop.")
    link: str | None


@strawberry.type
class DonationTo:
    """The units go to a cause; it is final."""

    cause: str
    value: Money | None = strawberry.field(description="What the brand gives for it.")


@strawberry.type
class DrawEntry:
    """An entry in a draw; the redemption has its number."""

    winners: int = strawberry.field(description="How many entries win.")
    closes_on: date | None = strawberry.field(description="The last day of entering.")


@strawberry.type
class GiftToSend:
    """Something that is sent: redeeming it asks for an address."""

    ships_to: list[str] = strawberry.field(description="ISO countries it is sent to; none: all.")


@strawberry.type
class UnitsBack:
    """Units of a currency, at once."""

    currency: str = strawberry.field(description="The key of a currency.")
    amount: Decimal


@strawberry.type
class RewardField:
    """One typed field of a custom reward; the value stands in the field of its type."""

    key: str
    type: str = strawberry.field(description="text, number, flag, date or link.")
    text: str | None = strawberry.field(description="Of a text, in the reader's language, or of a link.")
    number: Decimal | None
    flag: bool | None
    date: date | None


@strawberry.type
class CustomBenefit:
    """What no other kind foresees: typed fields of the programme's own."""

    fields: list[RewardField]


RewardBenefit: TypeAlias = Annotated[
    AmountOff
    | PercentOff
    | FreeArticle
    | FreeDelivery
    | Voucher
    | GiftCardOf
    | Ticket
    | EarlyAccess
    | DonationTo
    | DrawEntry
    | GiftToSend
    | UnitsBack
    | CustomBenefit,
    strawberry.union("RewardBenefit", description="What a reward is, by its kind."),
]


class _Teller:
    """Puts one reward of the programme file into the words of the schema."""

    def __init__(self, programme: Programme, speaker: Speaker) -> None:
        self.programme, self.speaker = programme, speaker

    def _money(self, amount: Decimal, currency: str | None = None) -> Money:
        iso = currency or self.speaker.own.home_currency
        minor = int(amount.scaleb(money.minor_digits(iso)))
        return Money.of(money.Money(minor, iso))

    def _maybe(self, amount: Decimal | None, currency: str | None = None) -> Money | None:
        return None if amount is None else self._money(amount, currency)

    def amount_off(self, reward: config.DiscountAmount) -> AmountOff:
        return AmountOff(
            value=self._money(reward.value, reward.money), minimum_spend=self._money(reward.minimum_spend, reward.money)
        )

    def percent_off(self, reward: config.DiscountPercent) -> PercentOff:
        return PercentOff(
            percent=reward.percent,
            discount_max=self._maybe(reward.discount_max),
            minimum_spend=self._money(reward.minimum_spend),
        )

    def free_article(self, reward: config.FreeProduct) -> FreeArticle:
        return FreeArticle(
            skus=list(reward.skus),
            category=reward.product_category,
            value_max=self._maybe(reward.value_max),
            minimum_spend=self._money(reward.minimum_spend),
        )

    def free_delivery(self, reward: config.FreeShipping) -> FreeDelivery:
        return FreeDelivery(
            discount_max=self._maybe(reward.discount_max), minimum_spend=self._money(reward.minimum_spend)
        )

    def voucher(self, reward: config.VoucherCode) -> Voucher:
        return Voucher(value=self._maybe(reward.value, reward.money))

    def gift_card(self, reward: config.GiftCard) -> GiftCardOf:
        return GiftCardOf(value=self._money(reward.value, reward.money))

    def ticket(self, reward: config.Experience) -> Ticket:
        zone = ZoneInfo(self.speaker.own.time_zone)
        starts_at = datetime.fromisoformat(reward.starts_at).replace(tzinfo=zone) if reward.starts_at else None
        return Ticket(starts_at=starts_at, venue=self.speaker.maybe(reward.venue), seats=reward.seats)

    def early_access(self, reward: config.EarlyAccess) -> EarlyAccess:
        return EarlyAccess(access=reward.access, link=reward.link)

    def donation(self, reward: config.Donation) -> DonationTo:
        return DonationTo(cause=reward.cause, value=self._maybe(reward.value, reward.money))

    def entry(self, reward: config.SweepstakeEntry) -> DrawEntry:
        return DrawEntry(winners=reward.winners, closes_on=reward.dates.ends)

    def to_send(self, reward: config.PhysicalGift) -> GiftToSend:
        return GiftToSend(ships_to=list(reward.ships_to))

    def units(self, reward: config.UnitsReward) -> UnitsBack:
        return UnitsBack(currency=reward.gives.currency, amount=reward.gives.amount)

    def custom(self, reward: config.Custom) -> CustomBenefit:
        return CustomBenefit(fields=[self._field(key, field) for key, field in reward.fields.items()])

    def _field(self, key: str, field: Any) -> RewardField:
        text = self.speaker.say(field.value) if field.type == "text" else field.value if field.type == "link" else None
        return RewardField(
            key=key,
            type=field.type,
            text=text,
            number=field.value if field.type == "number" else None,
            flag=field.value if field.type == "flag" else None,
            date=field.value if field.type == "date" else None,
        )


# A new kind is a type above, its name in the union, and a line here; a test asserts that none is forgotten.
BENEFITS: dict[type[config.RewardBase], Callable[[_Teller, Any], Any]] = {
    config.DiscountAmount: _Teller.amount_off,
    config.DiscountPercent: _Teller.percent_off,
    config.FreeProduct: _Teller.free_article,
    config.FreeShipping: _Teller.free_delivery,
    config.VoucherCode: _Teller.voucher,
    config.GiftCard: _Teller.gift_card,
    config.Experience: _Teller.ticket,
    config.EarlyAccess: _Teller.early_access,
    config.Donation: _Teller.donation,
    config.SweepstakeEntry: _Teller.entry,
    config.PhysicalGift: _Teller.to_send,
    config.UnitsReward: _Teller.units,
    config.Custom: _Teller.custom,
}


# A catalogue is told to everybody who looks: a reward of a programme version once in each language.
_TOLD: dict[tuple[int, str], tuple[config.Reward, Any]] = {}
_TOLD_MAX = 5_000


def benefit_of(reward: config.Reward, programme: Programme, speaker: Speaker) -> RewardBenefit:
    """What this reward is, in the reader's language."""
    key = (id(reward), speaker.locale)
    kept = _TOLD.get(key)
    if kept is None or kept[0] is not reward:  # the entry keeps the reward alive, so that its id is not another's
        if len(_TOLD) >= _TOLD_MAX:
            _TOLD.clear()
        kept = _TOLD[key] = (reward, BENEFITS[type(reward)](_Teller(programme, speaker), reward))
    told: RewardBenefit = kept[1]
    return told
