"""The `fedele` command: one file for each group of commands."""

from typing import Annotated

import typer

import fedele
from fedele.cli import demo, exchange, jobs, keys, operations, processes, programme, schema, wallet

app = typer.Typer(
    help="Fedele: an open, self-hosted, headless loyalty backend.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(fedele.__version__)
        raise typer.Exit()


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Fedele: an open, self-hosted, headless loyalty backend."""


app.command("demo")(demo.demo)
app.command("serve")(processes.serve)
app.command("worker")(processes.worker)
app.command("migrate")(processes.migrate_database)
app.command("backup")(operations.backup_database)
app.command("restore")(operations.restore_database)
app.command("doctor")(operations.doctor)
app.add_typer(operations.config_app, name="config")
app.add_typer(programme.app, name="programme")
app.add_typer(keys.app, name="keys")
app.add_typer(jobs.app, name="jobs")
app.add_typer(exchange.import_app, name="import")
app.add_typer(exchange.export_app, name="export")
app.add_typer(wallet.app, name="wallet")
app.add_typer(schema.app, name="schema")
app.add_typer(schema.documents_app, name="documents")
