"""Versions of the programme on a real PostgreSQL: effective dating, idempotence, concurrency, caches that never lie."""

import asyncio
import functools
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import counting
from fedele.domains.programme import commands, queries
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.errors import (
    EffectiveInThePast,
    NoProgramme,
    ProgrammeInvalid,
    ProgrammeMoved,
    VersionBegun,
    VersionUnknown,
)
from fedele.kernel.clock import Moment
from tests.factories.programme import SMALL, template_text
from tests.fixtures.processes import until

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def named(name):
    """A small programme of this name."""
    return SMALL.replace("name: Small", f"name: {name}")


async def apply(database, text, now=NOW, effective_from=None):
    """Apply a text in a transaction of its own."""
    async with database.transaction() as tx:
        return await commands.apply(
            tx, text, Moment(now), sections=PROGRAMME_SECTIONS, effective_from=effective_from, actor="test"
        )


async def name_at(source, when):
    """The name of the programme in force."""
    return (await source.at(when)).section(ProgrammeConfig).name.in_locale("en")


async def served(source, when, name):
    """Whether the programme in force has this name."""
    return await name_at(source, when) == name


@pytest.fixture
def source(database):
    """A source that is not listening."""
    return queries.ProgrammeSource(database, PROGRAMME_SECTIONS)


async def test_a_version_is_in_force_from_its_own_time_on(database, source):
    """A later version waits for its date; an event of before is judged by the version of before."""
    await apply(database, named("First"))
    later = await apply(database, named("Second"), effective_from=NOW + timedelta(days=10))
    assert (later.programme.version, later.created) == (2, True)
    assert await name_at(source, NOW + timedelta(days=10) - timedelta(microseconds=1)) == "First"
    assert await name_at(source, NOW + timedelta(days=10)) == "Second"
    assert await name_at(source, NOW - timedelta(days=400)) == "First"
    for when in (NOW - timedelta(days=400), NOW, NOW + timedelta(days=10)):
        exported = await queries.export(database.reader, when)
        assert exported == (await source.at(when)).source_text


async def test_of_two_that_begin_together_the_later_applied_wins(database, source):
    """Correcting a version before it begins is applying another for the same time."""
    start = NOW + timedelta(days=1)
    await apply(database, named("First"))
    await apply(database, named("Wrong"), effective_from=start)
    await apply(database, named("Right"), effective_from=start)
    assert await name_at(source, start) == "Right"
    assert "Right" in await queries.export(database.reader, start)


async def test_applying_the_same_again_changes_nothing(database, source):
    """The same text, with or without the same date, is the same version; another date is another version."""
    start = NOW + timedelta(days=5)
    first = await apply(database, named("First"))
    again = await apply(database, named("First"), now=NOW + timedelta(hours=3))
    assert (again.programme.version, again.created) == (first.programme.version, False)
    planned = await apply(database, named("Next"), effective_from=start)
    repeated = await apply(database, named("Next"), now=start + timedelta(days=1), effective_from=start)
    assert (repeated.programme.version, repeated.created) == (planned.programme.version, False)
    assert len(await queries.list_versions(database.reader, NOW)) == 2


async def test_going_back_is_a_new_version(database, source):
    """An older text applied anew is a version of its own: history keeps both changes."""
    await apply(database, named("First"))
    await apply(database, named("Second"), now=NOW + timedelta(hours=1))
    back = await apply(database, named("First"), now=NOW + timedelta(hours=2))
    assert (back.programme.version, back.created) == (3, True)
    assert await name_at(source, NOW + timedelta(hours=3)) == "First"


async def test_history_cannot_be_rewritten(database, admin):
    """A version cannot begin in the past, and no applied version can be changed or removed."""
    await apply(database, named("First"), effective_from=NOW - timedelta(days=365))
    with pytest.raises(EffectiveInThePast):
        await apply(database, named("Second"), effective_from=NOW - timedelta(minutes=1))
    async with database.transaction() as tx:
        with pytest.raises(asyncpg.PostgresError):
            await tx.savepoint_execute("UPDATE programme_version SET source_text = ''")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await admin.execute("DELETE FROM programme_version")
    assert await admin.fetchval("SELECT count(*) FROM programme_version") == 1


async def test_a_file_with_a_mistake_applies_nothing(database, admin):
    """ProgrammeInvalid names the line, and not a row was written."""
    with pytest.raises(ProgrammeInvalid, match="line 4"):
        await apply(database, SMALL.replace("currencies:", "currencies: 5\ncurrency:"))
    assert await admin.fetchval("SELECT count(*) FROM programme_version") == 0
    with pytest.raises(NoProgramme):
        await queries.export(database.reader, NOW)


