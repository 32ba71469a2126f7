"""`fedele serve`, `worker` and `migrate`: the processes of a real deployment."""

import asyncio
import signal
from typing import Annotated

import orjson
import typer
import uvicorn

from fedele.cli.loops import run
from fedele.cli.server import Server
from fedele.cli.told import console, told
from fedele.db.migrate import migrate, wait_until_migrated, wait_until_reachable
from fedele.keyring import open_keyring
from fedele.logs import configure_logs
from fedele.settings import Settings, SettingsError, read_settings
from fedele.wiring import Fedele, wire
from fedele.worker import run_worker

WAIT_SECONDS = 120.0
GRACE_SECONDS = 30  # for requests in hand when told to stop


def serve(
    migrate_first: Annotated[
        bool, typer.Option("--migrate", help="Wait for the database and bring it up to date before serving.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on (FEDELE_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (FEDELE_PORT).")] = None,
) -> None:
    """Serve the API. Run as many of these processes as you like."""
    with told():
        settings = read_settings()
        configure_logs(settings.log_format, settings.log_level)
        if migrate_first:
            asyncio.run(_migrate(settings))
        else:
            asyncio.run(wait_until_reachable(_database_url(settings), WAIT_SECONDS))
        fedele = wire(settings, open_keyring(settings))
        fedele.log_warnings()
        config = uvicorn.Config(
            fedele.app(fedele.otp()),
            host=host or settings.host,
            port=settings.port if port is None else port,
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        if not run(_serve(fedele, config)):
            raise typer.Exit(1)


def worker() -> None:
    """Run jobs: what follows an event, and what follows the clock. Run as many of these processes as you like."""
    with told():
        settings = read_settings()
        configure_logs(settings.log_format, settings.log_level)
        fedele = wire(settings, open_keyring(settings))
        fedele.log_warnings()
        asyncio.run(wait_until_migrated(_database_url(settings), WAIT_SECONDS))
        run(run_worker(fedele))


def migrate_database(
    wait: Annotated[float, typer.Option(help="Seconds to wait for the database to answer.")] = WAIT_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")] = False,
) -> None:
    """Bring the database to the newest migration. Several at once wait for each other."""
    with told():
        revision = asyncio.run(_migrate(read_settings(), wait))
        if as_json:
            typer.echo(orjson.dumps({"migration": revision}).decode())
        else:
            console.print(f"[green]the database stands at {revision}[/green]")


async def _serve(fedele: Fedele, config: uvicorn.Config) -> bool:
    """Serve until SIGTERM or Ctrl-C, then answer what is in hand (a second Ctrl-C: at once). False: never began."""
    server, loop = Server(config), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.handle_exit, name, None)
    try:
        await server.serve()
    finally:
        await fedele.close()
    return server.started


async def _migrate(settings: Settings, wait_seconds: float = WAIT_SECONDS) -> str:
    url = _database_url(settings)
    await wait_until_reachable(url, wait_seconds)
    return await migrate(url)


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise SettingsError("FEDELE_DATABASE_URL is not set: name a PostgreSQL 18, as postgresql://user:…@host/name")
    return settings.database_url.get_secret_value()
