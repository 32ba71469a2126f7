"""Errors as a person at a terminal should see them: what is wrong and what to do, without a traceback."""

import contextlib
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.markup import escape

from fedele.db.backup import BackupError
from fedele.db.embedded import EmbeddedServerError
from fedele.db.migrate import DatabaseUnreachable
from fedele.kernel.refusal import Refusal
from fedele.settings import SettingsError

console = Console(stderr=True, highlight=False, soft_wrap=True)

EXPECTED: tuple[type[Exception], ...] = (SettingsError, EmbeddedServerError, BackupError, DatabaseUnreachable, Refusal)


@contextlib.contextmanager
def told(*more: type[Exception]) -> Iterator[None]:
    """Turn an expected error (or one of `more`) into its words and exit code 1."""
    try:
        yield
    except (*EXPECTED, *more) as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from None
