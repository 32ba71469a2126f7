"""`fedele scenario …`: programmes proved by playing them."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import orjson
import typer
from rich.markup import escape

from fedele.cli.loops import run as run_loop
from fedele.cli.told import console, told
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.logs import configure_logs
from fedele.scenarios.format import Scenario
from fedele.scenarios.mutants import survivors_of
from fedele.scenarios.playing import Played, play_scenario
from fedele.scenarios.reading import ScenarioFile, ScenarioInvalid, read_scenario_file, shipped_scenarios
from fedele.scenarios.stage import a_server, open_stage, throw_away_database
from fedele.scenarios.telling import as_json as played_as_json
from fedele.scenarios.telling import lines_of, summary

app = typer.Typer(help="Play a programme on a time machine and compare what comes of it.", no_args_is_help=True)


@app.command("run")
def run_scenarios(
    files: Annotated[list[Path] | None, typer.Argument(help="Scenario files.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Play every scenario that ships with Fedele.")] = False,
    server: Annotated[
        str | None,
        typer.Option(help="postgresql://… of a server on which a database may be made and dropped; unset: embedded."),
    ] = None,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Also with each number of the programme changed: is it noticed?")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")] = False,
) -> None:
    """Play scenarios on a throw-away database. Exits 1 at a difference, with the step, its line and what was found."""
    with told():
        scenarios = [_read(file) for file in files or ()] + (list(shipped_scenarios()) if every else [])
        if not scenarios:
            raise typer.BadParameter("name a scenario file, or --all for those that ship with Fedele")
        configure_logs("console", "error")
        played = _play(scenarios, server, mutants=mutants, quiet=as_json)
    if as_json:
        typer.echo(orjson.dumps(played_as_json(played), option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(summary(played))
    if not all(one.passed for one in played):
        raise typer.Exit(1)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors (yaml-language-server: $schema=…)."""
    described: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Scenario.model_json_schema(),
        "title": "Fedele scenario",
    }
    typer.echo(orjson.dumps(described, option=orjson.OPT_INDENT_2).decode())


def _read(file: Path) -> ScenarioFile:
    try:
        return read_scenario_file(file)
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from None
    except ScenarioInvalid as error:
        _print_problems(error, str(file))
        raise typer.Exit(1) from None


def _play(scenarios: list[ScenarioFile], server: str | None, *, mutants: bool, quiet: bool) -> list[Played]:
    """Play them one after the other on one database, telling of each as it ends."""

    async def main(server_url: str) -> list[Played]:
        played = []
        async with throw_away_database(server_url) as url, open_stage(url) as stage:
            for scenario in scenarios:
                one = await play_scenario(stage, scenario)
                if mutants and one.passed:
                    one = dataclasses.replace(one, survivors=await survivors_of(stage, scenario))
                played.append(one)
                for line in () if quiet else lines_of(one):
                    typer.echo(line)
        return played

    with a_server(server) as server_url:
        try:
            return run_loop(main(server_url))
        except ProgrammeInvalid as error:
            _print_problems(error, error.file)
        except (OSError, asyncpg.PostgresError) as error:
            console.print(f"[red]no database can be made on the server: {escape(str(error))}[/red]")
        raise typer.Exit(1)


def _print_problems(error: ScenarioInvalid | ProgrammeInvalid, file: str) -> None:
    for problem in error.problems:
        where = f"{problem.path}: " if problem.path else ""
        console.print(f"[red]{escape(file)}:{problem.line}[/red] {escape(where + problem.message)}")
    console.print(f"{len(error.problems)} mistake(s); nothing was played")
