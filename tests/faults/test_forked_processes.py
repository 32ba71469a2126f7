"""The processes that tests fork instead of starting: real ones, as much apart from each other as started ones."""

import os
import signal

import pytest

from tests.fixtures.commands import StartCommand, is_alive
from tests.fixtures.forks import Forks


@pytest.fixture(autouse=True)
def only_where_forked(forks: Forks | None) -> None:
    """Skip where processes are started from the beginning."""
    if forks is None:
        pytest.skip("nothing to hold: only Linux forks safely, elsewhere tests start every process anew")


async def test_a_fork_is_a_process_of_its_own(fedele: StartCommand) -> None:
    """It has its own group, environment, output and exit code, and lives by itself."""
    said = await fedele("--version")
    refused = await fedele("keys", "list", environment={"FEDELE_DATABASE_URL": "postgresql://127.0.0.1:1/x"})
    waiting = await fedele("migrate", "--wait", "60", environment={"FEDELE_DATABASE_URL": "postgresql://127.0.0.1:1/x"})
    assert await said.ended() == 0
    assert len(said.lines) == 1
    assert await refused.ended() == 1
    assert "Traceback" not in refused.output
    assert os.getpgid(waiting.pid) == waiting.pid != os.getpgid(0)
    await waiting.line("waiting_for_database")
    assert not waiting.has_ended


async def test_a_fork_is_interrupted_and_killed_like_any_other(fedele: StartCommand) -> None:
    """kill -9 ends the one that was meant, and says so; the other does not notice, and obeys Ctrl-C."""
    nowhere = {"FEDELE_DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    one, other = [await fedele("migrate", "--wait", "60", environment=nowhere) for _ in range(2)]
    for command in (one, other):
        await command.line("waiting_for_database")
    await one.kill()
    assert await one.ended() == -signal.SIGKILL
    assert not is_alive(one.pid)
    assert is_alive(other.pid)
    other.send(signal.SIGINT)
    assert await other.ended() == 130
