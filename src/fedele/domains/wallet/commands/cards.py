"""Issuing passes, noticing that they changed, and remembering the phones that hold them."""

import secrets
from collections.abc import Iterable

from fedele.db.database import Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.wallet import queries
from fedele.domains.wallet.errors import TooManyDevices
from fedele.domains.wallet.events import PassInstalled, PassIssued, PassRemoved, PassUpdated
from fedele.domains.wallet.ports import PassAssembler
from fedele.domains.wallet.types import Pass, PassSubject, Registration, Serial
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

DEVICES_MAX = 100  # of one pass; a family's phones and watches are far fewer
_TOKEN_BYTES = 24


async def issue_card(
    tx: Transaction, assembler: PassAssembler, programme: Programme, member_id: MemberId, moment: Moment
) -> Pass:
    """Make the member's card, once: every later call returns the first. Raises NotFound for nobody's id."""
    return await issue_pass(tx, assembler, programme, PassSubject("card", member_id), moment)


async def issue_pass(
    tx: Transaction, assembler: PassAssembler, programme: Programme, subject: PassSubject, moment: Moment
) -> Pass:
    """Make the pass of this subject, once: every later call, and every call at the same time, returns the first.

    Raises NotFound for a member who is gone, and for a reward, offer or seat that is not held any more or that the
    programme does not carry.
    """
    member_id, serial = subject.member_id, subject.serial
    if earlier := await queries.find_pass(tx, member_id, serial):
        return earlier
    await tx.lock_member(member_id)
    if earlier := await queries.find_pass(tx, member_id, serial):
        return earlier
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    if subject.kind == "card":
        state = await queries.read_card(tx, programme, member_id, serial, token, moment)
    else:
        state = await queries.read_further(tx, programme, subject, token, moment)
    if state.voided:
        raise NotFound(what="member" if subject.kind == "card" else "pass")
    await tx.execute(
        """
        INSERT INTO pass (member_id, serial, kind, subject_id, authentication_token, content_digest, issued_at,
                          updated_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, date_trunc('second', $7::timestamptz), $8)
        """,
        member_id, serial, subject.kind, subject.id, token, assembler.digest(state), moment.now, state.expires_at,
    )  # fmt: skip
    await tx.publish(PassIssued(member_id=member_id, occurred_at=moment.now, serial=serial))
    issued = await queries.find_pass(tx, member_id, serial)
    if issued is None:
        raise AssertionError("the pass just written is not there")
    return issued


async def refresh_card(
    tx: Transaction, assembler: PassAssembler, programme: Programme, member_id: MemberId, moment: Moment
) -> Pass | None:
    """`refresh_pass` of the member's card."""
    return await refresh_pass(tx, assembler, programme, PassSubject("card", member_id), moment)


async def refresh_pass(
    tx: Transaction, assembler: PassAssembler, programme: Programme, subject: PassSubject, moment: Moment
) -> Pass | None:
    """Raise the pass's tag if it would read differently now. None: there is no pass, or nothing on it changed.

    The content is read under the member's lock: no settle of the same member can slip between the reading and the tag.
    """
    member_id = subject.member_id
    held = await queries.find_pass(tx, member_id, subject.serial)
    if held is None:  # most members of a large programme have no card; they are not locked for it
        return None
    await tx.lock_member(member_id)
    state = await queries.read_pass(tx, programme, held, moment)
    raised = await tx.fetch_value(
        """
        UPDATE pass
        SET update_tag = update_tag + 1, content_digest = $3,
            updated_at = greatest(date_trunc('second', $4::timestamptz), updated_at + interval '1 second'),
            voided_at = CASE WHEN $5 THEN coalesce(voided_at, $4) END, expires_at = $6
        WHERE member_id = $1 AND serial = $2 AND content_digest <> $3
        RETURNING update_tag
        """,
        member_id, held.serial, assembler.digest(state), moment.now, state.voided, state.expires_at,
    )  # fmt: skip
    if raised is None:
        return None
    await tx.publish(PassUpdated(member_id=member_id, occurred_at=moment.now, serial=held.serial, update_tag=raised))
    return await queries.find_pass(tx, member_id, held.serial)


async def register_device(tx: Transaction, registration: Registration, moment: Moment) -> bool:
    """Remember that this phone holds the pass, with its newest push token. True if it was not known before.

    The pass must exist. Raises TooManyDevices.
    """
    await tx.lock_member(registration.member_id)
    known = await tx.execute(
        """
        UPDATE pass_device SET push_token = $4
        WHERE member_id = $1 AND serial = $2 AND device_library_identifier = $3
        """,
        *_key(registration),
        registration.push_token,
    )
    if known == "UPDATE 1":
        return False
    count = await tx.fetch_value(
        "SELECT count(*) FROM pass_device WHERE member_id = $1 AND serial = $2",
        registration.member_id,
        registration.serial,
    )
    if count >= DEVICES_MAX:
        raise TooManyDevices(devices_max=DEVICES_MAX)
    await tx.execute(
        """
        INSERT INTO pass_device (member_id, serial, device_library_identifier, push_token, registered_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        *_key(registration),
        registration.push_token,
        moment.now,
    )
    await tx.publish(
        PassInstalled(member_id=registration.member_id, occurred_at=moment.now, serial=registration.serial)
    )
    return True


async def unregister_device(
    tx: Transaction, member_id: MemberId, serial: Serial, device_library_identifier: str, moment: Moment
) -> bool:
    """Forget that this phone holds the pass. False if it was not known; saying so twice is no mistake."""
    await tx.lock_member(member_id)
    gone = await tx.execute(
        "DELETE FROM pass_device WHERE member_id = $1 AND serial = $2 AND device_library_identifier = $3",
        member_id,
        serial,
        device_library_identifier,
    )
    if gone == "DELETE 0":
        return False
    await tx.publish(PassRemoved(member_id=member_id, occurred_at=moment.now, serial=serial))
    return True


async def forget_push_tokens(
    tx: Transaction, member_id: MemberId, serial: Serial, push_tokens: Iterable[str], moment: Moment
) -> None:
    """Drop the registrations whose push address no longer exists (APNs: 410)."""
    await tx.lock_member(member_id)
    gone = await tx.fetch(
        """
        DELETE FROM pass_device WHERE member_id = $1 AND serial = $2 AND push_token = ANY($3::text[])
        RETURNING device_library_identifier
        """,
        member_id,
        serial,
        list(push_tokens),
    )
    for _row in gone:
        await tx.publish(PassRemoved(member_id=member_id, occurred_at=moment.now, serial=serial))


def _key(registration: Registration) -> tuple[MemberId, Serial, str]:
    return registration.member_id, registration.serial, registration.device_library_identifier
