"""The real firebase-admin against FCM v1 with many targets, of which some are gone, throttled, down or silent.

A short form in every run; the long one (`-m long`): 10,000 targets, or FEDELE_PUSH_TARGETS.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.adapters.push import local_fcm
from fedele.adapters.push.firebase import FirebasePush
from fedele.adapters.push.local_fcm import UNAVAILABLE, UNREGISTERED, LocalFcm, accept_then_hang, quota_exceeded
from fedele.db.database import Database
from fedele.domains.messaging import commands
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.messaging.types import MessageAsked
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import make_messages, make_programme, make_template

# Eight in the evening in Rome: past midnight in Bangkok, where quiet hours hold.
EVENING = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
TIMEOUT_SECONDS = 3.0
SHORT, LONG = 200, int(os.environ.get("FEDELE_PUSH_TARGETS", "10000"))
HANGS = 6  # threads of the server that are made to wait


@pytest.fixture
def fcm() -> Iterator[LocalFcm]:
    """A local FCM for one test."""
    with local_fcm.serve() as running:
        yield running


def programme() -> Programme:
    """Two pushes a day, quiet from nine to eight."""
    template = make_template(key="news", on=None, channels=["push"], expires_hours=48)
    return make_programme(make_messages(template, budget={"per_day": 2}, pushes_per_day_max=None))


async def crowd(admin: Any, count: int) -> list[MemberId]:
    """Members with a phone each who agreed to pushes; every tenth lives in Bangkok."""
    members = [MemberId(new_id()) for _ in range(count)]
    zones = ["Asia/Bangkok" if number % 10 == 9 else "Europe/Rome" for number in range(count)]
    await admin.executemany(
        "INSERT INTO member (member_id, status, source, joined_at, recorded_at) VALUES ($1, 'active', 'app', $2, $2)",
        [(member_id, EVENING) for member_id in members],
    )
    await admin.executemany(
        "INSERT INTO member_profile (member_id, locale, time_zone) VALUES ($1, 'it', $2)",
        list(zip(members, zones, strict=True)),
    )
    await admin.executemany(
        "INSERT INTO member_consent VALUES ($1, 'marketing', 'push', true, $2)", [(m, EVENING) for m in members]
    )
    targets = [(member_id, new_id(), token(number), EVENING) for number, member_id in enumerate(members)]
    await admin.executemany(
        "INSERT INTO push_target (member_id, target_id, kind, value, platform, permission, registered_at, last_seen_at)"
        " VALUES ($1, $2, 'fcm_token', $3, 'android', 'granted', $4, $4)", targets,
    )  # fmt: skip
    await admin.executemany(
        "INSERT INTO push_target_owner VALUES ('fcm_token', sha256(convert_to($3, 'UTF8')), $1, $2)",
        [target[:3] for target in targets],
    )
    return members


def token(number: int) -> str:
    """The number's registration token."""
    return f"token-of-phone-{number:06}"


async def say(database: Database, words: Programme, members: list[MemberId], times: int) -> None:
    """Three messages each, where the budget has two places."""
    for _ in range(times):
        source_id = new_id()
        for start in range(0, len(members), 500):
            asked = [
                MessageAsked(member_id=m, template="news", source_id=source_id) for m in members[start : start + 500]
            ]
            async with database.transaction() as tx:
                await commands.send_many(tx, words, asked, Moment(EVENING))


@pytest.mark.parametrize("count", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
async def test_every_fault_of_the_service_has_its_consequence_and_no_other(
    admin: Any, database: Database, fcm: LocalFcm, count: int
) -> None:
    """Right targets removed, nothing lost, nobody's phone shows a message twice, quiet hours and caps held."""
    words, members = programme(), await crowd(admin, count)
    awake = [number for number in range(count) if number % 10 != 9]
    gone = {number for number in awake if number % 10 == 0}
    throttled = {number for number in awake if number % 10 == 1}
    down = {number for number in awake if number % 10 == 2}
    silent = set([number for number in awake if number % 10 == 3][:HANGS])
    for numbers, faults in (
        (gone, [UNREGISTERED] * 3), (throttled, [quota_exceeded("30")] * 2), (down, [UNAVAILABLE, UNAVAILABLE]),
        (silent, [accept_then_hang(TIMEOUT_SECONDS + 2)]),
    ):  # fmt: skip
        for number in numbers:
            fcm.script(token(number), *faults)
    await say(database, words, members, times=3)
    clock = [EVENING]

    async def programme_at(_when: datetime) -> Programme:
        return words

    channel = FirebasePush(fcm.service_account(), base_url=fcm.base_url, timeout_seconds=TIMEOUT_SECONDS)
    delivery = Delivery(database, programme_at, channel, lambda: Moment(clock[0]))
    try:
        await delivery.send_due(batches_max=count)
        early = {received.target for received in fcm.received}
        assert not early & {token(number) for number in throttled}, "Retry-After was not waited for"
        for minutes in (0.6, 2, 5, 10, 15, 20):
            clock[0] = EVENING + timedelta(minutes=minutes)
            await delivery.send_due(batches_max=count)
        asleep = {token(number) for number in range(count) if number % 10 == 9}
        assert not asleep & {received.target for received in fcm.received}, "somebody was woken"
        clock[0] = EVENING + timedelta(hours=13)  # eight in the morning in Rome, two in the afternoon in Bangkok
        await delivery.send_due(batches_max=count)
        clock[0] += timedelta(minutes=30)
        await delivery.send_due(batches_max=count)
    finally:
        await channel.close()
    kept = {row["value"] for row in await admin.fetch("SELECT value FROM push_target")}
    assert kept == {token(number) for number in range(count) if number not in gone}
    states = dict(await admin.fetch("SELECT state, count(*) FROM push_send GROUP BY state"))
    assert states.pop("sent") == 2 * (count - len(gone))
    assert set(states) <= {"unregistered", "withdrawn"}, "something was lost or is still on its way"
    shown = shown_by_target(fcm)
    assert {target: len(tags) for target, tags in shown.items()} == dict.fromkeys(kept, 2)
    held = await admin.fetchval("SELECT count(*) FROM message_decision WHERE reason = 'daily_cap'")
    assert held == count, "the third message of the day is one too many"


def shown_by_target(fcm: LocalFcm) -> dict[str, set[str]]:
    """The tags of the notifications that each phone shows: a copy under the same tag replaces the first."""
    found: dict[str, set[str]] = {}
    for received in fcm.received:
        found.setdefault(received.target, set()).add(received.message["android"]["notification"]["tag"])
    return found
