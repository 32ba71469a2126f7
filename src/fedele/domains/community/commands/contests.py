"""Entering a contest, voting in it, and deciding it."""

from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.community import errors, queries
from fedele.domains.community.commands.moderation import award_once
from fedele.domains.community.config import Contest, ContestsConfig
from fedele.domains.community.deciding import winners_of
from fedele.domains.community.events import ContestDecided, ContestWon
from fedele.domains.community.types import Entry, EntryId, PictureId, Result
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT, MemberCondition


async def submit_entry(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    contest_key: str,
    picture_id: PictureId,
    caption: str | None,
    moment: Moment,
) -> Entry:
    """Enter a picture in a contest; a moderator decides what becomes of it. The same picture again is the first entry.

    Raises ContestClosed, EntriesUsedUp, NotFound, InvalidInput.
    """
    contest = _contest(programme, contest_key)
    await tx.lock_member(member_id)
    entries = await queries.entries_of(tx, member_id, contest_key)
    if same := next((entry for entry in entries if entry.picture_id == picture_id), None):
        return same
    zone = programme.section(ProgrammeConfig).time_zone
    if not contest.dates.contains(moment.now, zone) or not await is_for(tx, programme, member_id, contest.when, moment):
        raise errors.ContestClosed()
    if len(entries) >= contest.entries_max:
        raise errors.EntriesUsedUp(entries_max=contest.entries_max)
    if await queries.find_picture(tx, member_id, picture_id) is None:
        raise NotFound(what="picture", field="pictureId")
    words = (caption or "").strip()
    if len(words) > contest.caption_max:
        raise InvalidInput(problem=f"At most {contest.caption_max} characters.", field="caption")
    entry_id = EntryId(new_id())
    await tx.execute(
        """
        INSERT INTO contest_entry (member_id, entry_id, contest_key, nth, picture_id, caption, state, submitted_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7)
        """,
        member_id, entry_id, contest_key, max((entry.nth for entry in entries), default=0) + 1, picture_id,
        words or None, moment.now,
    )  # fmt: skip
    await tx.touch(member_id)
    return await queries.get_entry(tx, member_id, entry_id)


async def vote(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    contest_key: str,
    entry_id: EntryId,
    moment: Moment,
) -> None:
    """Vote for another member's entry, or move the vote to it: one vote a member and contest.

    Raises NotFound, OwnEntry, VotingClosed.
    """
    entry = await queries.find_entry_in(tx, contest_key, entry_id)
    if entry is None:
        raise NotFound(what="entry", field="entryId")
    if entry.member_id == member_id:
        raise errors.OwnEntry(field="entryId")
    contest = _contest(programme, contest_key)
    zone = programme.section(ProgrammeConfig).time_zone
    begins, ends = contest.dates.starts_at(zone), contest.voting_until(zone)
    if not contest.votes or (begins and moment.now < begins) or (ends and moment.now >= ends):
        raise errors.VotingClosed()
    await tx.lock_member(member_id)
    await tx.execute(
        """
        INSERT INTO contest_vote (member_id, contest_key, entry_id, voted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (member_id, contest_key) DO UPDATE SET entry_id = excluded.entry_id, voted_at = excluded.voted_at
        """,
        member_id, contest.key, entry.id, moment.now,
    )  # fmt: skip
    await tx.touch(member_id)


async def decide_contest(tx: Transaction, programme: Programme, contest_key: str, actor: str, moment: Moment) -> Result:
    """Decide a contest once, from its approved entries; prizes follow from the announcement. Again: the first result.

    Raises NotFound, ContestNotOver.
    """
    if earlier := await queries.find_result(tx, contest_key):
        return earlier
    contest = _contest(programme, contest_key)
    zone = programme.section(ProgrammeConfig).time_zone
    decided_from = contest.decided_from(zone)
    if contest.winners is None or decided_from is None:
        raise NotFound(what="contest", field="contest")
    if moment.now < decided_from:
        raise errors.ContestNotOver(decided_from=decided_from.isoformat())
    rule, candidates = contest.winners, await queries.candidates_of(tx, contest_key)
    winners = winners_of(candidates, contest_key, rule.seed, rule.count, rule.by)
    told = [{"entry": str(one.entry_id), "member": str(one.member_id), "votes": one.votes} for one in winners]
    mine = await tx.fetch_value(
        """
        INSERT INTO contest_result (contest_key, decided_at, seed, entries_count, winners, actor)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true
        """,
        contest_key, moment.now, rule.seed, len(candidates), told, actor,
    )  # fmt: skip
    if mine:
        await tx.publish(
            *(
                ContestDecided(
                    member_id=MemberId(one.member_id), occurred_at=moment.now, contest_key=contest_key,
                    entry_id=one.entry_id, place=place,
                )
                for place, one in enumerate(winners, 1)
            )
        )  # fmt: skip
    result = await queries.find_result(tx, contest_key)
    assert result is not None, "it was just written, by us or by who came first"
    return result


async def give_winners_prize(
    tx: Transaction, programme: Programme, member_id: MemberId, contest_key: str, entry_id: UUID, place: int,
    moment: Moment,
) -> None:  # fmt: skip
    """Give a winner the prize, once, and announce it."""
    contest = programme.section(ContestsConfig).find(contest_key)
    if contest is None or contest.winners is None:
        return
    await tx.lock_member(member_id)
    prize = contest.winners.prize
    given = await award_once(tx, programme, member_id, prize, "contest", contest_key, f"place:{place}", moment)
    await tx.publish(
        ContestWon(
            member_id=member_id, occurred_at=moment.now, contest_key=contest_key, entry_id=entry_id, place=place,
            currency=given.currency, units=given.units,
        )
    )  # fmt: skip


async def is_for(
    tx: Transaction, programme: Programme, member_id: MemberId, when: MemberCondition | None, moment: Moment
) -> bool:
    """Whether an active member fits a condition."""
    facts = await find_facts(tx, programme, member_id, moment.now)
    if facts is None or not facts.active:
        return False
    if when is None:
        return True
    status = await status_of(tx, programme, member_id, moment)
    zone = programme.section(ProgrammeConfig).time_zone
    known = facts.bindings(moment.now, zone, status.current if status else None)
    return when.holds(MEMBER_ENVIRONMENT.bind(known))


def _contest(programme: Programme, key: str) -> Contest:
    contest = programme.section(ContestsConfig).find(key)
    if contest is None:
        raise NotFound(what="contest", field="contestId")
    return contest
