"""Places and coupons from a file: they are items of the programme, so importing them applies a new version of it.

The programme's text stays as its author wrote it; the new items are appended to its `places` or `offers`. An item whose
key is there already is left alone, so that running an import again changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fedele.db.database import Database
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.run import Run, quiet_transaction
from fedele.domains.exchange.programme_text import append_items
from fedele.domains.exchange.types import (
    ImportFile,
    ImportKind,
    InputRow,
    Progress,
    RowInvalid,
    Summary,
    no_progress,
)
from fedele.domains.offers.config import OffersConfig
from fedele.domains.programme.commands import apply
from fedele.domains.programme.config import Places
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import Sections, check
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment

Item = dict[str, Any]


async def import_places(
    database: Database, programme: Programme, sections: Sections, file: ImportFile, moment: Moment, *,
    progress: Progress = no_progress, dry_run: bool = False,
) -> Summary:  # fmt: skip
    """Add the file's places to the programme. Raises ImportFileUnreadable or SectionNotAList."""
    known = {place.key for place in programme.section(Places)}
    return await _import("places", _place, known, database, programme, sections, file, moment, progress, dry_run)


async def import_coupons(
    database: Database, programme: Programme, sections: Sections, file: ImportFile, moment: Moment, *,
    progress: Progress = no_progress, dry_run: bool = False,
) -> Summary:  # fmt: skip
    """Add the file's coupons to the programme as offers. Raises ImportFileUnreadable or SectionNotAList."""
    known = {offer.key for offer in programme.section(OffersConfig)}
    return await _import("coupons", _coupon, known, database, programme, sections, file, moment, progress, dry_run)


async def _import(
    kind: ImportKind, parse: Callable[[InputRow], Item], known: set[str], database: Database, programme: Programme,
    sections: Sections, file: ImportFile, moment: Moment, progress: Progress, dry_run: bool,
) -> Summary:  # fmt: skip
    section = "places" if kind == "places" else "offers"
    with Run(kind, file, progress, dry_run=dry_run).finishing() as run:
        new: list[tuple[InputRow, Item]] = []
        for row, item in run.rows(parse):
            if item["key"] in known:
                run.summary.unchanged += 1
                continue
            known.add(item["key"])
            new.append((row, item))
        good = _valid(run, programme, sections, section, new)
        text = append_items(programme.source_text, section, [item for _, item in good])
        if good:
            async with quiet_transaction(database, dry_run=dry_run) as tx:
                await apply(tx, text, moment, sections=sections, actor=f"import:{file.path.name}", file=file.path.name)
        run.summary.written += len(good)
    return run.summary


def _valid(
    run: Run, programme: Programme, sections: Sections, section: str, new: list[tuple[InputRow, Item]]
) -> list[tuple[InputRow, Item]]:
    """Those that the programme's own checks accept: all at once, or if not, by halves until the bad stand alone."""
    if not new:
        return []
    try:
        check(append_items(programme.source_text, section, [item for _, item in new]), sections, run.file.path.name)
    except ProgrammeInvalid as error:
        if len(new) == 1:
            problem = error.problems[0]
            run.refuse(new[0][0], RowInvalid(problem.path.rpartition(".")[2], problem.message))
            return []
        half = len(new) // 2
        return [*_valid(run, programme, sections, section, new[:half]),
                *_valid(run, programme, sections, section, new[half:])]  # fmt: skip
    return new


def _place(row: InputRow) -> Item:
    values = row.values
    item: Item = {
        "key": columns.needed(values, "key"),
        "name": columns.needed(values, "name"),
        "latitude": float(columns.number(values, "latitude")),
        "longitude": float(columns.number(values, "longitude")),
    }
    if values.get("radius_metres"):
        item["radius_metres"] = columns.whole(values, "radius_metres")
    item |= {field: values[field] for field in ("time_zone", "country", "address") if values.get(field)}
    if values.get("tags"):
        item["tags"] = values["tags"].split()
    return item


def _coupon(row: InputRow) -> Item:
    """A coupon as an offer: so much per cent or money off the lines it names, between two dates."""
    values = row.values
    key, title = columns.needed(values, "key"), columns.needed(values, "title")
    dates = {name: day.isoformat() for name in ("starts", "ends") if (day := columns.day(values, name))}
    limits = {
        field: columns.whole(values, field)
        for field in ("total", "per_member", "use_within_hours")
        if values.get(field)
    }
    item: Item = {
        "key": key,
        "benefit": _benefit(values),
        "creative": {"title": title, "body": values.get("body") or title},
    }
    if dates:
        item["schedule"] = {"dates": dates}
    if limits:
        item["limits"] = limits
    if values.get("priority"):
        item["priority"] = columns.whole(values, "priority")
    return item


def _benefit(values: Mapping[str, str]) -> Item:
    if bool(values.get("percent")) == bool(values.get("value")):
        raise RowInvalid("percent", "a coupon takes off either a percent or a value")
    if values.get("percent"):
        benefit: Item = {"type": "discount_percent", "percent": str(columns.number(values, "percent"))}
        if values.get("discount_max"):
            benefit["discount_max"] = str(columns.number(values, "discount_max"))
    else:
        benefit = {"type": "discount_amount", "value": str(columns.number(values, "value"))}
        if values.get("minimum_spend"):
            benefit["minimum_spend"] = str(columns.number(values, "minimum_spend"))
    if condition := _condition(values):
        benefit["when"] = condition
    return benefit


def _condition(values: Mapping[str, str]) -> str:
    """Which lines it counts on, as CEL."""
    parts = [
        f"line.{field} == {_quoted(values[field])}"
        for field in ("category", "department", "brand")
        if values.get(field)
    ]
    if skus := values.get("skus", "").split():
        parts.append(f"line.sku in [{', '.join(_quoted(sku) for sku in skus)}]")
    return " && ".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
