"""What every weather source keeps to: Open-Meteo against a server that speaks its JSON, and the CSV file."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from fedele.adapters.weather.csv_file import CsvWeather
from fedele.adapters.weather.open_meteo import OpenMeteo, condition_of
from fedele.adapters.weather.opening import open_weather
from fedele.domains.offers.ports import WeatherSource, WeatherUnavailable
from tests.fixtures import open_meteo_server
from tests.fixtures.open_meteo_server import OpenMeteoServer

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
CELLS = ["40.0,-83.0", "45.5,9.2"]


@pytest.fixture
def server() -> Iterator[OpenMeteoServer]:
    """Open-Meteo, played."""
    with open_meteo_server.serve() as told:
        told.begins = int((HOUR - timedelta(hours=1)).timestamp())
        yield told


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of our own."""
    async with httpx.AsyncClient() as opened:
        yield opened


def a_file(folder: Path) -> Path:
    """Thirty hours of rain at two cells, and a day that is long gone."""
    lines = ["hour,latitude,longitude,temperature_celsius,rain_millimetres,condition,feels_like_celsius"]
    for latitude, longitude in ((40.0, -83.0), (45.5, 9.2)):
        for number in range(-24, 30):
            hour = (HOUR + timedelta(hours=number)).isoformat()
            lines.append(f"{hour},{latitude},{longitude},3.4,0.7,rain,1.4")
    file = folder / "weather.csv"
    file.write_text("\n".join(lines))
    return file


@pytest.fixture(params=["open_meteo", "csv"])
def source(
    request: pytest.FixtureRequest, server: OpenMeteoServer, client: httpx.AsyncClient, tmp_path: Path
) -> WeatherSource:
    """Each source in turn, opened as settings name it."""
    opened = open_weather(request.param, client, server.base_url, None, a_file(tmp_path))
    assert opened is not None, "both are known"
    return opened


async def test_it_tells_the_present_hour_and_the_next_ones(source: WeatherSource) -> None:
    """For each cell that was asked for: this hour, and a day ahead, in the kernel's words."""
    hours = await source.hours(CELLS, NOW)
    for cell in CELLS:
        own = {hour.hour: hour for hour in hours if hour.cell == cell}
        assert {HOUR + timedelta(hours=n) for n in range(24)} <= own.keys()
        present = own[HOUR]
        assert present.temperature_celsius == pytest.approx(3.4, abs=0.1)
        assert (present.rain_millimetres, present.condition, present.feels_like_celsius) == (0.7, "rain", 1.4)


async def test_asked_for_one_cell_it_tells_of_one(source: WeatherSource) -> None:
    """And for none of none."""
    assert {hour.cell for hour in await source.hours(CELLS[:1], NOW)} == set(CELLS[:1])
    assert list(await source.hours([], NOW)) == []


async def test_what_is_asked_of_open_meteo(server: OpenMeteoServer, client: httpx.AsyncClient) -> None:
    """One request for all places, in UTC, with the key if there is one; an hour without a value is left out."""
    hours = await OpenMeteo(client, server.base_url + "/", SecretStr("k-1")).hours(CELLS, NOW)
    (asked,) = server.asked
    assert (asked["latitude"], asked["longitude"]) == ("40.00,45.50", "-83.00,9.20")
    assert (asked["timeformat"], asked["timezone"], asked["apikey"]) == ("unixtime", "GMT", "k-1")
    assert len(hours) == 2 * 25
    await OpenMeteo(client, server.base_url).hours(CELLS, NOW)
    assert "apikey" not in server.asked[1]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, b'{"error":true,"reason":"Cannot initialize"}', "status 400: Cannot initialize"),
        (429, b'{"error":true,"reason":"Minutely API request limit exceeded."}', "status 429"),
        (502, b"<html>bad gateway</html>", "no JSON"),
        (200, b'{"latitude": 1, "hourly": {"time": [1]}}', "another shape"),
        (200, b"[]", "told of 0"),
    ],
)
async def test_failures_have_one_name_and_no_secret(
    server: OpenMeteoServer, client: httpx.AsyncClient, status: int, body: bytes, words: str
) -> None:
    """Whatever goes wrong is WeatherUnavailable, with the reason and without the key."""
    server.fails_with = (status, body)
    with pytest.raises(WeatherUnavailable, match=words) as caught:
        await OpenMeteo(client, server.base_url, SecretStr("k-1")).hours(CELLS[:1], NOW)
    assert "k-1" not in str(caught.value)


async def test_a_server_that_is_away(client: httpx.AsyncClient) -> None:
    """No connection is no weather, and no traceback of the client's."""
    with open_meteo_server.serve() as told:
        gone = told.base_url
    with pytest.raises(WeatherUnavailable, match="Connect"):
        await OpenMeteo(client, gone, SecretStr("k-1")).hours(CELLS[:1], NOW)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-11-24T08:00:00,3,0,rain", "offset"),
        ("2026-11-24T08:00:00Z,3,0,sleet", "condition must be"),
        ("2026-11-24T08:00:00Z,cold,0,rain", "line 2"),
    ],
)
async def test_a_wrong_line_of_a_file_is_named(tmp_path: Path, row: str, words: str) -> None:
    """An hour without its zone, a word that nobody knows, a temperature in words."""
    file = tmp_path / "w.csv"
    file.write_text(f"hour,temperature_celsius,rain_millimetres,condition\n{row}\n")
    with pytest.raises(WeatherUnavailable, match=words):
        await CsvWeather(file).hours(CELLS, NOW)


async def test_a_row_without_a_place_holds_everywhere(tmp_path: Path) -> None:
    """One sky for all stores; a file that is not there is named."""
    file = tmp_path / "w.csv"
    file.write_text(f"hour,temperature_celsius,rain_millimetres,condition\n{HOUR.isoformat()},3,0,snow\n")
    assert [hour.cell for hour in await CsvWeather(file).hours(CELLS, NOW)] == CELLS
    with pytest.raises(WeatherUnavailable, match="No such file"):
        await CsvWeather(tmp_path / "none.csv").hours(CELLS, NOW)


def test_every_code_has_a_word() -> None:
    """WMO's codes become the six words that conditions compare with."""
    known = {
        0: "clear",
        3: "cloudy",
        45: "fog",
        55: "rain",
        67: "rain",
        75: "snow",
        82: "rain",
        86: "snow",
        95: "storm",
    }
    assert {code: condition_of(code) for code in known} == known
    assert condition_of(4) == "cloudy"
