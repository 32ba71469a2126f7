"""What the community does when something was announced, and what it tells the member."""

from collections.abc import Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.community import commands
from fedele.domains.community.config import ContestsConfig, GatheringsConfig
from fedele.domains.community.events import (
    ContestDecided,
    ContestWon,
    EntryDecided,
    GatheringAttended,
    GatheringJoined,
    GatheringLeft,
    ReviewDecided,
)
from fedele.domains.community.jobs import move_line
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """The community's handlers, for bootstrap's list."""

    async def pay(event: ContestDecided, _outbox_id: UUID) -> None:
        programme = await programme_at(event.occurred_at)
        async with database.transaction() as tx:
            await commands.give_winners_prize(
                tx, programme, event.member_id, event.contest_key, event.entry_id, event.place, clock()
            )

    async def follow_leaving(event: GatheringLeft, _outbox_id: UUID) -> None:
        moment = clock()
        await move_line(database, await programme_at(moment.now), event.gathering_key, moment)

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        async with database.transaction() as tx:
            await commands.forget_member(tx, programme, event.member_id, moment)

    return (
        Handler("community.pay_winner", ContestDecided, pay),
        Handler("community.move_line", GatheringLeft, follow_leaving),
        Handler("community.forget_member", MemberErased, forget),
        messaging.announcing(ReviewDecided, told_of_review, database, programme_at, clock),
        messaging.announcing(EntryDecided, told_of_entry, database, programme_at, clock),
        messaging.announcing(ContestWon, told_of_win, database, programme_at, clock),
        messaging.announcing(GatheringJoined, told_of_seat, database, programme_at, clock),
        messaging.announcing(GatheringAttended, told_of_attendance, database, programme_at, clock),
    )


def told_of_review(event: ReviewDecided, programme: Programme) -> Mapping[str, Value] | None:
    """`{amount}` of an approved review that brought units; None for others: the app shows what was decided."""
    return _amount(event.currency, event.units) if event.approved else None


def told_of_entry(event: EntryDecided, programme: Programme) -> Mapping[str, Value] | None:
    """`{contest}` and `{amount}` of an approved entry that brought units."""
    contest = programme.section(ContestsConfig).find(event.contest_key)
    amount = _amount(event.currency, event.units)
    return {"contest": contest.title, **amount} if event.approved and contest and amount else None


def told_of_win(event: ContestWon, programme: Programme) -> Mapping[str, Value] | None:
    """`{contest}` and `{place}`, and `{amount}` where the prize is units."""
    contest = programme.section(ContestsConfig).find(event.contest_key)
    if contest is None:
        return None
    return {"contest": contest.title, "place": str(event.place), **(_amount(event.currency, event.units) or {})}


def told_of_seat(event: GatheringJoined, programme: Programme) -> Mapping[str, Value] | None:
    """`{gathering}`: what one has a seat at."""
    gathering = programme.section(GatheringsConfig).find(event.gathering_key)
    return {"gathering": gathering.title} if gathering else None


def told_of_attendance(event: GatheringAttended, programme: Programme) -> Mapping[str, Value] | None:
    """`{gathering}` and `{amount}` where coming brought units."""
    gathering = programme.section(GatheringsConfig).find(event.gathering_key)
    amount = _amount(event.currency, event.units)
    return {"gathering": gathering.title, **amount} if gathering and amount else None


def _amount(currency: str | None, units: int) -> dict[str, Value] | None:
    return {"amount": AmountValue(currency, units)} if currency is not None and units else None
