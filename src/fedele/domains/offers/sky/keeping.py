"""Keeping the weather: ask the source once an hour for the cells that matter, and write what it says."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fedele.db.database import Database, Queryable
from fedele.domains.offers.ports import WeatherHour, WeatherSource
from fedele.domains.offers.sky.grid import cells_to_fetch
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment

FRESH = timedelta(minutes=55)
CELLS_MAX = 100  # in one question to the source


async def fetch_weather(database: Database, programme: Programme, source: WeatherSource, moment: Moment) -> int:
    """Fetch what is not fresh; how many cells. Raises WeatherUnavailable: what is known stays, until it is too old."""
    stale = await _stale(database.reader, cells_to_fetch(programme), moment.now)
    for start in range(0, len(stale), CELLS_MAX):
        hours = await source.hours(stale[start : start + CELLS_MAX], moment.now)
        await _write(database, hours, source.name, moment.now)
    return len(stale)


async def _stale(db: Queryable, cells: Sequence[str], now: datetime) -> list[str]:
    """The cells whose present hour was not fetched within the hour."""
    rows = await db.fetch(
        """
        SELECT asked.cell FROM unnest($1::text[]) WITH ORDINALITY AS asked (cell, place)
         WHERE NOT EXISTS (SELECT FROM weather_hour w
                            WHERE w.cell = asked.cell AND w.hour = date_trunc('hour', $2::timestamptz)
                              AND w.fetched_at > $3)
         ORDER BY place
        """,
        list(cells), now, now - FRESH,
    )  # fmt: skip
    return [row["cell"] for row in rows]


async def _write(database: Database, told: Sequence[WeatherHour], source: str, now: datetime) -> None:
    # Of an hour that is told twice (a file over a change of clocks) the last word counts.
    hours = list({(hour.cell, hour.hour): hour for hour in told}.values())
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO weather_hour (cell, hour, temperature_celsius, rain_millimetres, condition, feels_like_celsius,
                                      source, fetched_at)
            SELECT cell, hour, temperature, rain, condition, felt, $7, $8
              FROM unnest($1::text[], $2::timestamptz[], $3::float8[], $4::float8[], $5::text[], $6::float8[])
                   AS told (cell, hour, temperature, rain, condition, felt)
                ON CONFLICT (cell, hour) DO UPDATE
               SET temperature_celsius = excluded.temperature_celsius, rain_millimetres = excluded.rain_millimetres,
                   condition = excluded.condition, feels_like_celsius = excluded.feels_like_celsius,
                   source = excluded.source, fetched_at = excluded.fetched_at
            """,
            [hour.cell for hour in hours],
            [hour.hour for hour in hours],
            [hour.temperature_celsius for hour in hours],
            [hour.rain_millimetres for hour in hours],
            [hour.condition for hour in hours],
            [hour.feels_like_celsius for hour in hours],
            source,
            now,
        )
