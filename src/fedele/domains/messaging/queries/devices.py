"""Reading the installations of the app that a member's pushes go to, and where each push stands."""

from fedele.db.database import Queryable, Row
from fedele.domains.messaging.types import (
    Device,
    DeviceId,
    Permission,
    Platform,
    PushRecord,
    SendState,
    TargetKind,
)
from fedele.kernel.ids import MemberId


async def find_device(db: Queryable, member_id: MemberId, device_id: DeviceId) -> Device | None:
    """One of the member's devices, or None."""
    return next((device for device in await list_devices(db, member_id) if device.device_id == device_id), None)


async def list_devices(db: Queryable, member_id: MemberId) -> tuple[Device, ...]:
    """The member's registered devices, the last seen first; never the values that address them."""
    rows = await db.fetch(
        """
        SELECT member_id, target_id, kind, platform, app_version, locale, time_zone, permission, registered_at,
               last_seen_at
          FROM push_target WHERE member_id = $1 ORDER BY last_seen_at DESC, target_id
        """,
        member_id,
    )
    return tuple(map(device_of, rows))


async def list_pushes(db: Queryable, member_id: MemberId) -> tuple[PushRecord, ...]:
    """Where each of the member's pushes stands, for support."""
    rows = await db.fetch(
        """
        SELECT member_id, source_id, template_key, target_id, state, next_at, attempts_count, last_reason
          FROM push_send WHERE member_id = $1 ORDER BY source_id DESC, template_key, target_id LIMIT 200
        """,
        member_id,
    )
    return tuple(
        PushRecord(
            row["member_id"], row["source_id"], row["template_key"], DeviceId(row["target_id"]),
            SendState(row["state"]), row["next_at"], row["attempts_count"], row["last_reason"],
        )
        for row in rows
    )  # fmt: skip


def device_of(row: Row) -> Device:
    """A row of push_target as a record."""
    return Device(
        device_id=DeviceId(row["target_id"]),
        member_id=row["member_id"],
        kind=TargetKind(row["kind"]),
        platform=Platform(row["platform"]),
        app_version=row["app_version"],
        locale=row["locale"],
        time_zone=row["time_zone"],
        permission=Permission(row["permission"]),
        registered_at=row["registered_at"],
        last_seen_at=row["last_seen_at"],
    )