async def test_twenty_at_once_make_one_version_each_text(database):
    """Concurrent applies queue up: equal texts become one version, different ones a gapless row of versions."""
    results = await asyncio.gather(*(apply(database, named("Same")) for _ in range(10)))
    assert [result.created for result in results].count(True) == 1
    assert {result.programme.version for result in results} == {1}
    others = await asyncio.gather(*(apply(database, named(f"Other{number}")) for number in range(10)))
    assert sorted(result.programme.version for result in others) == list(range(2, 12))


class _Unlocked:
    """A transaction that takes no lock, and waits for its rival just after it has read the newest version."""

    def __init__(self, tx, barrier):
        self._tx, self._barrier = tx, barrier

    async def execute(self, sql, *values):
        return None if "advisory" in sql else await self._tx.execute(sql, *values)

    async def fetch_value(self, sql, *values):
        value = await self._tx.fetch_value(sql, *values)
        await self._barrier.wait()
        return value

    async def fetch_row(self, sql, *values):
        return await self._tx.fetch_row(sql, *values)


async def test_without_the_lock_concurrent_applies_collide(database):
    """The control: take the lock away, and two applies claim the same version; the key refuses the second."""
    barrier = asyncio.Barrier(2)

    async def unlocked(name):
        async with database.transaction() as tx:
            await commands.apply(_Unlocked(tx, barrier), named(name), Moment(NOW), sections=PROGRAMME_SECTIONS)

    results = await asyncio.gather(unlocked("One"), unlocked("Two"), return_exceptions=True)
    assert {type(result) for result in results} == {type(None), asyncpg.UniqueViolationError}


async def test_a_listening_source_serves_a_new_version_at_once_and_asks_nothing(database, source):
    """Soon after the commit the new version is served; `at` itself sends no statement."""
    await apply(database, named("First"))
    async with source.listening():
        assert await name_at(source, NOW) == "First"
        await apply(database, named("Second"))
        await until(functools.partial(served, source, NOW, "Second"))
        with counting() as statements:
            await name_at(source, NOW)
        assert statements == []


async def test_a_lost_notice_makes_nothing_stale_for_longer_than_a_second(database, source, admin):
    """With every notice lost, a listening source and one that does not listen serve the new version within a second."""
    await apply(database, named("First"))
    deaf = queries.ProgrammeSource(database, PROGRAMME_SECTIONS)
    async with source.listening():
        assert await name_at(source, NOW) == await name_at(deaf, NOW) == "First"
        await admin.execute(  # no NOTIFY: as if a pooler had lost it
            "INSERT INTO programme_version (version, effective_from, source_text, source_hash)"
            " VALUES (2, $1, $2, '\\x00')",
            NOW,
            named("Second"),
        )
        await asyncio.sleep(1.0)
        assert await name_at(source, NOW) == await name_at(deaf, NOW) == "Second"


async def test_a_source_outlives_its_listening_connection(database, source, admin):
    """Cutting the dedicated connection loses notices, not correctness."""
    await apply(database, named("First"))
    async with source.listening():
        assert await name_at(source, NOW) == "First"
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND query ILIKE 'LISTEN%'"
        )
        await apply(database, named("Second"))
        await asyncio.sleep(1.0)
        assert await name_at(source, NOW) == "Second"


async def test_versions_once_read_are_served_from_memory(database):
    """A thousand reads within half a second ask the database for the list once, and for each version once."""
    clock = [100.0]
    source = queries.ProgrammeSource(database, PROGRAMME_SECTIONS, monotonic=lambda: clock[0])
    await apply(database, named("First"))
    with counting() as statements:
        for _ in range(1_000):
            await source.at(NOW)
    assert len(statements) == 3
    clock[0] += 0.9
    with counting() as statements:
        await source.at(NOW)
    assert len(statements) == 1


async def test_no_programme_is_said_plainly(source):
    """Before the first apply there is a refusal with what to do, not an empty programme."""
    with pytest.raises(NoProgramme, match="fedele programme apply"):
        await source.at(NOW)


