"""The doctor at the bedside: real servers, well and unwell."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from fedele.db.doctor import examine


async def test_a_migrated_database_is_well(database_url: str, tmp_path: Path) -> None:
    """Every check passes on the database that the tests run on, which is made as the README says."""
    findings = await examine(database_url, data_folder=tmp_path / "not made yet")
    assert {finding.name: finding.ok for finding in findings} == {
        "disk": True,
        "reachable": True,
        "version": True,
        "encoding": True,
        "locale": True,
        "durability": True,
        "migrations": True,
        "role": True,
        "clock": True,
    }


async def test_an_empty_database_wants_its_migrations(postgres_url: str) -> None:
    """A database without tables is told from a sick one."""
    unwell = [finding for finding in await examine(postgres_url) if not finding.ok]
    assert [finding.name for finding in unwell if finding.name != "role"] == ["migrations"]
    assert "fedele migrate" in unwell[0].what_to_do


async def test_an_unreachable_database_ends_the_examination(database_url: str, admin: Any) -> None:
    """A closed port and a missing database are one finding each, with no traceback and no password in it."""
    missing = urlunsplit(urlsplit(database_url)._replace(path="/there_is_none"))
    for url in ("postgresql://anna:secret@127.0.0.1:1/shop", missing):
        findings = await examine(url)
        assert [(finding.name, finding.ok) for finding in findings] == [("reachable", False)]
        assert "secret" not in findings[0].detail
