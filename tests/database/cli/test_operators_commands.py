"""The commands an operator types: what they answer, with which exit code, and that they show no secret."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from fedele.cli import app
from fedele.settings import Settings
from tests.fixtures.database import create_database, drop_database, on_database

SECRET = "a secret key of the tests, long enough to be one"


@pytest.fixture
def environment(postgres_url: str, template_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A migrated database of this test's own in FEDELE_DATABASE_URL, and the keys a server needs."""
    name = f"fedele_operator_{tmp_path.name[-30:]}".lower()
    asyncio.run(create_database(postgres_url, template_name, name))
    for variable, value in {
        "FEDELE_DATABASE_URL": on_database(postgres_url, name),
        "FEDELE_SECRET_KEY": SECRET,
        "FEDELE_DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(variable, value)
    yield on_database(postgres_url, name)
    asyncio.run(drop_database(postgres_url, name))


def run(*arguments: str) -> Result:
    """The command as typed."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})


async def _fetch_value(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def value(url: str, sql: str) -> Any:
    """One value out of the database, as the superuser."""
    return asyncio.run(_fetch_value(url, sql))


def test_the_environment_is_examined_as_a_whole(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named with what to do, what is wrong without its value; in order, it exits 0 and warns."""
    missing = run("config", "check")
    assert missing.exit_code == 1
    assert "FEDELE_TOKEN_KEY is not set" in missing.output
    pem = "-----BEGIN PRIVATE KEY-----\nnot a key\n-----END PRIVATE KEY-----"
    monkeypatch.setenv("FEDELE_TOKEN_KEY", pem)
    wrong = run("config", "check", "--json")
    assert wrong.exit_code == 1
    [problem] = json.loads(wrong.stdout)["problems"]
    assert problem.startswith("FEDELE_TOKEN_KEY: ")
    assert "not a key" not in wrong.output
    monkeypatch.setenv("FEDELE_TOKEN_KEY", _token_key())
    good = run("config", "check", "--json")
    assert good.exit_code == 0, good.output
    told = json.loads(good.stdout)
    assert (told["ok"], told["problems"]) == (True, [])
    assert "development certificate" in told["warnings"][0]
    assert SECRET not in good.output
    assert "in order" in run("config", "check").output


def _token_key() -> str:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_every_setting_is_listed_with_its_meaning() -> None:
    """`config check --list` needs no environment, names all variables, and none is without words."""
    listed = json.loads(run("config", "check", "--list", "--json").stdout)
    assert listed.keys() == {f"FEDELE_{name.upper()}" for name in Settings.model_fields}
    assert [name for name, entry in listed.items() if not entry["meaning"]] == []
    printed = run("config", "check", "--list").output
    assert [name for name in listed if name not in printed] == []


def test_the_doctor_finds_what_is_wrong(environment: str) -> None:
    """A sound database exits 0; one that is behind exits 1 and says which command mends it."""
    sound = run("doctor", "--json")
    assert sound.exit_code == 0, sound.output
    assert all(finding["ok"] for finding in json.loads(sound.stdout))
    value(environment, "UPDATE schema_version SET version_num = '20200101_00' RETURNING 1")
    behind = run("doctor", "--json")
    assert behind.exit_code == 1
    [finding] = [finding for finding in json.loads(behind.stdout) if not finding["ok"]]
    assert "fedele migrate" in finding["what_to_do"] + finding["detail"]
    assert run("doctor").exit_code == 1


def test_a_backup_comes_back_only_when_asked(environment: str, tmp_path: Path) -> None:
    """A key made before the backup is there after `restore --overwrite`; one made since is gone; else nothing."""
    before = json.loads(run("keys", "create", "before", "--scope", "all", "--json").stdout)
    file = tmp_path / "fedele.backup"
    made = run("backup", str(file))
    assert made.exit_code == 0, made.output
    assert "sha256" in made.output
    run("keys", "create", "after", "--scope", "all")
    refused = run("restore", str(file))
    assert refused.exit_code == 1
    assert "--overwrite" in refused.output
    assert value(environment, "SELECT count(*) FROM api_key") == 2
    assert run("restore", str(file), "--overwrite").exit_code == 0
    assert [key["id"] for key in json.loads(run("keys", "list", "--json").stdout)] == [before["id"]]
    damaged = tmp_path / "damaged.backup"
    damaged.write_bytes(file.read_bytes()[:-100])
    broken = run("restore", str(damaged), "--overwrite")
    assert broken.exit_code == 1
    assert "Traceback" not in broken.output
    assert value(environment, "SELECT count(*) FROM api_key") == 1


def test_held_jobs_are_shown_and_released(environment: str) -> None:
    """`jobs held` shows what waits, `jobs retry` wants to know which, and queues them again."""
    value(
        environment,
        "INSERT INTO pgqueuer (priority, created, updated, heartbeat, execute_after, status, entrypoint, attempts) "
        "SELECT 0, now(), now(), now(), now(), 'failed', 'test.' || n, 20 FROM generate_series(1, 2) n RETURNING 1",
    )
    held = json.loads(run("jobs", "held", "--json").stdout)
    assert [(job["handler"], job["attempts"]) for job in held] == [("test.1", 20), ("test.2", 20)]
    assert "test.1" in run("jobs", "held").output
    assert run("jobs", "retry").exit_code == 2
    assert json.loads(run("jobs", "retry", str(held[0]["id"]), "--json").stdout) == {"released": 1}
    assert json.loads(run("jobs", "retry", "--all", "--json").stdout) == {"released": 1}
    assert json.loads(run("jobs", "held", "--json").stdout) == []
    assert value(environment, "SELECT count(*) FROM pgqueuer WHERE status = 'queued' AND attempts = 0") == 2


@pytest.mark.parametrize("command", [["jobs", "held"], ["keys", "list"], ["backup", "x"], ["migrate", "--wait", "0"]])
def test_an_absent_database_is_told_in_a_line(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever needs the database says that it is not there, without a traceback, and exits 1."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    done = run(*command)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit), done.exception
    assert "database" in done.output
    assert "Traceback" not in done.output
