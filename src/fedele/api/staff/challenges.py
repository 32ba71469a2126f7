"""Challenges, streaks and surprises in the staff schema: what each came to, and why a surprise did (not) happen."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.member.programme import Speaker
from fedele.api.member.rewards import Price
from fedele.api.permissions import query_field
from fedele.domains.auth.types import Scope
from fedele.domains.challenges import queries
from fedele.domains.challenges import types as records
from fedele.domains.challenges.config import ChallengesConfig, StreaksConfig, SurprisesConfig
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme, Text
from fedele.kernel.money import from_units


@strawberry.type
class ChallengeFigures:
    """What a challenge, a streak or a surprise came to, over all members."""

    kind: str = strawberry.field(description="challenge, streak or surprise.")
    key: str
    name: str | None = strawberry.field(description="Null when the programme no longer has it.")
    joined: int = strawberry.field(description="Members who joined, where it must be joined.")
    members: int = strawberry.field(description="Members with progress; of a surprise, who drew.")
    completions: int = strawberry.field(description="Awards that stand, steps included.")
    revoked: int = strawberry.field(description="Awards that returns took back.")
    given: list[Price] = strawberry.field(description="Units that were given and not taken back.")

    @classmethod
    def of(cls, record: records.Figures, name: str | None, decimals: Mapping[str, int]) -> Self:
        """From the record."""
        return cls(
            kind=record.kind,
            key=record.key,
            name=name,
            joined=record.joined,
            members=record.members,
            completions=record.completions,
            revoked=record.revoked,
            given=[
                Price(currency=currency, amount=from_units(units, decimals.get(currency, 0)))
                for currency, units in sorted(record.units.items())
            ],
        )


@strawberry.type
class SurpriseDraw:
    """One draw: it can be made again from the seed, the member and the event."""

    source_id: str = strawberry.field(description="The purchase's or event's own id.")
    occurred_at: datetime
    drawn: Decimal = strawberry.field(description="From 0 to 1; below the probability it wins.")
    probability: Decimal
    outcome: str = strawberry.field(description="won, lost, budget (the day's was used up) or member_limit.")
    programme_version: int

    @classmethod
    def of(cls, record: records.Draw) -> Self:
        """From the record."""
        return cls(
            source_id=str(record.source_id),
            occurred_at=record.occurred_at,
            drawn=Decimal(record.drawn).scaleb(-9),
            probability=Decimal(record.threshold).scaleb(-9),
            outcome=record.outcome,
            programme_version=record.programme_version,
        )


@strawberry.type
class ChallengeQuery:
    """What staff see of challenges."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def challenges(self, info: Info) -> list[ChallengeFigures] | None:
        """Every challenge, streak and surprise of the programme, and those that left it but gave something."""
        context = info.context
        programme, locale = await context.programme(), await context.language()
        speaker = Speaker(programme, locale)
        names = {named: speaker.say(text) for named, text in _names(programme)}
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        found = {(one.kind, one.key): one for one in await queries.figures(context.reader)}
        listed = [*names, *(named for named in found if named not in names)]
        return [
            ChallengeFigures.of(
                found.get(named) or records.Figures(named[0], named[1], 0, 0, 0, {}), names.get(named), decimals
            )
            for named in listed
        ]

    @query_field(requires=Scope.MEMBERS_READ)
    async def surprise_draws(self, info: Info, member_id: strawberry.ID, surprise: str) -> list[SurpriseDraw] | None:
        """A member's draws of one surprise, the newest first: the answer to "why not me?"."""
        found = ids.find_member_id(member_id)
        if found is None:
            return []
        return [SurpriseDraw.of(one) for one in await queries.list_draws(info.context.reader, found, surprise)]


def _names(programme: Programme) -> Iterator[tuple[tuple[records.AwardKind, str], Text]]:
    for challenge in programme.section(ChallengesConfig):
        yield ("challenge", challenge.key), challenge.name
    for streak in programme.section(StreaksConfig):
        yield ("streak", streak.key), streak.name
    for surprise in programme.section(SurprisesConfig):
        yield ("surprise", surprise.key), surprise.name
