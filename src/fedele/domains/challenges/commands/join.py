"""Joining an opt-in challenge or streak, and forgetting a member."""

from datetime import datetime

from fedele.db.database import Transaction
from fedele.domains.challenges import errors
from fedele.domains.challenges.commands.source import countables
from fedele.domains.challenges.events import ChallengeJoined
from fedele.domains.challenges.types import CountableKind
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT


async def join_challenge(
    tx: Transaction, programme: Programme, member_id: MemberId, kind: CountableKind, key: str, moment: Moment
) -> datetime:
    """Join a challenge or a streak; answers since when. Repeating it answers the first time.

    Raises NotFound, ChallengeNotOpen, ChallengeNotForMember.
    """
    await tx.lock_member(member_id)
    what = countables(programme).get((kind, key))
    facts = await find_facts(tx, programme, member_id, moment.now)
    if what is None or facts is None or not facts.active:
        raise NotFound(what=kind, field="challengeId")
    earlier: datetime | None = await tx.fetch_value(
        "SELECT joined_at FROM challenge_joining WHERE member_id = $1 AND kind = $2 AND challenge_key = $3",
        member_id, kind, key,
    )  # fmt: skip
    if earlier is not None:
        return earlier
    time_zone = programme.section(ProgrammeConfig).time_zone
    ends_at = what.dates.ends_at(time_zone)
    if what.joining == "automatic" or (ends_at is not None and moment.now >= ends_at):
        raise errors.ChallengeNotOpen()
    if what.when is not None:
        status = await status_of(tx, programme, member_id, moment)
        bindings = facts.bindings(moment.now, time_zone, status.current if status else None)
        if not what.when.holds(MEMBER_ENVIRONMENT.bind(bindings)):
            raise errors.ChallengeNotForMember()
    await tx.execute(
        "INSERT INTO challenge_joining (member_id, kind, challenge_key, joined_at) VALUES ($1, $2, $3, $4)",
        member_id, kind, key, moment.now,
    )  # fmt: skip
    await tx.publish(ChallengeJoined(member_id=member_id, occurred_at=moment.now, countable=kind, challenge_key=key))
    return moment.now


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: what the member joined, did and holds goes; what was given stays in the ledger, and names nobody."""
    for table in ("challenge_joining", "challenge_contribution", "member_badge"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)
