"""Tiers in the members' schema: where the member stands, what is next, and until when."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from fedele.api.context import Info
from fedele.api.member.base import MemberBase
from fedele.api.member.standing import tier_status
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import config, queries
from fedele.domains.tiers import types as records
from fedele.kernel.money import from_units


@strawberry.type
class TierBenefit:
    """One thing a tier brings, in words."""

    key: str
    text: str


@strawberry.type
class Tier:
    """One level of the programme."""

    key: str
    name: str
    threshold: Decimal = strawberry.field(description="Where it begins: money spent, units earned or visits made.")
    multiplier: Decimal = strawberry.field(description="How much more its members earn: 1.25.")
    colour: str | None = strawberry.field(description="#RRGGBB")
    benefits: list[TierBenefit]

    @classmethod
    def of(cls, level: config.Tier, programme: Programme, locale: str) -> Self:
        """From the programme file."""
        default = programme.section(ProgrammeConfig).default_locale
        return cls(
            key=level.key,
            name=level.name.in_locale(locale, default),
            threshold=level.threshold,
            multiplier=level.multiplier,
            colour=level.colour,
            benefits=[TierBenefit(key=b.key, text=b.text.in_locale(locale, default)) for b in level.benefits],
        )


@strawberry.type
class TierProgress:
    """How far it is to the next tier, in what the programme counts: money, units of a currency, or visits."""

    counted: Decimal
    required: Decimal
    missing: Decimal


@strawberry.type
class TierStatus:
    """Where the member stands."""

    current: Tier
    since: datetime | None
    next: Tier | None = strawberry.field(description="The tier above; null at the top.")
    progress: TierProgress | None = strawberry.field(description="Towards the next tier; null at the top.")
    qualify_until: datetime | None = strawberry.field(
        description="When counting begins anew; null where every day has its own last twelve months."
    )
    kept_until: datetime | None = strawberry.field(
        description="How long the current tier is safe without another purchase; null: for ever."
    )
    benefits: list[TierBenefit]

    @classmethod
    def of(cls, record: records.TierStatus, programme: Programme, locale: str) -> Self | None:
        """From the record; None if the programme no longer has the tier."""
        levels = {level.key: level for level in programme.section(config.TiersConfig).levels}
        if record.current not in levels:
            return None
        digits = queries.TierRules.of(programme).digits
        current = Tier.of(levels[record.current], programme, locale)
        progress = TierProgress(
            counted=from_units(record.counted, digits),
            required=from_units(record.required, digits),
            missing=from_units(record.missing, digits),
        )
        return cls(
            current=current,
            since=record.since,
            next=Tier.of(levels[record.next], programme, locale) if record.next else None,
            progress=progress if record.next else None,
            qualify_until=record.qualify_until,
            kept_until=record.kept_until,
            benefits=current.benefits,
        )


@strawberry.type
class TierFields(MemberBase):
    """Tiers' part of Member."""

    @strawberry.field
    async def tier(self, info: Info) -> TierStatus | None:
        """Where the member stands; null in a programme without tiers."""
        context = info.context
        programme = await context.programme()
        record = await tier_status(context, self.member_id)
        return TierStatus.of(record, programme, await context.language()) if record else None
