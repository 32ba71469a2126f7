"""The weather source that the settings name."""

from pathlib import Path
from typing import Literal

import httpx
from pydantic import SecretStr

from fedele.adapters.weather.csv_file import CsvWeather
from fedele.adapters.weather.open_meteo import OpenMeteo
from fedele.domains.offers.ports import WeatherSource


def open_weather(
    source: Literal["none", "open_meteo", "csv"],
    client: httpx.AsyncClient,
    url: str,
    key: SecretStr | None,
    file: Path | None,
) -> WeatherSource | None:
    """The source, or None: then no offer that asks for weather is open. Raises ValueError for a CSV without a file."""
    if source == "open_meteo":
        return OpenMeteo(client, url, key)
    if source == "csv":
        if file is None:
            raise ValueError("the source csv needs a file")
        return CsvWeather(file)
    return None
