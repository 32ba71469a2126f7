"""Imports on a real PostgreSQL: what is wrong is told row by row, the rest arrives once, and the sums agree."""

import csv
import sys
from pathlib import Path
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.checkout.ports import Till
from fedele.domains.exchange import commands, queries
from fedele.domains.exchange.errors import ImportFileUnreadable
from fedele.domains.exchange.types import ImportFile, Summary
from fedele.domains.programme.config import Places
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from tests.factories.members import PEPPERS
from tests.factories.till import NOON, open_till

MOMENT = Moment(NOON)
MEMBERS = """member,email,name,locale,birthday,consents
m1,anna@example.org,Anna Rossi,it,05-31,marketing:push surveys:in_app
m2,,Boris,ru,,
"""
PURCHASES = """member,store,receipt,occurred_at,line,sku,quantity,amount,returns_receipt
m1,store-1,A1,2026-01-10T10:00:00,1,milk,1,10.00,
m1,store-1,A1,2026-01-10T10:00:00,2,bread,2,5.50,
m1,store-1,A2,2026-03-01T10:00:00,1,milk,1,400.00,
m2,store-1,B1,2026-02-01T10:00:00,1,milk,1,7.25,
m1,store-1,R1,2026-03-04T10:00:00,,bread,-1,-2.75,A1
"""
# Tables that an import must leave alone when it runs again, and in a dry run.
WATCHED = (
    "member", "member_identity", "member_consent", "purchase", "purchase_line", "purchase_return", "award", "lot",
    "entry", "tier_change", "rule_usage", "tier_counter", "product", "outbox", "programme_version",
)  # fmt: skip


class Importer:
    """Imports texts as files."""

    def __init__(self, till: Till, folder: Path) -> None:
        self.till, self.folder, self.database = till, folder, till.database
        self.programmes = ProgrammeSource(till.database, PROGRAMME_SECTIONS)

    def file(self, name: str, text: str | bytes, **given: Any) -> ImportFile:
        """The text as a file."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return ImportFile(path, **given)

    async def members(self, file: ImportFile, **given: Any) -> Summary:
        """Import members."""
        programme = await self.programmes.at(NOON)
        return await commands.import_members(self.database, programme, PEPPERS, file, MOMENT, **given)

    async def purchases(self, file: ImportFile, **given: Any) -> Summary:
        """Import purchases."""
        programme = await self.programmes.at(NOON)
        return await commands.import_purchases(self.till, programme, PEPPERS, file, MOMENT, **given)

    async def balances(self, file: ImportFile, **given: Any) -> Summary:
        """Import balances."""
        programme = await self.programmes.at(NOON)
        return await commands.import_balances(self.database, programme, PEPPERS, file, MOMENT, **given)


@pytest.fixture
async def importer(database: Database, tmp_path: Path) -> Importer:
    """An importer on the test till's programme."""
    return Importer(await open_till(database), tmp_path)


async def _all(admin: Any) -> dict[str, list[str]]:
    return {table: sorted(str(tuple(r)) for r in await admin.fetch(f"SELECT * FROM {table}")) for table in WATCHED}


def _errors(summary: Summary) -> list[dict[str, str]]:
    assert summary.errors_file is not None
    with Path(summary.errors_file).open() as file:
        return list(csv.DictReader(file))


async def test_members_and_their_year_arrive_and_earn(importer: Importer, admin: Any) -> None:
    """Members, purchases, a tier reached and a return; quietly; and every row, cent and point is accounted for."""
    told = await importer.members(importer.file("members.csv", MEMBERS))
    assert (told.rows, told.written, told.errors, told.reconciled) == (2, 2, 0, True)
    summary = await importer.purchases(importer.file("purchases.csv", PURCHASES))
    assert (summary.rows, summary.written, summary.errors, summary.purchases) == (5, 5, 0, 3)
    assert summary.reconciled
    assert summary.stored_minor == summary.read_minor == {"EUR": 42_275}
    assert await admin.fetchval("SELECT count(*) FROM tier_change WHERE to_tier = 'gold'") == 1
    given = await admin.fetchval("SELECT sum(units - clawed_back_units) FROM award WHERE currency = 'points'")
    assert summary.units["points"] == given > 0
    assert await admin.fetchval("SELECT returned_quantity FROM purchase_line WHERE sku = 'bread'") == 1
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0
    assert await admin.fetchval("SELECT count(*) FROM member_consent WHERE granted") == 2


