"""The programme as members see it: name, currencies, tiers, ways to earn, texts, colours. Nothing here is personal."""

from decimal import Decimal
from typing import Self

import strawberry

from fedele.api.context import Info
from fedele.api.member.tiers import Tier
from fedele.api.permissions import PUBLIC, query_field
from fedele.api.scalars import URL, Locale, Money, TimeZone
from fedele.domains.earning.config import EarningConfig, EventAward, PurchaseFixed, PurchaseMultiplier
from fedele.domains.earning.config import Rule as RuleConfig
from fedele.domains.programme import config, types
from fedele.domains.tiers.config import TiersConfig


class Speaker:
    """Puts the programme's texts into one locale."""

    def __init__(self, programme: types.Programme, locale: str) -> None:
        self.own = programme.section(config.ProgrammeConfig)
        self.locale = locale

    def say(self, text: types.Text) -> str:
        """The text, in the locale or what comes nearest."""
        return text.in_locale(self.locale, self.own.default_locale)

    def maybe(self, text: types.Text | None) -> str | None:
        """The text if there is one."""
        return self.say(text) if text else None


@strawberry.type
class Currency:
    """One of the programme's own currencies: points, stars, stamps, store credit."""

    key: str
    name: str = strawberry.field(description="Plural, for after a number: points.")
    name_one: str = strawberry.field(description="For after a one, where the language tells them apart.")
    kind: str = strawberry.field(description="points, stars, stamps, cashback or credit.")
    decimals: int = strawberry.field(description="Digits after the point in amounts of it.")
    worth: Decimal = strawberry.field(description="What one unit is worth in the programme's home currency.")

    @classmethod
    def of(cls, record: config.Currency, speaker: Speaker) -> Self:
        """From the programme file."""
        name = speaker.say(record.name)
        return cls(
            key=record.key, name=name, name_one=speaker.maybe(record.name_one) or name, kind=record.kind,
            decimals=record.decimals, worth=record.worth,
        )  # fmt: skip


@strawberry.type
class WayToEarn:
    """Something that earns."""

    key: str
    title: str
    description: str | None
    currency: str = strawberry.field(description="The key of a currency.")
    amount: Decimal | None = strawberry.field(description="How much it earns; null where it depends on what was done.")
    per: Money | None = strawberry.field(description="For purchases: for how much money spent.")
    event: str | None = strawberry.field(description="For events: the name to record.")

    @classmethod
    def of(cls, rule: RuleConfig, speaker: Speaker) -> Self:
        """From a rule of the programme file."""
        amount, per, event = None, None, None
        if isinstance(rule, PurchaseMultiplier):
            amount = rule.amount * rule.multiplier
            per = Money(amount=rule.per, currency=speaker.own.home_currency)
        elif isinstance(rule, PurchaseFixed):
            amount = rule.amount
        elif isinstance(rule, EventAward):
            amount, event = rule.amount.constant, rule.event
        return cls(
            key=rule.key, title=speaker.say(rule.name), description=speaker.maybe(rule.description),
            currency=rule.currency, amount=amount, per=per, event=event,
        )  # fmt: skip


@strawberry.type
class Colours:
    """The brand's colours, as #RRGGBB."""

    background: str
    foreground: str
    accent: str
    label: str


@strawberry.type
class NamedText:
    """One of the programme's texts by its key."""

    key: str
    text: str


@strawberry.type
class Programme:
    """The loyalty programme, in the language of the request."""

    name: str
    tagline: str | None
    version: int = strawberry.field(description="Rises with every change; a cached answer of another version is old.")
    time_zone: TimeZone = strawberry.field(description="Where the programme's days begin and end.")
    home_currency: str = strawberry.field(description="ISO 4217: the money in which worth is told.")
    locales: list[Locale]
    currencies: list[Currency]
    tiers: list[Tier] = strawberry.field(description="From the lowest to the highest.")
    ways_to_earn: list[WayToEarn]
    texts: list[NamedText]
    colours: Colours
    terms: URL | None
    support_url: str | None = strawberry.field(description="https: or mailto:")

    @classmethod
    def of(cls, programme: types.Programme, locale: str) -> Self:
        """A version of the programme, spoken in a locale."""
        speaker = Speaker(programme, locale)
        own, rules = speaker.own, programme.section(EarningConfig).rules
        return cls(
            name=speaker.say(own.name),
            tagline=speaker.maybe(own.tagline),
            version=programme.version,
            time_zone=TimeZone(own.time_zone),
            home_currency=own.home_currency,
            locales=[Locale(locale) for locale in own.locales],
            currencies=[Currency.of(record, speaker) for record in programme.section(config.Currencies)],
            tiers=[Tier.of(record, programme, locale) for record in programme.section(TiersConfig).levels],
            ways_to_earn=[WayToEarn.of(rule, speaker) for rule in rules if rule.listed],
            texts=_texts(programme.section(config.Texts), speaker),
            colours=Colours(**own.colours.model_dump()),
            terms=URL(own.terms_url) if own.terms_url else None,
            support_url=own.support_url,
        )


def _texts(texts: config.Texts, speaker: Speaker) -> list[NamedText]:
    named = {
        "how_it_works": texts.how_it_works,
        "ways_to_earn_title": texts.ways_to_earn_title,
        "join_title": texts.join_title,
        "join_body": texts.join_body,
        **texts.more,
    }
    return [NamedText(key=key, text=speaker.say(text)) for key, text in named.items() if text]


@strawberry.type
class ProgrammeQuery:
    """What anybody may know of the programme."""

    @query_field(requires=PUBLIC)
    async def programme(self, info: Info) -> Programme | None:
        """The programme in force now: name, currencies, tiers, ways to earn, texts, colours."""
        return Programme.of(await info.context.programme(), await info.context.language())
