"""What an operator types about segments: sizes, a condition's reach, refreshes, and lists from a file."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fedele.api import ids
from fedele.cli import app
from fedele.db.database import open_database
from fedele.domains.members.types import Identity
from fedele.keyring import open_peppers
from fedele.settings import read_settings
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, apply_programme
from tests.fixtures.database import create_database, drop_database, on_database

PROGRAMME = (
    SMALL
    + """
segments:
  - {key: english, name: English, when: "member.locale.startsWith('en') && member.purchases_count == 0"}
  - {key: odd, name: Odd, when: member.locale.matches('^en')}
  - {key: panel, name: Panel, list: true}
"""
)


def run(*arguments: str) -> Result:
    """The command as typed."""
    return CliRunner().invoke(app, ["segments", *arguments], env={"COLUMNS": "300"})


def answered(*arguments: str) -> Any:
    """Its JSON."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def member_ids(postgres_url: str, template_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database of this test's own with a programme and three members, in FEDELE_DATABASE_URL."""
    name = f"fedele_segments_{tmp_path.name[-30:]}".lower()
    asyncio.run(create_database(postgres_url, template_name, name))
    url = on_database(postgres_url, name)
    monkeypatch.setenv("FEDELE_DATABASE_URL", url)
    monkeypatch.setenv("FEDELE_SECRET_KEY", "a secret key of the tests, long enough to be one")

    async def arrange() -> list[str]:
        database = open_database(url)
        await apply_programme(database, PROGRAMME)
        members = [await enrolled(database, locale=locale) for locale in ("en-US", "en", "it-IT")]
        peppers, identity = open_peppers(read_settings()), Identity.parse("email", "ada@example.org")
        async with database.transaction() as tx:
            await tx.execute(
                "INSERT INTO member_identity VALUES ('email', $1, $2, $3, now())",
                peppers.digests(identity)[0], peppers.current, members[2],
            )  # fmt: skip
        await database.close()
        return [str(ids.member_id(one)) for one in members]

    yield asyncio.run(arrange())
    asyncio.run(drop_database(postgres_url, name))


def test_an_operator_counts_refreshes_and_rebuilds(member_ids: list[str]) -> None:
    """Facts are made from nothing; a preview and the refreshed segment agree; an evaluated one says why."""
    assert answered("rebuild") == {"members": 3}
    whole = "member.locale.startsWith('en') && member.purchases_count == 0"
    assert answered("preview", whole) == {
        "members": 2, "of": 3, "parts": [
            {"condition": "member.locale.startsWith('en')", "members": 2, "remaining": 2},
            {"condition": "member.purchases_count == 0", "members": 3, "remaining": 2},
        ],
    }  # fmt: skip
    assert answered("refresh", "english")["members"] == 2
    assert "matches() has no SQL" in answered("refresh", "odd")["judged_one_by_one_because"]
    assert [(row["segment"], row["members"]) for row in answered("list")] == [("english", 2), ("odd", 2), ("panel", 0)]
    wrong = run("preview", "member.lokale == 'en'")
    assert (wrong.exit_code, "Did you mean 'member.locale'" in wrong.output) == (1, True)


def test_a_list_is_imported_from_a_file(member_ids: list[str], tmp_path: Path) -> None:
    """By id or address; again adds nobody; --replace takes off the others; lines that name nobody are counted."""
    file = tmp_path / "panel.txt"
    file.write_text(f"{member_ids[0]}\n{member_ids[1]}\n\n")
    assert answered("import", "panel", str(file)) == {"added": 2, "removed": 0, "named": 2, "nobody": 0}
    assert answered("import", "panel", str(file))["added"] == 0
    file.write_text(f"{member_ids[0]}\nADA@example.org\nnobody@example.org\nnonsense\n")
    replaced = run("import", "panel", str(file), "--replace", "--json")
    assert replaced.exit_code == 1
    assert json.loads(replaced.stdout) == {"added": 1, "removed": 1, "named": 2, "nobody": 2}
    refused = run("import", "english", str(file))
    assert (refused.exit_code, "follows its condition" in refused.output) == (1, True)