async def test_running_again_changes_nothing(importer: Importer, admin: Any) -> None:
    """The second run of every kind writes no row anywhere and says that all was known."""
    files = importer.file("members.csv", MEMBERS), importer.file("purchases.csv", PURCHASES)
    balances = importer.file("balances.csv", "member,currency,amount\nm1,points,500\n")
    for _ in range(2):
        before = await _all(admin)
        told = [await importer.members(files[0]), await importer.purchases(files[1]), await importer.balances(balances)]
    assert await _all(admin) == before
    assert [(t.written, t.unchanged, t.errors) for t in told] == [(0, 2, 0), (0, 5, 0), (0, 1, 0)]
    assert all(t.reconciled for t in told)


async def test_wrong_rows_are_told_and_the_rest_arrives(importer: Importer, admin: Any) -> None:
    """Each wrong row stands in the errors file with line, column and reason; a receipt is imported whole or not."""
    await importer.members(importer.file("members.csv", MEMBERS))
    text = PURCHASES + (
        "m1,store-1,C1,2026-03-05T10:00:00,1,milk,1,1.00,\n"
        "m1,store-1,C1,2026-03-05T10:00:00,2,milk,one,1.00,\n"  # no number; C1's other line goes with it
        "m9,store-1,C2,2026-03-05T10:00:00,1,milk,1,1.00,\n"  # nobody
        "m1,store-1,C3,2026-03-05T10:00:00,1,milk,0,0.00,\n"  # nothing sold
        "m1,store-1,C4,2026-03-05T10:00:00,1,milk,-1,-1.00,\n"  # a return of what?
        "m1,store-1,C5,2026-03-05T10:00:00,1,milk,1,1.005,\n"  # half a cent
        "m1,store-1,C6,tomorrow,1,milk,1,1.00,\n"
        "m1,store-1,C7,2026-03-05T10:00:00,1\n"  # too short
        "m1,store-1,R2,2026-03-06T10:00:00,,bread,-5,-1.00,A1\n"  # more than was bought
    )
    summary = await importer.purchases(importer.file("purchases.csv", text))
    assert (summary.rows, summary.written, summary.errors, summary.reconciled) == (14, 5, 9, True)
    told = {(int(row["line"]), row["column"]) for row in _errors(summary)}
    assert told == {
        (7, "receipt"), (8, "quantity"), (9, "member"), (10, "quantity"), (11, "returns_receipt"), (12, "amount"),
        (13, "occurred_at"), (14, ""), (15, "lines[0].quantity"),
    }  # fmt: skip
    assert all(row["reason"] and row["row"] for row in _errors(summary))
    assert await admin.fetchval("SELECT array_agg(receipt ORDER BY receipt) FROM purchase") == ["A1", "A2", "B1"]
    again = await importer.purchases(importer.file("purchases.csv", text))
    assert (again.written, again.unchanged, again.errors) == (0, 5, 9)


async def test_a_dry_run_writes_nothing_and_tells_the_same(importer: Importer, admin: Any) -> None:
    """What it says would be written is what then is written; not a row changes meanwhile."""
    members = importer.file("members.csv", MEMBERS + "m3,not-an-address,C,it,,\n")
    before = await _all(admin)
    dry = await importer.members(members, dry_run=True)
    assert await _all(admin) == before
    wet = await importer.members(members)
    assert (dry.written, dry.errors) == (wet.written, wet.errors) == (2, 1)
    purchases = importer.file("purchases.csv", "\n".join(PURCHASES.splitlines()[:5]))
    before = await _all(admin)
    dry = await importer.purchases(purchases, dry_run=True)
    assert await _all(admin) == before
    wet = await importer.purchases(purchases)
    assert (dry.written, dry.units, dry.read_minor) == (wet.written, wet.units, wet.read_minor)


