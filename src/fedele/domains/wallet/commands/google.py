"""Members' cards at Google: written on the first tap, then whenever they changed, never faster than Google takes them.

A row per saved card says what is still to be written. Changes in between are coalesced: what is written is always the
card as it stands. Google takes 20 requests a second of a project, and announces at most three changes of a card a day;
whether a change may be announced at all is the contact governor's to say.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

import structlog

from fedele.db.database import Database, Queryable, Transaction
from fedele.domains.members import queries as members
from fedele.domains.members.types import Peppers
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.types import ContactAsked, Outcome
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.wallet import queries
from fedele.domains.wallet.ports import GoogleBusy, GoogleCards, GoogleMessage, GoogleRefused
from fedele.domains.wallet.types import CardState, Pass, Serial, card_serial
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger("fedele.wallet.google")

PACE = 10  # cards a round, and a round at most a second: half of what Google takes of a project
ROUND_SECONDS = 1.0
SETTLING = timedelta(seconds=2)  # a sale changes a card several times within a moment
LEASE = timedelta(seconds=60)  # how long a worker has for what it took
NOTICES_A_DAY_MAX = 3
_CONTACT = UUID("5a4a4f5e-0f0b-5d0c-9d2a-6f1d1c8f2b10")


@dataclasses.dataclass(frozen=True, slots=True)
class GoogleCard:
    """A card at Google that is to be written."""

    member_id: MemberId
    serial: Serial
    written_tag: int
    attempts: int
    notified_on: date | None
    notified_count: int
    leased_until: datetime
    message_digest: str | None = None  # of the last message that was added


@dataclasses.dataclass(frozen=True, slots=True)
class _Written:
    """What a writing told the member, and which message the card has now."""

    announced: bool
    message_digest: str | None


def message_in(state: CardState) -> GoogleMessage | None:
    """The news on a card as a message: its first line is the header. The same words are the same message."""
    if not state.news:
        return None
    header, _, body = state.news.partition("\n")
    digest = hashlib.sha256(state.news.encode()).hexdigest()[:24]
    return GoogleMessage(id=digest, header=header, body=body or header)


def may_announce(card: GoogleCard, today: date) -> bool:
    """Whether Google would still announce a change of this card today. The first writing is no change."""
    if card.written_tag == 0:
        return False
    return card.notified_on != today or card.notified_count < NOTICES_A_DAY_MAX


def wait_after(attempts: int) -> timedelta:
    """How long to leave a card alone that failed so often in a row: twice as long each time, an hour at most."""
    return timedelta(seconds=min(3600, 15 * 2 ** min(attempts, 10)))


async def want(tx: Transaction, held: Pass, moment: Moment) -> None:
    """The member is about to save this card: keep it at Google from now on."""
    await tx.execute(
        """
        INSERT INTO google_card (member_id, serial, next_try_at) VALUES ($1, $2, $3)
        ON CONFLICT (member_id, serial) DO NOTHING
        """,
        held.member_id,
        held.serial,
        moment.now,
    )


async def mark_changed(tx: Transaction, member_id: MemberId, serial: Serial, moment: Moment) -> None:
    """The card changed: write it soon, if it is at Google at all."""
    await tx.execute(
        """
        UPDATE google_card SET next_try_at = $3
        WHERE member_id = $1 AND serial = $2 AND (next_try_at IS NULL OR next_try_at > $3)
        """,
        member_id,
        serial,
        moment.now + SETTLING,
    )


async def hear_google(
    tx: Transaction, member_id: MemberId, serial: Serial, event: str, nonce: str, moment: Moment
) -> bool:
    """Google says that the card was saved ("save") or deleted ("del"). False: it had said so before."""
    new = await tx.execute(
        "INSERT INTO google_callback (member_id, nonce, heard_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        member_id,
        nonce,
        moment.now,
    )
    if new == "INSERT 0 0":
        return False
    column = "saved_at" if event == "save" else "removed_at"
    await tx.execute(
        f"UPDATE google_card SET {column} = $3 WHERE member_id = $1 AND serial = $2", member_id, serial, moment.now
    )
    return True


async def claim_due(database: Database, moment: Moment, count: int = PACE) -> Sequence[GoogleCard]:
    """Cards whose time has come, leased to the caller: another worker takes them again only if it dies."""
    leased_until = moment.now + LEASE
    async with database.transaction() as tx:
        rows = await tx.fetch(
            """
            UPDATE google_card AS g SET next_try_at = $2, attempts = attempts + 1
            FROM (SELECT member_id, serial FROM google_card WHERE next_try_at <= $1
                  ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
            WHERE g.member_id = due.member_id AND g.serial = due.serial
            RETURNING g.member_id, g.serial, g.written_tag, g.attempts, g.notified_on, g.notified_count,
                      g.message_digest
            """,
            moment.now,
            leased_until,
            count,
        )
    return [GoogleCard(**row, leased_until=leased_until) for row in rows]


class GoogleWriter:
    """Writes what is due; each round in a worker, and the first writing of a card when its link is tapped."""

    def __init__(self, database: Database, programmes: ProgrammeSource, google: GoogleCards, peppers: Peppers) -> None:
        self._database = database
        self._programmes = programmes
        self._google = google
        self._peppers = peppers

    async def write_due(self, moment: Moment) -> int:
        """One round. Returns how many cards Google has now that it had not."""
        programme = await self._programmes.at(moment.now)
        written = 0
        cards = await claim_due(self._database, moment)
        for place, card in enumerate(cards):
            try:
                written += await self.write(programme, card, moment)
            except GoogleBusy as busy:
                wait = max(timedelta(seconds=busy.retry_after_seconds), wait_after(0))
                for left in cards[place:]:
                    await self._put_off(left, moment.now + max(wait, wait_after(left.attempts - 1)), str(busy))
                log.warning("google_wallet_waits", cards=len(cards) - place, seconds=wait.total_seconds())
                break
        return written

    async def write_first(self, programme: Programme, held: Pass, moment: Moment) -> None:
        """Write a card that is about to be saved, unless Google has it. Raises GoogleBusy, GoogleRefused."""
        row = await self._database.reader.fetch_row(
            "SELECT written_tag FROM google_card WHERE member_id = $1 AND serial = $2", held.member_id, held.serial
        )
        if row is not None and row["written_tag"] > 0:
            return
        async with self._database.transaction() as tx:
            await want(tx, held, moment)
        card = GoogleCard(held.member_id, held.serial, 0, 1, None, 0, moment.now)
        written = await self._send(programme, card, held, moment)
        await self._settle(card, held.update_tag, moment, written)
        if held.serial != card_serial(held.member_id):  # the card names the passes that Google shows beside it
            async with self._database.transaction() as tx:
                await mark_changed(tx, held.member_id, card_serial(held.member_id), moment)

    async def write(self, programme: Programme, card: GoogleCard, moment: Moment) -> bool:
        """Write one claimed card as it stands now. False: Google refused it, which is noted. Raises GoogleBusy."""
        held = await queries.find_pass(self._database.reader, card.member_id, card.serial)
        if held is None:
            return False
        try:
            written = await self._send(programme, card, held, moment)
        except GoogleRefused as refused:
            log.warning("google_wallet_refused", reason=str(refused))
            await self._put_off(card, moment.now + wait_after(card.attempts + 4), str(refused))
            return False
        await self._settle(card, held.update_tag, moment, written)
        return True

    async def _send(self, programme: Programme, card: GoogleCard, held: Pass, moment: Moment) -> "_Written":
        """Write the object as it stands, and add the message that it has not got yet. Two announcements would be one
        too many: of a new message and a change together, the message is announced."""
        reader: Queryable = self._database.reader
        state = await queries.read_pass(reader, programme, held, moment)
        rotating = None
        if state.kind == "card":
            rotating = await members.find_rotating_secret(reader, card.member_id, self._peppers)
            state = dataclasses.replace(state, linked=await queries.list_at_google(reader, card.member_id))
        message = message_in(state)
        is_new = message is not None and message.id != card.message_digest
        may = may_announce(card, moment.now.date())
        # Whether the message may be sent at all the governor decided when it was put on the card.
        announce = may and not is_new and await self._governor_agrees(programme, held, moment)
        await self._google.write(state, rotating, notify=announce, message=None if is_new else message)
        if message is not None and is_new:
            await self._google.add_message(state, message, notify=may)
        return _Written(announced=announce or (is_new and may), message_digest=message.id if message else None)

    async def _governor_agrees(self, programme: Programme, held: Pass, moment: Moment) -> bool:
        source_id = uuid5(_CONTACT, f"{held.serial}/{held.update_tag}")
        async with self._database.transaction() as tx:
            decision = await messaging.may_contact(
                tx, programme, ContactAsked(member_id=held.member_id, source_id=source_id, key="wallet.balance"), moment
            )
        return decision.outcome is Outcome.SENT

    async def _settle(self, card: GoogleCard, tag: int, moment: Moment, written: "_Written") -> None:
        # Who marked the card meanwhile set another time: that stays, and the card is written again.
        async with self._database.transaction() as tx:
            await tx.execute(
                """
                UPDATE google_card
                SET written_tag = greatest(written_tag, $3), attempts = 0, problem = NULL,
                    next_try_at = CASE WHEN next_try_at = $4 THEN NULL ELSE next_try_at END,
                    notified_count = CASE WHEN NOT $5 THEN notified_count
                                          WHEN notified_on = $6 THEN notified_count + 1 ELSE 1 END,
                    notified_on = CASE WHEN $5 THEN $6 ELSE notified_on END, message_digest = $7
                WHERE member_id = $1 AND serial = $2
                """,
                card.member_id,
                card.serial,
                tag,
                card.leased_until,
                written.announced,
                moment.now.date(),
                written.message_digest,
            )

    async def _put_off(self, card: GoogleCard, until: datetime, problem: str) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE google_card SET next_try_at = $3, problem = $4 WHERE member_id = $1 AND serial = $2",
                card.member_id,
                card.serial,
                until,
                problem[:500],
            )
