"""What listening for notices promises."""

import asyncio
from typing import Any

from fedele.db.database import Database

PIDS = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"


async def test_a_notice_is_heard(database: Database, admin: Any) -> None:
    """What another connection notifies arrives with its payload."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with database.listen("bell", heard):
        await admin.execute("SELECT pg_notify('bell', 'ding')")
        assert await asyncio.wait_for(heard.get(), 30) == "ding"


async def test_listening_survives_a_cut_connection(database: Database, admin: Any) -> None:
    """After the server cut the line, an empty payload says so, and the next notice is heard as before."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with database.listen("bell", heard):
        pid = await admin.fetchval(PIDS)
        assert await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        assert await asyncio.wait_for(heard.get(), 30) == ""
        assert await admin.fetchval(PIDS) != pid
        await admin.execute("SELECT pg_notify('bell', 'dong')")
        assert await asyncio.wait_for(heard.get(), 30) == "dong"
    assert await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
