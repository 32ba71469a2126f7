"""What the member agreed to, with the history that proves it."""

from collections.abc import Sequence

from fedele.db.database import Transaction
from fedele.domains.members import events, queries
from fedele.domains.members.commands.hold import hold
from fedele.domains.members.types import (
    Channel,
    Consent,
    Purpose,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id


async def set_consent(
    tx: Transaction, member_id: MemberId, purpose: Purpose, channel: Channel, granted: bool, *,
    source: str, wording: str, moment: Moment,
) -> Consent:  # fmt: skip
    """Record what the member agreed to or withdrew. Repeating the present state adds nothing to the history.

    `source` says where they were asked (app, staff, join …), `wording` names the version of the text they saw.
    """
    await hold(tx, member_id)
    changed = await tx.fetch_value(
        """
        INSERT INTO member_consent (member_id, purpose, channel, granted, changed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (member_id, purpose, channel) DO UPDATE SET granted = $4, changed_at = $5
        WHERE member_consent.granted <> $4 RETURNING true
        """,
        member_id, purpose.value, channel.value, granted, moment.now,
    )  # fmt: skip
    if changed:
        await record_consents(tx, [(member_id, purpose, channel, granted, source, wording)], moment)
        await tx.publish(
            events.ConsentChanged(
                member_id=member_id, occurred_at=moment.now, purpose=purpose, channel=channel, granted=granted
            )
        )
    standing = await queries.list_consents(tx, member_id)
    return next(c for c in standing if c.purpose is purpose and c.channel is channel)


async def record_consents(
    tx: Transaction, changes: Sequence[tuple[MemberId, Purpose, Channel, bool, str, str]], moment: Moment
) -> None:
    """Append to the history: (member, purpose, channel, granted, source, wording) each."""
    await tx.execute_many(
        """
        INSERT INTO consent_change (member_id, change_id, purpose, channel, granted, source, wording, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (member_id, new_id(), purpose.value, channel.value, granted, source, wording, moment.now)
            for member_id, purpose, channel, granted, source, wording in changes
        ],
    )
