"""What challenges do when something happened elsewhere."""

from collections.abc import Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded, PurchaseReturned
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import ActivityEventId, PurchaseId
from fedele.domains.challenges import commands
from fedele.domains.challenges.config import BadgesConfig, ChallengesConfig, StreaksConfig, SurprisesConfig
from fedele.domains.challenges.events import BadgeEarned, ChallengeCompleted, ChallengeJoined
from fedele.domains.challenges.types import CountableKind
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import Value
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Challenges' handlers, for bootstrap's list. What happened is judged by the programme of its own time."""

    async def bought(event: PurchaseRecorded, _outbox_id: UUID) -> None:
        programme = await programme_at(event.occurred_at)
        async with database.transaction() as tx:
            await commands.count_purchase(tx, programme, event.member_id, PurchaseId(event.purchase_id), clock())

    async def returned(event: PurchaseReturned, _outbox_id: UUID) -> None:
        purchase_id = PurchaseId(event.purchase_id)
        purchase = await find_purchase(database.reader, event.member_id, purchase_id)
        if purchase is None:
            return
        programme = await programme_at(purchase.occurred_at)
        async with database.transaction() as tx:
            await commands.recount_purchase(tx, programme, event.member_id, purchase_id, clock())

    async def did(event: ActivityRecorded, _outbox_id: UUID) -> None:
        programme = await programme_at(event.occurred_at)
        async with database.transaction() as tx:
            await commands.count_event(tx, programme, event.member_id, ActivityEventId(event.event_id), clock())

    async def joined(event: ChallengeJoined, _outbox_id: UUID) -> None:
        programme = await programme_at(event.occurred_at)
        kind: CountableKind = "streak" if event.countable == "streak" else "challenge"
        named = (kind, event.challenge_key)
        await commands.catch_up(database, programme, event.member_id, named, event.occurred_at, clock())

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return (
        Handler("challenges.count_purchase", PurchaseRecorded, bought),
        Handler("challenges.recount_purchase", PurchaseReturned, returned),
        Handler("challenges.count_event", ActivityRecorded, did),
        Handler("challenges.catch_up", ChallengeJoined, joined),
        Handler("challenges.forget_member", MemberErased, forget),
        messaging.announcing(ChallengeCompleted, told_of_completion, database, programme_at, clock),
        messaging.announcing(BadgeEarned, told_of_badge, database, programme_at, clock),
    )


def told_of_completion(event: ChallengeCompleted, programme: Programme) -> Mapping[str, Value] | None:
    """`{challenge}` for a message about an award; None if it has left the programme."""
    found = {
        "challenge": programme.section(ChallengesConfig).find(event.challenge_key),
        "streak": programme.section(StreaksConfig).find(event.challenge_key),
        "surprise": next((one for one in programme.section(SurprisesConfig) if one.key == event.challenge_key), None),
    }[event.countable]
    return {"challenge": found.name} if found is not None else None


def told_of_badge(event: BadgeEarned, programme: Programme) -> Mapping[str, Value] | None:
    """`{badge}` for a message about one; None if it has left the programme."""
    badge = programme.section(BadgesConfig).find(event.badge_key)
    return {"badge": badge.name} if badge is not None else None
