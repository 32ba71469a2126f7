"""What offers do by the clock: ring, keep appointments, fetch the weather, write fences, delete what is old."""

from datetime import timedelta

import structlog

from fedele.db.database import Database
from fedele.domains.offers.commands import sweep
from fedele.domains.offers.geography.stored import FenceStore, store_fences
from fedele.domains.offers.ports import WeatherSource, WeatherUnavailable
from fedele.domains.offers.sky.keeping import fetch_weather
from fedele.domains.offers.timing.ringing import ring_due
from fedele.domains.offers.timing.wakeups import plan
from fedele.domains.offers.triggers.following import keep_appointments
from fedele.domains.programme.queries import ProgrammeSource
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

RING_SECONDS = 5.0
PLAN_SECONDS = 60.0
APPOINTMENT_SECONDS = 20.0
WEATHER_SECONDS = 300.0
SWEEP_SECONDS = 600.0
FENCES_SECONDS = 30.0

log = structlog.get_logger("fedele.offers")


def schedules(
    database: Database, programmes: ProgrammeSource, weather: WeatherSource | None, fences: FenceStore
) -> tuple[Schedule, ...]:
    """Offers' schedules, for bootstrap's list."""

    async def look_up(moment: Moment) -> None:
        if weather is None:
            return
        try:
            await fetch_weather(database, await programmes.at(moment.now), weather, moment)
        except WeatherUnavailable as error:
            log.warning("weather_unavailable", source=weather.name, reason=str(error))

    async def write_rings(moment: Moment) -> None:
        await plan(database, await programmes.at(moment.now), moment)

    async def ring(moment: Moment) -> None:
        await ring_due(database, programmes.at, moment)

    async def appointments(moment: Moment) -> None:
        await keep_appointments(database, programmes.at, moment)

    async def delete(moment: Moment) -> None:
        await sweep(database, await programmes.at(moment.now), moment)

    async def write_fences(moment: Moment) -> None:
        if fences == "postgres":
            await store_fences(database, await programmes.at(moment.now + timedelta(seconds=1)), moment)

    return (
        Schedule("offers.fetch_weather", WEATHER_SECONDS, look_up),
        Schedule("offers.plan_wakeups", PLAN_SECONDS, write_rings),
        Schedule("offers.ring", RING_SECONDS, ring),
        Schedule("offers.keep_appointments", APPOINTMENT_SECONDS, appointments),
        Schedule("offers.sweep", SWEEP_SECONDS, delete),
        Schedule("offers.store_fences", FENCES_SECONDS, write_fences),
    )
