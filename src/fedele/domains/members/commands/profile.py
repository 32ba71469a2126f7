"""The member as they wish to be seen."""

from collections.abc import Mapping
from typing import Any

from fedele.db.database import Transaction
from fedele.domains.members import events, queries
from fedele.domains.members.commands.hold import hold
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.profile import check_change, check_preferences
from fedele.domains.members.types import Member, ProfileChange
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def update_profile(tx: Transaction, member_id: MemberId, change: ProfileChange, moment: Moment) -> Member:
    """Change the fields that `change` mentions. Raises ProfileInvalid, MemberErased, MemberNotFound."""
    columns = check_change(change)
    await hold(tx, member_id)
    if columns:
        # The names come from check_change's own table, never from the caller.
        assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=2))
        await tx.execute(f"UPDATE member_profile SET {assignments} WHERE member_id = $1", member_id, *columns.values())
        await tx.publish(
            events.ProfileChanged(member_id=member_id, occurred_at=moment.now, fields=tuple(sorted(columns)))
        )
    return await queries.get_member(tx, member_id)


async def update_preferences(
    tx: Transaction, member_id: MemberId, changes: Mapping[str, Any], config: MembersConfig, moment: Moment
) -> Member:
    """Set the preferences named, as the programme declares them; None takes one away.

    Raises PreferenceUnknown, PreferenceInvalid, MemberErased, MemberNotFound.
    """
    checked = check_preferences(changes, config)
    await hold(tx, member_id)
    if checked:
        await tx.execute(
            "UPDATE member_profile SET preferences = jsonb_strip_nulls(preferences || $2) WHERE member_id = $1",
            member_id, checked,
        )  # fmt: skip
        fields = tuple(f"preferences.{key}" for key in sorted(checked))
        await tx.publish(events.ProfileChanged(member_id=member_id, occurred_at=moment.now, fields=fields))
    return await queries.get_member(tx, member_id)
