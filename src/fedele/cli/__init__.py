"""The `fedele` command: one file for each group of commands.

Only the file of the command that was asked for is imported, so that `fedele keys list` does not wait for what serving
needs. `app` is the whole, for tests and for completion.
"""

import atexit
import gc
import sys
from importlib import import_module
from typing import Annotated, Any

import typer

# Name → (file of this package, what in it, whether it is a group of commands).
COMMANDS: dict[str, tuple[str, str, bool]] = {
    "demo": ("demo", "demo", False),
    "serve": ("processes", "serve", False),
    "worker": ("processes", "worker", False),
    "migrate": ("processes", "migrate_database", False),
    "backup": ("operations", "backup_database", False),
    "restore": ("operations", "restore_database", False),
    "doctor": ("operations", "doctor", False),
    "config": ("operations", "config_app", True),
    "programme": ("programme", "app", True),
    "scenario": ("scenario", "app", True),
    "till": ("till", "app", True),
    "keys": ("keys", "app", True),
    "jobs": ("jobs", "app", True),
    "journey": ("journey", "app", True),
    "messages": ("messages", "app", True),
    "rewards": ("rewards", "app", True),
    "feed": ("feed", "app", True),
    "import": ("exchange", "import_app", True),
    "export": ("exchange", "export_app", True),
    "segments": ("segments", "app", True),
    "report": ("report", "app", True),
    "wallet": ("wallet", "app", True),
    "schema": ("schema", "app", True),
    "documents": ("schema", "documents_app", True),
}


def _version(asked: bool) -> None:
    if asked:
        from fedele import __version__

        typer.echo(__version__)
        raise typer.Exit()


def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Fedele: an open, self-hosted, headless loyalty backend."""


def build(*names: str) -> typer.Typer:
    """The application with these commands."""
    built = typer.Typer(
        help="Fedele: an open, self-hosted, headless loyalty backend.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )
    built.callback()(main)
    for name in names:
        file, attribute, is_group = COMMANDS[name]
        found = getattr(import_module(f"fedele.cli.{file}"), attribute)
        if is_group:
            built.add_typer(found, name=name)
        else:
            built.command(name)(found)
    return built


def run() -> None:
    """The console script."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    needed = [asked] if asked in COMMANDS else [] if sys.argv[1:] == ["--version"] else list(COMMANDS)
    gc.disable()  # a million objects come into being, and each collection among them would look through all
    try:
        asked_for = build(*needed)
    except KeyboardInterrupt:  # while its parts are being loaded: nothing has begun
        sys.exit(130)
    gc.freeze()  # what was loaded stays: no later collection needs to look through it
    atexit.register(gc.unfreeze)  # but the last, or libraries in C++ complain of leaks
    gc.enable()
    asked_for()


def __getattr__(name: str) -> Any:
    if name == "app":
        return build(*COMMANDS)
    raise AttributeError(name)
