"""The programme in force, its versions, and checks that need no database."""

import asyncio
import contextlib
import dataclasses
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from fedele.db.database import Database, Queryable
from fedele.domains.programme.checking import Checked, Document, Sections, check, read_document
from fedele.domains.programme.differences import differences
from fedele.domains.programme.editing import Value, change, changed_at, values
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.types import Change, Programme, ProgrammeVersion, VersionRecord, VersionState
from fedele.domains.programme.writing import json_schema, write

__all__ = [
    "CHANNEL", "IN_FORCE", "Checked", "Document", "ProgrammeSource", "Sections", "Value", "change", "changed_at",
    "check", "differences", "export", "get_version", "json_schema", "list_versions", "plan", "read_document", "values",
    "write",
]  # fmt: skip

CHANNEL = "fedele_programme"
STALE_AFTER_SECONDS = 0.8

# Before the first version begins, the first version: imported history is judged by it.
IN_FORCE = """
    SELECT version, effective_from, source_hash FROM programme_version AS v
    WHERE NOT EXISTS (SELECT FROM programme_withdrawal AS w WHERE w.version = v.version)
    ORDER BY effective_from <= $1 DESC,
             CASE WHEN effective_from <= $1 THEN effective_from END DESC,
             effective_from, version DESC
    LIMIT 1
"""


# Both tables only grow: their rows together tell whether anything happened to either.
_VERSIONS_COUNT = """
    SELECT (SELECT count(*) FROM programme_version) + (SELECT count(*) FROM programme_withdrawal) AS programme_version
"""


async def list_versions(source: Queryable, now: datetime) -> list[VersionRecord]:
    """Every applied version, the newest first, and what it is at this moment."""
    rows = await source.fetch(
        """
        SELECT version, effective_from, v.recorded_at, v.actor, w.version IS NOT NULL AS withdrawn
          FROM programme_version AS v LEFT JOIN programme_withdrawal AS w USING (version) ORDER BY version DESC
        """
    )
    applied = [(row["effective_from"], row["version"]) for row in rows if not row["withdrawn"]]
    turns = dict(sorted(applied))  # of two that begin together the higher comes last and stays
    begun = [since for since in turns if since <= now] or list(turns)[:1]
    found = []
    for row in rows:
        since = row["effective_from"]
        record = VersionRecord(row["version"], since, row["recorded_at"], row["actor"], "withdrawn")
        if not row["withdrawn"]:
            last = begun[-1]
            state: VersionState = "in_force" if since == last else "past" if since < last else "scheduled"
            replaced = turns[since] != row["version"]
            ends_at = None if replaced else next((later for later in turns if later > since), None)
            record = dataclasses.replace(record, state="replaced" if replaced else state, ends_at=ends_at)
        found.append(record)
    return found


async def get_version(source: Queryable, version: ProgrammeVersion, sections: Sections) -> Programme:
    """One version, read and checked again. Raises NoProgramme for a version that was never applied."""
    row = await source.fetch_row(
        "SELECT effective_from, source_text FROM programme_version WHERE version = $1", version
    )
    if row is None:
        raise NoProgramme()
    checked = await asyncio.to_thread(check, row["source_text"], sections, f"version {version}")
    return checked.programme(version, row["effective_from"])


async def export(source: Queryable, when: datetime) -> str:
    """The text of the version in force at a moment, as it was handed in. Raises NoProgramme."""
    row = await source.fetch_row(IN_FORCE, when)
    if row is None:
        raise NoProgramme()
    text: str = await source.fetch_value("SELECT source_text FROM programme_version WHERE version = $1", row["version"])
    return text


def plan(old: Programme | None, new: Checked) -> tuple[Change, ...]:
    """What applying `new` would change, in words."""
    return differences(old.sections if old else None, new.sections)


class ProgrammeSource:
    """Hands out the programme in force at a moment, from memory.

    Versions never change, so they are kept once read; only the list of versions can be out of date. `listening` keeps
    it fresh by NOTIFY and, in case a notice is lost (a pooler, a replica), by asking every 0.4 s; without it,
    `at` asks by itself when it has not asked for that long. Nothing staler than a second is ever served.
    """

    def __init__(self, database: Database, sections: Sections, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self.sections = sections
        self._monotonic = monotonic
        self._timeline: list[tuple[datetime, ProgrammeVersion]] = []
        self._versions_count = -1
        self._asked_at = float("-inf")
        self._read: dict[ProgrammeVersion, Programme] = {}
        self._lock = asyncio.Lock()
        self._reading = asyncio.Lock()

    def forget(self) -> None:
        """Know nothing any more and ask anew: after a version was applied beside us, or the database was replaced."""
        self._timeline, self._versions_count, self._asked_at = [], -1, float("-inf")
        self._read.clear()

    async def version(self, version: ProgrammeVersion) -> Programme:
        """One version, from memory once it was read. Raises NoProgramme for one that was never applied."""
        return self._read.get(version) or await self._load(version)

    async def at(self, when: datetime) -> Programme:
        """The version in force at this (aware) moment; before the first begins, the first. Raises NoProgramme."""
        if self._monotonic() - self._asked_at > STALE_AFTER_SECONDS:
            await self._refresh(force=False)
        if not self._timeline:
            raise NoProgramme()
        index = bisect_right(self._timeline, when, key=lambda entry: entry[0])
        version = self._timeline[max(index - 1, 0)][1]
        return self._read.get(version) or await self._load(version)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Keep the list of versions fresh in the background while the block runs."""
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with self._database.listen(CHANNEL, heard):
            task = asyncio.create_task(self._keep_fresh(heard), name="programme-versions")
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _keep_fresh(self, heard: asyncio.Queue[str]) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(heard.get(), STALE_AFTER_SECONDS / 2)
            # An error here is not the end: `at` asks by itself as soon as the list is too old, and reports it.
            with contextlib.suppress(Exception):
                await self._refresh(force=True)

    async def _refresh(self, *, force: bool) -> None:
        async with self._lock:
            asked_at = self._monotonic()
            if not force and asked_at - self._asked_at <= STALE_AFTER_SECONDS:
                return
            count: int = await self._database.reader.fetch_value(_VERSIONS_COUNT)
            if count != self._versions_count:
                self._timeline = await _timeline(self._database.reader)
                self._versions_count = count
            self._asked_at = asked_at

    async def _load(self, version: ProgrammeVersion) -> Programme:
        async with self._reading:  # a crowd that wants a new version reads it once
            if version not in self._read:
                self._read[version] = await get_version(self._database.reader, version, self.sections)
            return self._read[version]


async def _timeline(source: Queryable) -> list[tuple[datetime, ProgrammeVersion]]:
    """When each version begins; of two that begin together the higher comes last and wins."""
    rows = await source.fetch(
        """
        SELECT effective_from, version FROM programme_version AS v
         WHERE NOT EXISTS (SELECT FROM programme_withdrawal AS w WHERE w.version = v.version)
         ORDER BY effective_from, version
        """
    )
    return [(row["effective_from"], ProgrammeVersion(row["version"])) for row in rows]
