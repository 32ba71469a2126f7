"""Every command of the public surface is there and explains itself; what later issues bring is named as such."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from fedele.cli import app

# The public surface, command by command.
COMMANDS = {
    "demo", "serve", "worker", "migrate", "backup", "restore", "doctor", "config check",
    "programme validate", "programme plan", "programme apply", "programme export", "programme schema",
    "programme templates", "programme versions", "programme withdraw", "programme rerate", "programme explain",
    "import members", "import purchases", "import products", "import places", "import balances", "import coupons",
    "import codes", "messages bounces", "messages preview", "rewards shelves", "rewards draw", "rewards verify-draw",
    "export members", "export ledger", "export events", "export answers",
    "wallet doctor", "wallet issue", "wallet preview", "wallet join-qr",
    "scenario run", "scenario schema", "till simulate",
    "keys create", "keys list", "keys revoke", "keys generate",
    "jobs held", "jobs retry", "journey list", "journey trace", "report liability", "report breakage",
    "feed fit", "feed evaluate", "feed promote", "feed policies", "feed fall-back",
    "segments list", "segments preview", "segments refresh", "segments rebuild", "segments measure-rfm",
    "segments import",
    "schema export", "documents build", "documents publish",
}  # fmt: skip

# Promised for later: remove the line when the command comes, or the test below fails.
LATER = {
    "staff create": "console users come with the console",
}

# What a script would read: these print JSON when asked.
WITH_JSON = {
    "doctor", "migrate", "config check", "programme validate", "programme plan", "programme apply",
    "programme withdraw", "programme versions", "programme rerate", "programme explain", "programme templates",
    "keys create", "keys list", "keys revoke", "jobs held", "jobs retry", "wallet doctor", "scenario run",
    "till simulate", "report liability", "report breakage",
    "segments list", "segments preview", "segments refresh", "segments rebuild", "segments measure-rfm",
    "segments import",
    "rewards shelves", "rewards draw", "rewards verify-draw", "messages preview",
    "feed fit", "feed evaluate", "feed promote", "feed policies", "journey list", "journey trace",
}  # fmt: skip


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with its path of names."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_the_surface_is_there_and_nothing_else() -> None:
    """A new command is written into the list above, and so into the surface; a promised one moves up when it comes."""
    there = {path for path, _ in commands()}
    assert there - COMMANDS == set(), "commands that the surface does not name"
    assert COMMANDS - there == set(), "commands of the surface that are gone"
    assert not there & LATER.keys()


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_each_command_explains_itself(path: str) -> None:
    """`--help` works, says in words what the command does, and says of every option and argument what it is."""
    command = dict(commands())[path]
    done = CliRunner().invoke(app, [*path.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0, done.output
    assert len(inspect.cleandoc(command.help or "")) > 20
    silent = [option.name for option in command.params if option.name != "help" and not getattr(option, "help", None)]
    assert silent == [], f"{path}: {silent} say nothing of themselves"


@pytest.mark.parametrize("path", sorted(WITH_JSON))
def test_what_a_script_reads_prints_json(path: str) -> None:
    """These commands have `--json`."""
    assert "--json" in {name for option in dict(commands())[path].params for name in option.opts}
