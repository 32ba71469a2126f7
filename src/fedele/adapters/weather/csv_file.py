"""Weather out of a CSV file: for tests, demos, and for replaying what was measured.

Columns: `hour` (ISO 8601 with an offset), `temperature_celsius`, `rain_millimetres`, `condition`, and, if there are
several places, `latitude` and `longitude`; without these a row holds everywhere. `feels_like_celsius` may be there.
"""

import csv
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fedele.domains.offers.ports import Attribution, WeatherHour, WeatherUnavailable
from fedele.domains.offers.queries import cell_of

EVERYWHERE = ""
CONDITIONS = frozenset({"clear", "cloudy", "fog", "rain", "snow", "storm"})
_BEFORE, _AFTER = timedelta(hours=1), timedelta(hours=25)


class CsvWeather:
    """The hours of a file, read anew at each question: it may be replaced while we run."""

    name = "csv"

    def __init__(self, file: Path, attribution: Attribution | None = None) -> None:
        self._file, self.attribution = file, attribution

    async def hours(self, cells: Sequence[str], now: datetime) -> Sequence[WeatherHour]:
        """See WeatherSource."""
        known = self._read(now)
        return [
            dataclasses.replace(row, cell=cell) for cell in cells for row in known.get(cell, known.get(EVERYWHERE, ()))
        ]

    def _read(self, now: datetime) -> dict[str, list[WeatherHour]]:
        found: dict[str, list[WeatherHour]] = {}
        try:
            with self._file.open(newline="", encoding="utf-8") as lines:
                for number, row in enumerate(csv.DictReader(lines), start=2):
                    hour = self._row(row, number)
                    if now - _BEFORE < hour.hour <= now + _AFTER:
                        found.setdefault(hour.cell, []).append(hour)
        except OSError as error:
            raise WeatherUnavailable(f"{self._file}: {error.strerror}") from None
        return found

    def _row(self, row: dict[str, str], number: int) -> WeatherHour:
        try:
            hour = datetime.fromisoformat(row["hour"])
            if hour.tzinfo is None:
                raise ValueError("hour needs an offset, as in 2026-11-24T08:00:00-05:00")
            if row["condition"] not in CONDITIONS:
                raise ValueError(f"condition must be one of {', '.join(sorted(CONDITIONS))}")
            latitude, longitude = row.get("latitude"), row.get("longitude")
            felt = row.get("feels_like_celsius")
            return WeatherHour(
                cell_of(float(latitude), float(longitude)) if latitude and longitude else EVERYWHERE,
                hour.astimezone(UTC),
                float(row["temperature_celsius"]),
                float(row["rain_millimetres"]),
                row["condition"],
                float(felt) if felt else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise WeatherUnavailable(f"{self._file}, line {number}: {error}") from None
