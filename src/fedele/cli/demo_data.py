"""Load the demo's members, stores, products, a year of baskets and coupons, through the imports that users have."""

import dataclasses
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database, connect
from fedele.domains.checkout.ports import Till
from fedele.domains.exchange import commands
from fedele.domains.exchange.types import ImportFile, Summary
from fedele.domains.members.types import Peppers
from fedele.domains.programme.commands import apply
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource, list_versions
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment, moment_now

SOURCE = "complete-journey"
KINDS = ("members", "products", "purchases", "places", "coupons")

DemoProgress: TypeAlias = Callable[[str, str, int, int], None]  # (kind, phase, done, of)


class DemoDataWrong(Exception):
    """The demo's data did not arrive whole; the message says which file and what to look at."""


def quiet(kind: str, phase: str, done: int, of: int) -> None:
    """For callers that show no progress."""


@dataclasses.dataclass(frozen=True, slots=True)
class DemoData:
    """What was loaded; `loaded` is False when it was there already. `summaries` by kind of import."""

    loaded: bool
    households: int
    purchases: int
    lines: int
    summaries: dict[str, Summary] = dataclasses.field(default_factory=dict)


async def load_demo_data(
    database: Database,
    programmes: ProgrammeSource,
    folder: Path,
    *,
    peppers: Peppers,
    households: int = 200,
    everything: bool = False,
    progress: DemoProgress = quiet,
    moment: Moment | None = None,
) -> DemoData:
    """Write the data's files into `folder` and import them; whatever a killed start left undone is done now.

    The demo's programme is applied if none is in force. Of a database that has the data already nothing is read but one
    count. The folder keeps its files, since the dates in them were moved to the day on which they were made. Raises
    DataMissing without the package with the data, DemoDataWrong when a sum is not what it should be.
    """
    moment = moment or moment_now()
    await _ensure_programme(database, moment)
    programme = await programmes.at(moment.now)
    note = folder / "loaded.json"
    if known := await _already_loaded(database, note):
        return known
    today = moment.now.astimezone(ZoneInfo(programme.section(ProgrammeConfig).time_zone)).date()
    made = await _files(database, folder, today, None if everything else households, progress)
    summaries = {}
    for kind in KINDS:
        programme = await programmes.at(moment.now)
        summaries[kind] = await _import(kind, database, programmes, programme, peppers, folder, moment, progress)
        _check(kind, summaries[kind])
    await _look_at_tables(database)
    made |= {"purchases_stored": await _purchases_stored(database)}
    note.write_bytes(orjson.dumps(made))
    return DemoData(True, made["households"], made["purchases"], made["lines"], summaries)


async def _look_at_tables(database: Database) -> None:
    """Let PostgreSQL count what is in the tables now, not when autovacuum comes by: first queries are planned on it.

    Not earlier: plans made while the tables were small, and known to be, scan them whole until somebody looks again.
    """
    # As who opened the database, not as the application's role, which owns no table.
    connection = await connect(database.url)
    try:
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _ensure_programme(database: Database, moment: Moment) -> None:
    """The grocer's programme, unless one is in force; its author's later versions are left alone."""
    if await list_versions(database.reader, moment.now):
        return
    text = (files("fedele") / "programmes" / "grocer.yaml").read_text()
    async with database.transaction() as tx:
        await apply(tx, text, moment, sections=PROGRAMME_SECTIONS, actor="demo", file="grocer.yaml")


async def _import(
    kind: str, database: Database, programmes: ProgrammeSource, programme: Programme, peppers: Peppers, folder: Path,
    moment: Moment, progress: DemoProgress,
) -> Summary:  # fmt: skip
    file = ImportFile(folder / f"{kind}.csv", source=SOURCE)

    def told(phase: str, done: int, of: int) -> None:
        progress(kind, phase, done, of)

    match kind:
        case "members":
            return await commands.import_members(database, programme, peppers, file, moment, progress=told)
        case "products":
            return await commands.import_products(database, file, moment, progress=told)
        case "purchases":
            till = Till(database, programmes)
            return await commands.import_purchases(till, programme, peppers, file, moment, progress=told)
        case "places":
            return await commands.import_places(database, programme, PROGRAMME_SECTIONS, file, moment, progress=told)
        case _:
            return await commands.import_coupons(database, programme, PROGRAMME_SECTIONS, file, moment, progress=told)


def _check(kind: str, summary: Summary) -> None:
    if summary.errors or not summary.reconciled:
        raise DemoDataWrong(
            f"the demo's {kind} did not load whole: {summary.errors} rows of {summary.rows} are wrong"
            f" (see {summary.errors_file or 'the sums: ' + orjson.dumps(summary.as_json()).decode()})"
        )


async def _files(
    database: Database, folder: Path, today: date, households: int | None, progress: DemoProgress
) -> dict[str, Any]:
    """The files, made now unless a start before this one began to import those that are there."""
    from fedele.adapters.complete_journey import write_files  # an extra: only the demo needs it

    made = folder / "files.json"
    if (found := _read_note(made)) and await _purchases_stored(database):
        return found
    progress("files", "writing", 0, 1)
    written = write_files(folder, today, households=households)
    values = {field: getattr(written, field) for field in ("households", "lines", "purchases", "returns", "left_out")}
    made.write_bytes(orjson.dumps(values | {"weeks": written.weeks}))
    progress("files", "writing", 1, 1)
    return values


async def _already_loaded(database: Database, note: Path) -> DemoData | None:
    """What an earlier start loaded, if this database is the one that it loaded it into."""
    values = _read_note(note)
    if values is None:
        return None
    if await _purchases_stored(database) < values["purchases_stored"]:
        return None
    return DemoData(False, values["households"], values["purchases"], values["lines"])


async def _purchases_stored(database: Database) -> int:
    stored: int = await database.reader.fetch_value("SELECT count(*) FROM purchase")
    return stored


def _read_note(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    values: dict[str, Any] = orjson.loads(path.read_bytes())
    return values
