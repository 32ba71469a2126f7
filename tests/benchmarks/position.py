"""Position → fences with a million geofences: `python -m tests.benchmarks position` prints the medians.

`position_1m_process_ms`: the index in memory. `position_1m_pg_ms`: the point's cubes, one statement, and the exact
question in process. Every answer of a sample is compared with brute force over all fences, in numpy.
FEDELE_BENCH_FENCES makes it smaller.
"""

import asyncio
import json
import math
import os
import statistics
import sys
import time
from typing import Any

import asyncpg
import numpy as np

from fedele.db.migrate import migrate
from fedele.domains.offers.geography.cells import cells_of
from fedele.domains.offers.geography.index import ShapeIndex
from fedele.domains.offers.geography.shapes import Cap
from fedele.kernel.distance import EARTH_RADIUS_METRES
from fedele.scenarios.stage import on_database

FENCES_COUNT = int(os.environ.get("FEDELE_BENCH_FENCES", "1000000"))
POSITIONS_COUNT = 2_000
CHECKED_COUNT = 200
DATABASE = "fedele_bench_position"
FIND = "SELECT fence FROM geofence WHERE version = $1 AND cell = ANY($2::bigint[])"


def a_continent(count: int, seed: int = 7) -> list[Cap]:
    """Circles of 100 to 2,000 metres: half of them in forty cities, half anywhere between 35° and 60° north."""
    random = np.random.default_rng(seed)
    cities = np.column_stack([random.uniform(36, 59, 40), random.uniform(-9, 30, 40)])
    of_city = random.integers(0, 40, count // 2)
    dense = cities[of_city] + random.normal(0, 0.15, (count // 2, 2))
    sparse = np.column_stack([random.uniform(35, 60, count - count // 2), random.uniform(-10, 32, count - count // 2)])
    points = np.vstack([dense, sparse])
    radii = np.exp(random.uniform(math.log(100), math.log(2_000), count))
    return [Cap(float(a), float(o), float(r)) for (a, o), r in zip(points, radii, strict=True)]


def positions(caps: list[Cap], count: int, seed: int = 11) -> list[tuple[float, float]]:
    """Where phones are: three of four near some fence, the rest anywhere."""
    random = np.random.default_rng(seed)
    near = [caps[i] for i in random.integers(0, len(caps), count * 3 // 4)]
    found = [(c.latitude + random.normal(0, 0.004), c.longitude + random.normal(0, 0.006)) for c in near]
    free = random.uniform([35, -10], [60, 32], (count - len(found), 2))
    return [(float(a), float(o)) for a, o in [*found, *free.tolist()]]


def brute_force(caps: list[Cap], points: list[tuple[float, float]]) -> list[set[int]]:
    """All fences asked about each point: haversine, as `kernel.distance` has it."""
    latitudes = np.radians([cap.latitude for cap in caps])
    longitudes = np.radians([cap.longitude for cap in caps])
    radii, cosines = np.array([cap.radius_metres for cap in caps]), np.cos(latitudes)
    answers = []
    for latitude, longitude in points:
        phi, theta = math.radians(latitude), math.radians(longitude)
        share = np.sin((latitudes - phi) / 2) ** 2
        share += math.cos(phi) * cosines * np.sin((longitudes - theta) / 2) ** 2
        away = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.minimum(share, 1.0)))
        answers.append(set(np.flatnonzero(away <= radii).tolist()))
    return answers


async def measure(url: str) -> dict[str, float]:
    """The figures of this run."""
    caps = a_continent(FENCES_COUNT)
    points = positions(caps, POSITIONS_COUNT)
    began = time.perf_counter()
    index = ShapeIndex(caps)
    print(f"{len(caps):,} fences, {len(index.cells):,} cubes of levels {index.levels}; index built in"
          f" {time.perf_counter() - began:.1f} s, {(index.cells.nbytes + index.numbers.nbytes) / 1e6:.0f} MB",
          file=sys.stderr)  # fmt: skip
    taken, answers = [], []
    for latitude, longitude in points:
        began = time.perf_counter()
        answers.append(index.holding(latitude, longitude))
        taken.append(time.perf_counter() - began)
    wrong = sum(set(a) != b for a, b in zip(answers, brute_force(caps, points[:CHECKED_COUNT]), strict=False))
    assert wrong == 0, f"{wrong} of {CHECKED_COUNT} answers differ from brute force"
    stored = await _in_postgres(url, index, points, answers)
    hits = statistics.fmean(len(answer) for answer in answers)
    print(f"{hits:.1f} fences hold a position on average; {CHECKED_COUNT} answers equal brute force", file=sys.stderr)
    return {
        "position_1m_process_ms": round(statistics.median(taken) * 1000, 4),
        "position_1m_process_p99_ms": round(statistics.quantiles(taken, n=100)[98] * 1000, 4),
        **stored,
    }


async def _in_postgres(
    url: str, index: ShapeIndex, points: list[tuple[float, float]], expected: list[list[int]]
) -> dict[str, float]:
    server = await asyncpg.connect(url)
    await server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    await server.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    try:
        await migrate(on_database(url, DATABASE))
        connection: Any = await asyncpg.connect(on_database(url, DATABASE))
        try:
            rows = ((1, cell, fence) for cell, fence in index.pairs())
            await connection.copy_records_to_table("geofence", columns=["version", "cell", "fence"], records=rows)
            await connection.execute("VACUUM ANALYZE geofence")
            size = await connection.fetchval("SELECT pg_size_pretty(pg_total_relation_size('geofence'))")
            print(f"table and index in PostgreSQL: {size}", file=sys.stderr)
            find = await connection.prepare(
                "SELECT fence FROM geofence WHERE version = $1 AND cell = ANY($2::bigint[])"
            )
            taken = []
            for (latitude, longitude), want in zip(points, expected, strict=True):
                began = time.perf_counter()
                found = await find.fetch(1, cells_of(latitude, longitude, index.levels))
                answer = index.exactly({row["fence"] for row in found}, latitude, longitude)
                taken.append(time.perf_counter() - began)
                assert answer == want, "the two indexes disagree"
            return {
                "position_1m_pg_ms": round(statistics.median(taken) * 1000, 3),
                "position_1m_pg_p99_ms": round(statistics.quantiles(taken, n=100)[98] * 1000, 3),
            }
        finally:
            await connection.close()
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await server.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(os.environ["FEDELE_TEST_DATABASE_URL"]))))
