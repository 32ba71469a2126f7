"""The two indexes of fences behind `FenceIndex`: in this process's memory, and in PostgreSQL.

In memory it is fastest, and each process makes its own from the programme (two seconds a million fences). The table
is written once a version, by a job, and spares the processes the arrays; until it is written, memory answers.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from fedele.db.database import Database, Queryable
from fedele.domains.offers.geography.cells import cells_of
from fedele.domains.offers.geography.index import Fences, FencesByVersion
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment, Position

FenceStore: TypeAlias = Literal["process", "postgres"]

# One row lists the cubes' levels, so that the point's own cubes are known; then equality alone finds the fences.
_LEVELS = "SELECT levels FROM geofence_build WHERE version = $1"
_FIND = "SELECT fence FROM geofence WHERE version = $1 AND cell = ANY($2::bigint[])"


class ProcessFences:
    """Fences in memory."""

    def __init__(self) -> None:
        self.known = FencesByVersion()

    async def offers_at(self, db: Queryable, programme: Programme, position: Position) -> Mapping[str, str | None]:
        """See FenceIndex."""
        fences = self.known.of(programme)
        return fences.subjects(fences.index.holding(position.latitude, position.longitude))


class StoredFences:
    """Fences in PostgreSQL, with their shapes from the programme."""

    def __init__(self) -> None:
        self.known = FencesByVersion()
        self._levels: dict[int, list[int]] = {}

    async def offers_at(self, db: Queryable, programme: Programme, position: Position) -> Mapping[str, str | None]:
        """See FenceIndex."""
        fences, levels = self.known.of(programme), await self._levels_of(db, programme.version)
        if levels is None:
            return fences.subjects(fences.index.holding(position.latitude, position.longitude))
        cells = cells_of(position.latitude, position.longitude, levels)
        found = {row["fence"] for row in await db.fetch(_FIND, programme.version, cells)}
        return fences.subjects(fences.index.exactly(found, position.latitude, position.longitude))

    async def _levels_of(self, db: Queryable, version: int) -> list[int] | None:
        if version not in self._levels:
            levels = await db.fetch_value(_LEVELS, version)
            if levels is None:
                return None
            self._levels = {version: list(levels)}
        return self._levels[version]


IN_PROCESS = ProcessFences()


async def store_fences(database: Database, programme: Programme, moment: Moment) -> bool:
    """Write the fences of this version, and drop those of others; whether there was anything to do.

    One transaction: a reader finds all of a version or nothing of it.
    """
    if await database.reader.fetch_value("SELECT true FROM geofence_build WHERE version = $1", programme.version):
        return False
    index = Fences.of(programme).index
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('fedele:geofence', 0))")
        if await tx.fetch_value("SELECT true FROM geofence_build WHERE version = $1", programme.version):
            return False
        await tx.execute("DELETE FROM geofence")
        await tx.execute("DELETE FROM geofence_build")
        rows = ((programme.version, cell, fence) for cell, fence in index.pairs())
        await tx.copy("geofence", ("version", "cell", "fence"), rows)
        await tx.execute(
            "INSERT INTO geofence_build (version, levels, fences_count, built_at) VALUES ($1, $2, $3, $4)",
            programme.version,
            list(index.levels),
            len(index.shapes),
            moment.now,
        )
    return True