async def test_a_killed_run_goes_on_where_it_stopped(
    importer: Importer, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off in the middle and run again, a member has what an undisturbed run gives; and the cut is really there."""
    members = importer.file("members.csv", MEMBERS)
    await importer.members(members)
    lines = ["member,store,receipt,occurred_at,quantity,amount"]
    lines += [f"m1,store-1,K{n},2026-{n // 28 + 1:02}-{n % 28 + 1:02}T10:00:00,1,{n}.99" for n in range(60)]
    file = importer.file("purchases.csv", "\n".join(lines))
    module = sys.modules["fedele.domains.exchange.commands.import_purchases"]
    monkeypatch.setattr(module, "SERIES_SALES_MAX", 10)
    calls, settle = 0, module.settle_series

    async def dies(*args: Any, **given: Any) -> Any:
        nonlocal calls
        calls += 1
        answer = await settle(*args, **given)
        if calls == 3:
            raise ConnectionResetError("cut off before the commit")
        return answer

    monkeypatch.setattr(module, "settle_series", dies)
    with pytest.raises(ExceptionGroup):
        await importer.purchases(file)
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 20
    summary = await importer.purchases(file)
    assert (summary.written, summary.unchanged, summary.reconciled) == (40, 20, True)
    after = await _standing(admin, "m1")
    # The control: the same history for somebody else, undisturbed.
    other = importer.file("other.csv", "\n".join(lines).replace("m1,", "m2,").replace(",K", ",L"))
    await importer.purchases(other)
    assert await _standing(admin, "m2") == after


async def _standing(admin: Any, name: str) -> list[str]:
    """A member's lots, counters, tier and caps, told without ids."""
    source = "ru" if name == "m2" else "it"
    who = await admin.fetchval("SELECT member_id FROM member_profile WHERE locale = $1", source)
    return [
        str(tuple(row))
        for sql in (
            "SELECT currency, original, remaining, earned_at, expires_at FROM lot WHERE member_id = $1 ORDER BY 4, 1",
            "SELECT counter, day, amount FROM tier_counter WHERE member_id = $1 ORDER BY 1, 2",
            "SELECT from_tier, to_tier, occurred_at, kept_until FROM tier_change WHERE member_id = $1 ORDER BY 3",
            "SELECT tier_key, since, kept_until FROM tier_standing WHERE member_id = $1",
            "SELECT rule_key, period, units, times, last_at FROM rule_usage WHERE member_id = $1 ORDER BY 1, 2",
        )
        for row in await admin.fetch(sql, who)
    ]


async def test_columns_are_mapped_and_strange_ones_refused(importer: Importer) -> None:
    """A file's own column names are mapped; one that nobody knows is refused by name, not lost in silence."""
    theirs = "kundennummer,Name,nonsense\nm7,Carla,1\n"
    with pytest.raises(ImportFileUnreadable, match="Name is not known"):
        await importer.members(importer.file("a.csv", theirs, mapping={"kundennummer": "member"}))
    mapping = {"kundennummer": "member", "Name": "name", "nonsense": "x_skipped"}
    assert (await importer.members(importer.file("b.csv", theirs, mapping=mapping))).written == 1


async def test_files_that_cannot_be_read_say_why(importer: Importer, admin: Any) -> None:
    """Missing, empty, without a needed column, in another encoding: each says so; what can be read is read."""
    with pytest.raises(ImportFileUnreadable, match="no such file"):
        await importer.members(ImportFile(importer.folder / "nowhere.csv"))
    with pytest.raises(ImportFileUnreadable, match="empty"):
        await importer.members(importer.file("empty.csv", ""))
    with pytest.raises(ImportFileUnreadable, match="column store is missing"):
        await importer.purchases(importer.file("p.csv", "receipt,occurred_at,quantity,amount\nA,2026-01-01,1,1\n"))
    latin = "member,name\nm1,José\nm2,Ann\n".encode("latin-1")
    summary = await importer.members(importer.file("latin.csv", latin))
    assert (summary.written, summary.errors) == (1, 1)
    assert _errors(summary)[0]["reason"] == "this is not UTF-8 text"
    marked = b"\xef\xbb\xbfmember,name\r\nm5,Eva\r\n"
    assert (await importer.members(importer.file("marked.csv", marked))).written == 1
    broken = '{"member": "j1", "name": "Jo"}\n{"member": \n[1]\n{"member": "j2"}\n'
    summary = await importer.members(importer.file("m.jsonl", broken))
    assert (summary.rows, summary.written, summary.errors) == (4, 2, 2)


async def test_balances_are_posted_once_under_their_key(importer: Importer, admin: Any) -> None:
    """A balance becomes a lot that expires; the same key with another amount is an error, nothing is added up."""
    await importer.members(importer.file("members.csv", MEMBERS))
    text = "member,currency,amount,expires_at\nm1,points,500,2026-12-31\nm2,stars,2.5,\nm1,gold,1,\nm2,points,-3,\n"
    summary = await importer.balances(importer.file("balances.csv", text))
    assert (summary.written, summary.errors, summary.units) == (2, 2, {"points": 500, "stars": 25})
    lots = await admin.fetch("SELECT currency, original, expires_at::date::text AS day FROM lot ORDER BY 1")
    assert [tuple(row) for row in lots] == [("points", 500, "2026-12-30"), ("stars", 25, None)]
    changed = await importer.balances(importer.file("changed.csv", "member,currency,amount\nm1,points,501\n"))
    assert (changed.written, changed.unchanged, changed.errors) == (0, 0, 1)
    assert await admin.fetchval("SELECT sum(remaining) FROM lot WHERE currency = 'points'") == 500


async def test_places_and_coupons_become_a_version_of_the_programme(importer: Importer, admin: Any) -> None:
    """New places and offers are appended to the programme's text, wrong ones told; again changes no version."""
    places = importer.file("places.csv", "key,name,latitude,longitude\nstore-1,One,45.0,9.0\nstore-2,Two,95,9\n")
    coupons = importer.file("coupons.csv", "key,title,value,category\nc1,Half off,0.50,FRESH\nc2,Odd,,X\n")
    versions = []
    for _ in range(2):
        programme = await ProgrammeSource(importer.database, PROGRAMME_SECTIONS).at(NOON)
        p = await commands.import_places(importer.database, programme, PROGRAMME_SECTIONS, places, MOMENT)
        programme = await ProgrammeSource(importer.database, PROGRAMME_SECTIONS).at(NOON)
        c = await commands.import_coupons(importer.database, programme, PROGRAMME_SECTIONS, coupons, MOMENT)
        versions.append(await admin.fetchval("SELECT max(version) FROM programme_version"))
    assert versions[0] == versions[1] == 3
    assert (p.unchanged, p.errors, c.unchanged, c.errors) == (1, 1, 1, 1)
    programme = await ProgrammeSource(importer.database, PROGRAMME_SECTIONS).at(NOON)
    assert [place.key for place in programme.section(Places)] == ["store-1"]


async def test_exports_are_whole_streams(importer: Importer, admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row goes out once, over page boundaries; the ledger's legs sum to zero."""
    monkeypatch.setattr(queries, "PAGE_ROWS", 2)
    await importer.members(importer.file("members.csv", MEMBERS))
    await importer.purchases(importer.file("purchases.csv", PURCHASES))
    reader = importer.database.reader
    members = [row async for row in queries.export_members(reader)]
    assert {row["name"] for row in members} == {"Anna Rossi", "Boris"}
    assert all(tuple(row) == queries.HEADS["members"] for row in members)
    entries = [row async for row in queries.export_ledger(reader)]
    assert (
        len(entries) == len({row["entry_id"] for row in entries}) == await admin.fetchval("SELECT count(*) FROM entry")
    )
    assert sum(row["amount"] for row in entries) == 0
    events = [row async for row in queries.export_events(reader)]
    assert sorted(row["kind"] for row in events) == ["purchase"] * 3 + ["return"]
    assert tuple(events[0]) == queries.HEADS["events"]
