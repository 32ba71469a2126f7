"""Applying a friend's code. Writes the friend's side only; the referrer's answers through the outbox."""

import hashlib
from datetime import timedelta

from fedele.db.database import Database, Transaction
from fedele.domains.members.queries import list_contacts
from fedele.domains.members.types import Peppers
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import errors, queries
from fedele.domains.referrals.commands.codes import normalise, remember_marks
from fedele.domains.referrals.commands.log import write_check
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.referrals.events import ReferralApplied
from fedele.domains.referrals.likeness import judge, marks_of
from fedele.domains.referrals.types import Mark, Referral, ReferralId
from fedele.domains.segments.queries import find_facts
from fedele.domains.segments.types import MemberFacts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound, Refusal
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

REFUSALS_MAX = 10  # within the hour, then no more codes are looked up
_HOUR = timedelta(hours=1)

# A refused referral makes room for another code; any other state keeps its row.
_APPLY = """
INSERT INTO referral AS r (member_id, referral_id, referrer_id, state, reason, applied_at, expires_at, units)
VALUES ($1, $2, $3, 'applied', NULL, $4, $5, 0)
ON CONFLICT (member_id) DO UPDATE
   SET referral_id = excluded.referral_id, referrer_id = excluded.referrer_id, state = 'applied', reason = NULL,
       applied_at = excluded.applied_at, expires_at = excluded.expires_at, purchase_id = NULL, due_at = NULL,
       ended_at = NULL
 WHERE r.state = 'refused'
"""


async def apply_code(
    database: Database,
    programme: Programme,
    peppers: Peppers,
    friend_id: MemberId,
    code: str,
    moment: Moment,
    device: str | None = None,
) -> Referral:
    """Apply a friend's code; answers the referral, which the referrer's side has still to admit.

    Repeating the call with the same code answers the same referral. A refusal is written to the log before it is
    raised: ReferralClosed, ReferralCodeUnknown, ReferralAlreadyApplied, ReferralTooManyAttempts, ReferralTooLate,
    ReferralNotNew, ReferralSelf, ReferralSameDevice, ReferralSameMailbox, ReferralSamePhone, ReferralRing; NotFound for
    nobody. `device` is the app's own id of the phone; only its digest is kept.
    """
    async with database.transaction() as tx:
        outcome = await _apply(tx, programme, peppers, friend_id, normalise(code), moment, device)
        if isinstance(outcome, Refusal):
            # Committed with the log: an exception here would roll back the very line that says why.
            await write_check(tx, friend_id, None, "refused", outcome.code, moment)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def _apply(
    tx: Transaction,
    programme: Programme,
    peppers: Peppers,
    friend_id: MemberId,
    code: str,
    moment: Moment,
    device: str | None,
) -> Referral | Refusal:
    await tx.lock_member(friend_id)
    friend = await find_facts(tx, programme, friend_id, moment.now)
    if friend is None or not friend.active:
        raise NotFound(what="member")
    referrer_id = await queries.find_owner(tx, code)
    earlier = await queries.find_referral(tx, friend_id)
    if earlier is not None and earlier.state != "refused":
        return earlier if earlier.referrer_id == referrer_id else errors.ReferralAlreadyApplied(field="code")
    if await queries.count_refusals(tx, friend_id, moment.now - _HOUR) >= REFUSALS_MAX:
        raise errors.ReferralTooManyAttempts(minutes=60, field="code")  # not logged: it would never end
    if refused := await _not_open(tx, programme, friend, friend_id, referrer_id, moment):
        return refused
    assert referrer_id is not None, "an unknown code is refused above"
    marks = await _friends_marks(tx, peppers, friend_id, device)
    await remember_marks(tx, friend_id, marks, moment)
    suspected, held = await _suspicion(tx, programme, peppers, friend_id, referrer_id, marks)
    if suspected is not None:
        return suspected(field="code")
    return await _write(tx, programme, friend_id, referrer_id, held.code if held else None, moment)


async def _not_open(
    tx: Transaction,
    programme: Programme,
    friend: MemberFacts,
    friend_id: MemberId,
    referrer_id: MemberId | None,
    moment: Moment,
) -> Refusal | None:
    """Why no code, or not this one, can be applied by this friend; None if nothing speaks against it."""
    config, time_zone = programme.section(ReferralConfig), programme.section(ProgrammeConfig).time_zone
    if not config.enabled or not config.dates.contains(moment.now, time_zone):
        return errors.ReferralClosed(field="code")
    if referrer_id is None:
        return errors.ReferralCodeUnknown(field="code")
    if referrer_id == friend_id:
        return errors.ReferralSelf(field="code")
    if config.joined_days_max is not None and friend.values["member.days_since_joined"] > config.joined_days_max:
        return errors.ReferralTooLate(days=config.joined_days_max, field="code")
    if friend.values["member.purchases_count"]:
        return errors.ReferralNotNew(field="code")
    referrer = await find_facts(tx, programme, referrer_id, moment.now)
    if referrer is None or not referrer.active:
        return errors.ReferralCodeUnknown(field="code")
    if config.when is not None:
        status = await status_of(tx, programme, referrer_id, moment)
        bindings = referrer.bindings(moment.now, time_zone, status.current if status else None)
        if not config.when.holds(MEMBER_ENVIRONMENT.bind(bindings)):
            return errors.ReferralClosed(field="code")
    return None


async def _friends_marks(tx: Transaction, peppers: Peppers, friend_id: MemberId, device: str | None) -> set[Mark]:
    marks = {*marks_of(await list_contacts(tx, friend_id), peppers), *await queries.device_marks(tx, friend_id)}
    if device:
        marks.add(Mark("device", hashlib.sha256(device.encode()).digest()))
    return marks


async def _suspicion(
    tx: Transaction,
    programme: Programme,
    peppers: Peppers,
    friend_id: MemberId,
    referrer_id: MemberId,
    marks: set[Mark],
) -> tuple[type[Refusal] | None, type[Refusal] | None]:
    """Why it is refused, and why it is held."""
    checks = programme.section(ReferralConfig).fraud
    # The referrer's own are made anew: an imported member has none stored, and their rows are not ours to write.
    theirs = {*marks_of(await list_contacts(tx, referrer_id), peppers), *await queries.device_marks(tx, referrer_id)}
    shared = {mark.kind for mark in marks & theirs} | await queries.shared_marks(tx, friend_id, referrer_id, marks)
    refused, held = judge(shared, checks)
    if checks.ring != "ignore" and await queries.brings(tx, friend_id, referrer_id):
        if checks.ring == "refuse":
            refused = refused or errors.ReferralRing
        else:
            held = held or errors.ReferralRing
    return refused, held


async def _write(
    tx: Transaction,
    programme: Programme,
    friend_id: MemberId,
    referrer_id: MemberId,
    suspicion: str | None,
    moment: Moment,
) -> Referral:
    within = programme.section(ReferralConfig).within_days
    referral_id = ReferralId(new_id())
    expires_at = moment.now + timedelta(days=within) if within is not None else None
    await tx.execute(_APPLY, friend_id, referral_id, referrer_id, moment.now, expires_at)
    await tx.publish(
        ReferralApplied(
            member_id=friend_id, occurred_at=moment.now, referral_id=referral_id, referrer_id=referrer_id,
            suspicion=suspicion,
        )
    )  # fmt: skip
    made = await queries.find_referral(tx, friend_id)
    assert made is not None, "it was just written, under the member's lock"
    return made
