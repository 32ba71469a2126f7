"""Open-Meteo (https://open-meteo.com/en/docs): forecasts by the hour, free of charge or, for commerce, with a key.

One request asks for many places: coordinates are comma-separated, and the answer is a list (an object for one place).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from fedele.domains.offers.ports import Attribution, WeatherHour, WeatherUnavailable
from fedele.domains.offers.queries import middle_of

TIMEOUT_SECONDS = 20.0
HOURS_AHEAD = 25
_VARIABLES = ("temperature_2m", "apparent_temperature", "precipitation", "weather_code")

# WMO code table 4677, as far as Open-Meteo uses it.
_CONDITIONS: tuple[tuple[range, str], ...] = (
    (range(2), "clear"),
    (range(2, 4), "cloudy"),
    (range(45, 49), "fog"),
    (range(51, 68), "rain"),
    (range(71, 78), "snow"),
    (range(80, 83), "rain"),
    (range(85, 87), "snow"),
    (range(95, 100), "storm"),
)


def condition_of(code: int) -> str:
    """The word for a WMO weather code; `cloudy` for one that is not in use."""
    return next((word for codes, word in _CONDITIONS if code in codes), "cloudy")


class OpenMeteo:
    """The forecast of Open-Meteo, or of a server of one's own that speaks as it does."""

    name = "open-meteo"
    attribution: Attribution | None = Attribution("Weather data by Open-Meteo.com", "https://open-meteo.com/")

    def __init__(self, client: httpx.AsyncClient, base_url: str, key: SecretStr | None = None) -> None:
        self._client, self._url, self._key = client, f"{base_url.rstrip('/')}/v1/forecast", key

    async def hours(self, cells: Sequence[str], now: datetime) -> Sequence[WeatherHour]:
        """See WeatherSource."""
        if not cells:
            return []
        answer = await self._ask([middle_of(cell) for cell in cells])
        places = answer if isinstance(answer, list) else [answer]
        if len(places) != len(cells):
            raise WeatherUnavailable(f"asked for {len(cells)} places, was told of {len(places)}")
        try:
            return [hour for cell, place in zip(cells, places, strict=True) for hour in _hours(cell, place["hourly"])]
        except (KeyError, TypeError, ValueError) as error:
            raise WeatherUnavailable(f"an answer of another shape: {error!r}") from None

    async def _ask(self, points: Sequence[tuple[float, float]]) -> Any:
        asked = {
            "latitude": ",".join(f"{latitude:.2f}" for latitude, _ in points),
            "longitude": ",".join(f"{longitude:.2f}" for _, longitude in points),
            "hourly": ",".join(_VARIABLES),
            "forecast_hours": str(HOURS_AHEAD),
            "past_hours": "1",
            "timeformat": "unixtime",
            "timezone": "GMT",
        }
        if self._key is not None:
            asked["apikey"] = self._key.get_secret_value()
        try:
            answer = await self._client.get(self._url, params=asked, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise WeatherUnavailable(f"{type(error).__name__}") from None  # its text may hold the URL, and so the key
        try:
            body = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise WeatherUnavailable(f"status {answer.status_code}, and no JSON") from None
        if answer.status_code != httpx.codes.OK or (isinstance(body, dict) and body.get("error")):
            reason = str(body.get("reason", ""))[:200] if isinstance(body, dict) else ""
            raise WeatherUnavailable(f"status {answer.status_code}: {reason}")
        return body


def _hours(cell: str, hourly: dict[str, list[Any]]) -> list[WeatherHour]:
    """The hours of one place. An hour without a temperature is not known, and left out."""
    columns = [hourly["time"], *(hourly[name] for name in _VARIABLES)]
    return [
        WeatherHour(
            cell=cell,
            hour=datetime.fromtimestamp(int(time), UTC),
            temperature_celsius=float(temperature),
            rain_millimetres=float(rain or 0),
            condition=condition_of(int(code)) if code is not None else "cloudy",
            feels_like_celsius=float(felt) if felt is not None else None,
        )
        for time, temperature, felt, rain, code in zip(*columns, strict=True)
        if temperature is not None
    ]
