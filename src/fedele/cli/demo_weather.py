"""The demo's weather: a wet autumn over Ohio that never was, the same for everybody on the same day."""

import csv
import math
import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

DAYS_BEFORE, DAYS_AHEAD = 1, 30
ZONE = ZoneInfo("America/New_York")
COLUMNS = ("hour", "temperature_celsius", "rain_millimetres", "condition", "feels_like_celsius")


def write_weather(file: Path, now: datetime) -> None:
    """A month of made-up hours from yesterday on: cold mornings, showers between ten and nine, grey nights.

    Each day has a seed of its own (its date), so that the demo says the same whenever it is started.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    first = now.astimezone(ZONE).date() - timedelta(days=DAYS_BEFORE)
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(COLUMNS)
        for number in range(DAYS_BEFORE + DAYS_AHEAD):
            day = first + timedelta(days=number)
            dice = random.Random(day.isoformat())  # noqa: S311 - weather is no secret
            lowest, swing = dice.uniform(0.0, 5.0), dice.uniform(3.0, 7.0)
            for clock in range(24):
                at = datetime(day.year, day.month, day.day, clock, tzinfo=ZONE)
                warmth = lowest + swing * max(0.0, math.sin((clock - 7) / 24 * 2 * math.pi))
                rain = round(dice.uniform(0.6, 2.5), 1) if 10 <= clock < 21 else 0.0
                condition = "rain" if rain else "cloudy"
                writer.writerow((at.isoformat(), f"{warmth:.1f}", rain, condition, f"{warmth - 2:.1f}"))
