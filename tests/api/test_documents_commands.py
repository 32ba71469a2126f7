"""`fedele documents build|publish` and `fedele schema export`, as a phone team and a release run them."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from fedele.cli.schema import app as schema_app
from fedele.cli.schema import documents_app
from fedele.domains.documents.queries import find_body, list_documents
from tests.fixtures.api import Api

TEXT = "query WhoAmI { me { id } }"


async def run(app: Any, *arguments: str) -> Result:
    """The command in a thread, as it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest.fixture
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command speaks to this test's database."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)


@pytest.mark.usefixtures("environment")
async def test_a_published_manifest_can_be_asked_by_hash(api: Api, tmp_path: Path) -> None:
    """Publish, find, publish again: one new document, then none."""
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(orjson.dumps({sha256: TEXT}))
    for new_count in (1, 0):
        done = await run(documents_app, "publish", str(manifest), "--app", "ios")
        assert done.exit_code == 0, done.output
        assert f"{new_count} new" in done.output
    assert await find_body(api.database.reader, sha256, "member") == TEXT
    assert [document.name for document in await list_documents(api.database.reader, "ios")] == ["WhoAmI"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (orjson.dumps({"0" * 64: TEXT}), "is not the sha256"),
        (orjson.dumps({hashlib.sha256(b"query Q { nowhere }").hexdigest(): "query Q { nowhere }"}), "nowhere"),
        (b"not json", "line 1 column 1"),
    ],
)
async def test_a_manifest_with_one_mistake_publishes_nothing(
    api: Api, tmp_path: Path, content: bytes, why: str
) -> None:
    """Exit 1, the reason, and an empty store."""
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(content)
    done = await run(documents_app, "publish", str(manifest), "--app", "ios")
    assert done.exit_code == 1
    assert "nothing was published" in done.output
    assert why in done.output.replace("\n", "")
    assert await list_documents(api.database.reader, "ios") == []


async def test_our_manifest_is_built(tmp_path: Path) -> None:
    """Every shipped operation with its hash, in Apollo's format."""
    target = tmp_path / "manifest.json"
    assert (await run(documents_app, "build", "--output", str(target))).exit_code == 0
    manifest = orjson.loads(target.read_bytes())
    names = {entry["name"] for entry in manifest["operations"]}
    assert {"Home", "ClaimOffer"} <= names
    for entry in manifest["operations"]:
        assert entry["id"] == hashlib.sha256(entry["body"].encode()).hexdigest()


async def test_the_sdl_is_written_and_checked(tmp_path: Path) -> None:
    """`--check` passes on what was just written, and shows the line that somebody changed by hand."""
    assert (await run(schema_app, "export", "--folder", str(tmp_path))).exit_code == 0
    assert (await run(schema_app, "export", "--folder", str(tmp_path), "--check")).exit_code == 0
    path = tmp_path / "member.graphql"
    path.write_text(path.read_text().replace("type Member implements Node", "type Somebody implements Node"))
    done = await run(schema_app, "export", "--folder", str(tmp_path), "--check")
    assert done.exit_code == 1
    assert "+type Member implements Node" in done.output
