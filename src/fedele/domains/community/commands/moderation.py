"""What a moderator decides about reviews and entries, and what follows for the member."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Transaction
from fedele.domains.community import errors, queries
from fedele.domains.community.config import ContestsConfig, ReviewsConfig
from fedele.domains.community.events import EntryDecided, ReviewDecided
from fedele.domains.community.types import Award, Entry, EntryId, ModerationState, Review, ReviewId
from fedele.domains.prizes.commands import give_prize
from fedele.domains.prizes.config import Prize
from fedele.domains.prizes.types import Cause, Given, PrizeKind
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import InvalidInput, NotFound

REASON_MAX = 500


async def moderate_review(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    review_id: ReviewId,
    *,
    approve: bool,
    reason: str | None,
    actor: str,
    moment: Moment,
) -> Review:
    """Approve a review, which brings its prize, or reject it, saying why. The same decision again changes nothing.

    Raises NotFound, AlreadyModerated, InvalidInput.
    """
    await tx.lock_member(member_id)
    review = await queries.find_review(tx, member_id, review_id)
    if review is None:
        raise NotFound(what="review", field="id")
    if not _decides(review.state, approve, reason):
        return review
    award = Given()
    if approve and (prize := await _review_prize(tx, programme, review, moment)):
        award = await award_once(tx, programme, member_id, prize, "review", review.about, review.subject, moment)
    await _decide(tx, "review", "review_id", (member_id, review_id), approve, reason, actor, award, moment)
    await tx.publish(
        ReviewDecided(
            member_id=member_id, occurred_at=moment.now, review_id=review_id, about=review.about,
            subject=review.subject, stars=review.stars, approved=approve, currency=award.currency, units=award.units,
        )
    )  # fmt: skip
    return await queries.get_review(tx, member_id, review_id)


async def moderate_entry(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    entry_id: EntryId,
    *,
    approve: bool,
    reason: str | None,
    actor: str,
    moment: Moment,
) -> Entry:
    """Approve an entry, which brings its prize and lets it compete, or reject it, saying why.

    Raises NotFound, AlreadyModerated, InvalidInput.
    """
    await tx.lock_member(member_id)
    entry = await queries.find_entry(tx, member_id, entry_id)
    if entry is None:
        raise NotFound(what="entry", field="id")
    if not _decides(entry.state, approve, reason):
        return entry
    contest, award = programme.section(ContestsConfig).find(entry.contest_key), Given()
    if approve and contest is not None and contest.prize is not None:
        key = f"entry:{entry.nth}"
        award = await award_once(tx, programme, member_id, contest.prize, "contest", contest.key, key, moment)
    await _decide(tx, "contest_entry", "entry_id", (member_id, entry_id), approve, reason, actor, award, moment)
    await tx.publish(
        EntryDecided(
            member_id=member_id, occurred_at=moment.now, entry_id=entry_id, contest_key=entry.contest_key,
            approved=approve, currency=award.currency, units=award.units,
        )
    )  # fmt: skip
    return await queries.get_entry(tx, member_id, entry_id)


async def award_once(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    prize: Prize,
    kind: PrizeKind,
    name: str,
    key: str,
    moment: Moment,
) -> Given:
    """Give a prize, once for this name and key: the ledger refuses a second one whatever happens above it."""
    status = await status_of(tx, programme, member_id, moment)
    tier = status.current if status else None
    return await give_prize(tx, programme, member_id, prize, Cause(kind, name, f"{name}:{key}"), tier, moment)


def award_of(given: Given) -> Award:
    """What was given, as the community keeps it."""
    return Award(given.currency, given.units, given.transaction_id, given.redemption_id)


async def _review_prize(tx: Transaction, programme: Programme, review: Review, moment: Moment) -> Prize | None:
    config = programme.section(ReviewsConfig)
    prize = config.prize_with_picture if review.picture_id is not None else None
    prize = prize or config.prize
    if prize is None or config.prizes_per_month_max is None:
        return prize
    since = _month(moment.now, programme.section(ProgrammeConfig).time_zone)
    given = await queries.count_awarded_reviews(tx, review.member_id, since)
    return prize if given < config.prizes_per_month_max else None


def _month(at: datetime, time_zone: str) -> datetime:
    return at.astimezone(ZoneInfo(time_zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _decides(state: ModerationState, approve: bool, reason: str | None) -> bool:
    """Whether there is something to decide. Raises AlreadyModerated for the opposite of what was decided."""
    if not approve and not (reason or "").strip():
        raise InvalidInput(problem="Say why it is rejected: the member reads it.", field="reason")
    if reason is not None and len(reason) > REASON_MAX:
        raise InvalidInput(problem=f"At most {REASON_MAX} characters.", field="reason")
    if state == "pending":
        return True
    if (state == "approved") is not approve:
        raise errors.AlreadyModerated(state=state, field="id")
    return False


async def _decide(
    tx: Transaction,
    table: str,
    id_column: str,
    named: tuple[MemberId, UUID],
    approve: bool,
    reason: str | None,
    actor: str,
    given: Given,
    moment: Moment,
) -> None:
    await tx.execute(
        f"""
        UPDATE {table} SET state = $3, decided_at = $4, actor = $5, reason = $6, currency = $7, units = $8,
                           transaction_id = $9, redemption_id = $10
         WHERE member_id = $1 AND {id_column} = $2
        """,
        *named, "approved" if approve else "rejected", moment.now, actor, (reason or "").strip() or None,
        given.currency, given.units, given.transaction_id, given.redemption_id,
    )  # fmt: skip
