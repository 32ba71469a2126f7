"""Devices: registering the app's installations, moving one that changed hands, forgetting those that are gone."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import available_timezones

from fedele.db.database import Transaction
from fedele.domains.messaging.errors import MalformedTarget, UnknownTimeZone
from fedele.domains.messaging.events import DeviceRegistered
from fedele.domains.messaging.queries.devices import device_of
from fedele.domains.messaging.types import Device, DeviceId, DeviceInput
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound

VALUE_CHARACTERS_MAX = 4096
DEVICES_MAX = 20  # of one member; the one seen longest ago makes room

# PostgreSQL 18 answers with the row before and after: who held the target until now, in the statement that takes it.
_TAKE = """
INSERT INTO push_target_owner AS o (kind, value_hash, member_id, target_id)
VALUES ($1, sha256(convert_to($2, 'UTF8')), $3, $4)
ON CONFLICT (kind, value_hash) DO UPDATE
   SET target_id = CASE WHEN o.member_id = excluded.member_id THEN o.target_id ELSE excluded.target_id END,
       member_id = excluded.member_id
RETURNING old.member_id AS held_by, old.target_id AS held_as, new.target_id AS target_id
"""

_STORE = """
INSERT INTO push_target AS t (member_id, target_id, kind, value, platform, app_version, locale, time_zone, permission,
                              registered_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
ON CONFLICT (member_id, target_id) DO UPDATE
   SET platform = excluded.platform, app_version = excluded.app_version, locale = excluded.locale,
       time_zone = excluded.time_zone, permission = excluded.permission, last_seen_at = excluded.last_seen_at
RETURNING *
"""

_SURPLUS = """
SELECT target_id FROM push_target WHERE member_id = $1 AND target_id <> $2
 ORDER BY last_seen_at DESC, target_id DESC OFFSET $3
"""

# The owner's row is locked before the target's, here as in _TAKE: two members passing a phone to each other queue up.
_RELEASE = """
DELETE FROM push_target_owner o USING push_target t
 WHERE t.member_id = $1 AND t.target_id = ANY($2::uuid[])
   AND o.kind = t.kind AND o.value_hash = sha256(convert_to(t.value, 'UTF8'))
   AND o.member_id = t.member_id AND o.target_id = t.target_id
"""
_FORGET = "DELETE FROM push_target WHERE member_id = $1 AND target_id = ANY($2::uuid[]) RETURNING target_id"


async def register_device(tx: Transaction, member_id: MemberId, device: DeviceInput, moment: Moment) -> Device:
    """Remember this installation as the member's; again: it was seen. From now on it is nobody else's.

    Takes no member lock: the target's own row makes rival registrations queue, and two members would need two locks.
    """
    _check(device)
    taken = await tx.fetch_row(_TAKE, device.kind.value, device.value, member_id, new_id())
    assert taken is not None, "an upsert without a condition always answers"
    if taken["held_by"] is not None and taken["held_by"] != member_id:
        await tx.execute(_FORGET, taken["held_by"], [taken["held_as"]])
    row = await tx.fetch_row(
        _STORE, member_id, taken["target_id"], device.kind.value, device.value, device.platform.value,
        device.app_version, device.locale, device.time_zone, device.permission.value, moment.now,
    )  # fmt: skip
    assert row is not None, "an upsert without a condition always answers"
    if taken["held_by"] != member_id:
        await tx.publish(DeviceRegistered(member_id=member_id, occurred_at=moment.now, device_id=taken["target_id"]))
    surplus = await tx.fetch(_SURPLUS, member_id, taken["target_id"], DEVICES_MAX - 1)
    if surplus:
        await forget_targets(tx, member_id, [found["target_id"] for found in surplus])
    return device_of(row)


async def unregister_device(tx: Transaction, member_id: MemberId, device_id: DeviceId) -> None:
    """Forget this device, at logout or on wish. Raises NotFound for one that is not this member's."""
    if not await forget_targets(tx, member_id, [device_id]):
        raise NotFound(what="device", field="deviceId")


async def forget_targets(tx: Transaction, member_id: MemberId, target_ids: Sequence[UUID]) -> int:
    """Delete these targets of the member; answers how many there were."""
    await tx.execute(_RELEASE, member_id, list(target_ids))
    return len(await tx.fetch(_FORGET, member_id, list(target_ids)))


def _check(device: DeviceInput) -> None:
    """Refuse what cannot be an address. What the push service thinks of it shows when the first push leaves."""
    if not 8 <= len(device.value) <= VALUE_CHARACTERS_MAX:
        raise MalformedTarget(problem=f"it must have 8 to {VALUE_CHARACTERS_MAX} characters", field="value")
    if not device.value.isprintable() or device.value != device.value.strip():
        raise MalformedTarget(problem="it must not contain control characters or outer spaces", field="value")
    if device.time_zone is not None and device.time_zone not in available_timezones():
        raise UnknownTimeZone(time_zone=device.time_zone[:64], field="timeZone")
