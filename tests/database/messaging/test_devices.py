"""Devices: one member at a time, found again, forgotten when gone, and never shown with their address."""

import asyncio
from dataclasses import asdict
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.errors import MalformedTarget, UnknownTimeZone
from fedele.domains.messaging.types import DeviceId, Permission, TargetKind
from fedele.kernel.ids import new_id
from fedele.kernel.refusal import NotFound
from tests.factories.messaging import make_device, make_member

VALUE = "token-of-giulia-0001"


async def owners(admin: Any) -> list[Any]:
    """Who owns what, by value."""
    rows = await admin.fetch(
        """
        SELECT t.value, t.member_id FROM push_target t JOIN push_target_owner o
          ON o.member_id = t.member_id AND o.target_id = t.target_id AND o.value_hash = sha256(t.value::bytea)
         ORDER BY t.value
        """
    )
    return [(row["value"], row["member_id"]) for row in rows]


async def test_registering_again_is_the_same_device(admin: Any, database: Database) -> None:
    """The app registers at every start: one row, updated, with its first date kept."""
    member_id = await make_member(admin)
    first = await make_device(database, member_id, VALUE, app_version="1.0")
    second = await make_device(database, member_id, VALUE, app_version="1.1", permission=Permission.PROVISIONAL)
    assert second.device_id == first.device_id
    [device] = await queries.list_devices(database.reader, member_id)
    assert (device.app_version, device.permission) == ("1.1", Permission.PROVISIONAL)
    assert await owners(admin) == [(VALUE, member_id)]


async def test_a_phone_that_changes_hands_moves(admin: Any, database: Database) -> None:
    """Whoever logs in on the phone gets its pushes; whoever had it does not any more, and keeps their other phone."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    await make_device(database, giulia, VALUE)
    await make_device(database, giulia, "token-of-giulia-0002")
    await make_device(database, marco, VALUE)
    assert await owners(admin) == [(VALUE, marco), ("token-of-giulia-0002", giulia)]
    assert len(await queries.list_devices(database.reader, giulia)) == 1


async def test_the_same_text_of_another_kind_is_another_target(admin: Any, database: Database) -> None:
    """A token and an installation id may look alike; they are not the same phone."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    await make_device(database, giulia, VALUE, kind=TargetKind.FCM_TOKEN)
    await make_device(database, marco, VALUE, kind=TargetKind.FCM_FID)
    assert len(await queries.list_devices(database.reader, giulia)) == 1
    assert len(await queries.list_devices(database.reader, marco)) == 1


async def test_twenty_members_at_once_leave_one_owner(admin: Any, database: Database) -> None:
    """A phone passed around in a race belongs to exactly one, without a deadlock."""
    members = [await make_member(admin, name=f"Member {n}") for n in range(20)]
    await asyncio.gather(*(make_device(database, member_id, VALUE) for member_id in members * 2))
    held = await owners(admin)
    assert len(held) == 1
    assert await admin.fetchval("SELECT count(*) FROM push_target") == 1
    assert await admin.fetchval("SELECT count(*) FROM push_target_owner") == 1


async def test_a_device_leaves_once_and_only_for_its_owner(admin: Any, database: Database) -> None:
    """Logout forgets the target; a second time, or somebody else's, is NOT_FOUND and changes nothing."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    device = await make_device(database, giulia, VALUE)
    for member_id, device_id in ((marco, device.device_id), (giulia, DeviceId(new_id()))):
        with pytest.raises(NotFound):
            async with database.transaction() as tx:
                await commands.unregister_device(tx, member_id, device_id)
    assert await owners(admin) == [(VALUE, giulia)]
    async with database.transaction() as tx:
        await commands.unregister_device(tx, giulia, device.device_id)
    assert await owners(admin) == []
    assert await admin.fetchval("SELECT count(*) FROM push_target_owner") == 0


async def test_a_member_has_at_most_twenty_devices(admin: Any, database: Database) -> None:
    """The one seen longest ago makes room: a loop in an app cannot fill the table."""
    member_id = await make_member(admin)
    for number in range(23):
        await make_device(database, member_id, f"token-number-{number:04}")
    assert len(await queries.list_devices(database.reader, member_id)) == 20
    assert await admin.fetchval("SELECT count(*) FROM push_target_owner") == 20
    assert "token-number-0022" in [value for value, _ in await owners(admin)]


@pytest.mark.parametrize("value", ["", "short", "x" * 4097, "token\nwith a line break", " token-with-spaces "])
async def test_what_cannot_be_an_address_is_refused(admin: Any, database: Database, value: str) -> None:
    """Refused with a reason, and nothing is stored."""
    member_id = await make_member(admin)
    with pytest.raises(MalformedTarget):
        await make_device(database, member_id, value)
    assert await owners(admin) == []


async def test_an_unknown_time_zone_is_refused(admin: Any, database: Database) -> None:
    """A phone that says Mars/Olympus is asked for an IANA name."""
    member_id = await make_member(admin)
    with pytest.raises(UnknownTimeZone):
        await make_device(database, member_id, VALUE, time_zone="Mars/Olympus")


async def test_a_device_is_never_shown_with_its_address(admin: Any, database: Database) -> None:
    """Neither the record nor its repr holds the value."""
    member_id = await make_member(admin)
    device = await make_device(database, member_id, VALUE)
    assert VALUE not in repr(device)
    assert VALUE not in repr(asdict(device))