async def test_the_shipped_programmes_apply_and_come_back_the_same(database, source):
    """What `export` gives is what was applied, byte for byte, in four scripts."""
    for hours, name in enumerate(("grocer", "corner-cafe")):
        at = NOW + timedelta(hours=hours)
        await apply(database, template_text(name), now=at)
        assert await queries.export(database.reader, at) == template_text(name)
    assert [c.key for c in (await source.at(NOW)).section(Currencies)] == ["points"]
    assert [c.key for c in (await source.at(NOW + timedelta(hours=1))).section(Currencies)] == ["stamps"]


async def test_a_scheduled_version_can_be_withdrawn(database, source, admin):
    """What is withdrawn is never in force, in a process that knew it too; withdrawing again changes nothing."""
    start = NOW + timedelta(days=3)
    await apply(database, named("First"))
    planned = await apply(database, named("Slip"), effective_from=start)
    assert await name_at(source, start) == "Slip"
    async with source.listening():
        for created in (True, False):
            async with database.transaction() as tx:
                done = await commands.withdraw(tx, planned.programme.version, Moment(NOW), actor="test", reason="slip")
            assert (done.version, done.created) == (2, created)
        await until(functools.partial(served, source, start, "First"))
    assert "First" in await queries.export(database.reader, start)
    assert await admin.fetchval("SELECT count(*) FROM programme_withdrawal") == 1
    again = await apply(database, named("Slip"), effective_from=start)
    assert (again.programme.version, again.created) == (3, True), "the same text may be planned anew"


async def test_a_version_that_began_cannot_be_withdrawn(database, admin):
    """In force, in the past, about to begin within the drift of clocks, or unknown: refused, and nothing written."""
    await apply(database, named("First"))
    await apply(database, named("Second"), now=NOW + timedelta(days=1))
    soon = await apply(database, named("Soon"), now=NOW + timedelta(days=1), effective_from=NOW + timedelta(days=2))
    cases = [(1, NOW + timedelta(days=1)), (2, NOW + timedelta(days=1)), (9, NOW)]
    cases.append((soon.programme.version, NOW + timedelta(days=2, seconds=-3)))
    for version, now in cases:
        with pytest.raises(VersionUnknown if version == 9 else VersionBegun):
            async with database.transaction() as tx:
                await commands.withdraw(tx, version, Moment(now))
    assert await admin.fetchval("SELECT count(*) FROM programme_withdrawal") == 0


async def test_the_list_says_what_became_of_every_version(database):
    """Past, replaced, in force, scheduled and withdrawn, each with the time at which it ends."""
    day = timedelta(days=1)
    await apply(database, named("First"))
    await apply(database, named("Wrong"), effective_from=NOW + day)
    await apply(database, named("Right"), effective_from=NOW + day)
    await apply(database, named("Later"), effective_from=NOW + 9 * day)
    await apply(database, named("Never"), effective_from=NOW + 5 * day)
    async with database.transaction() as tx:
        await commands.withdraw(tx, 5, Moment(NOW))
    listed = await queries.list_versions(database.reader, NOW + 2 * day)
    assert [(record.version, record.state, record.ends_at) for record in listed] == [
        (5, "withdrawn", None),
        (4, "scheduled", None),
        (3, "in_force", NOW + 9 * day),
        (2, "replaced", None),
        (1, "past", NOW + day),
    ]


async def test_what_was_planned_against_an_older_version_is_refused(database, admin):
    """Two people plan against version 1; the second to apply is told to plan again."""
    await apply(database, named("First"))
    async with database.transaction() as tx:
        await commands.apply(tx, named("Second"), Moment(NOW), sections=PROGRAMME_SECTIONS, expected_version=1)
    with pytest.raises(ProgrammeMoved):
        async with database.transaction() as tx:
            await commands.apply(tx, named("Third"), Moment(NOW), sections=PROGRAMME_SECTIONS, expected_version=1)
    assert await admin.fetchval("SELECT count(*) FROM programme_version") == 2


async def test_of_many_who_apply_at_once_one_finds_its_plan_still_true(database, admin):
    """Twelve applications planned against the same version race: one is applied, eleven are refused."""
    await apply(database, named("First"))

    async def race(number):
        async with database.transaction() as tx:
            return await commands.apply(
                tx, named(f"N{number}"), Moment(NOW), sections=PROGRAMME_SECTIONS, expected_version=1
            )

    done = await asyncio.gather(*(race(number) for number in range(12)), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in done) == 1
    assert sum(isinstance(one, ProgrammeMoved) for one in done) == 11
    assert await admin.fetchval("SELECT count(*) FROM programme_version") == 2
