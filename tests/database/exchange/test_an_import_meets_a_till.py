"""An import and a till that settle the same key for the same member, at the same moment."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.exchange import commands
from fedele.domains.exchange.types import ImportFile, Summary
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from tests.factories.members import PEPPERS
from tests.factories.till import NOON, open_till

MOMENT = Moment(NOON)
HEADER = "member,store,receipt,occurred_at,line,sku,quantity,amount,returns_receipt\n"
TRIES = 5  # who began to wait first looks for a circle first, after a second: on a machine that stalls it is the till
WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


async def test_an_import_that_gives_way_to_a_till_begins_its_series_again(
    database: Database, admin: Any, tmp_path: Path
) -> None:
    """The till has the key and wants the member, the import the reverse: PostgreSQL ends the import's; none is lost."""
    till = await open_till(database)
    programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(NOON)
    members, sales = tmp_path / "members.csv", tmp_path / "sales.csv"
    members.write_text("member,email,name,locale,birthday,consents\nm1,anna@example.org,,,,\n")
    await commands.import_members(database, programme, PEPPERS, ImportFile(members), MOMENT)
    member_id = await admin.fetchval("SELECT member_id FROM member")

    async def collides(receipt: str) -> bool:
        sales.write_text(f"{HEADER}m1,store-1,{receipt},2026-01-10T10:00:00,1,milk,1,10.00,\n")
        waiting = admin.transaction()
        await waiting.start()
        try:
            await admin.execute(
                "INSERT INTO request (scope, key, input_hash, member_id) VALUES ('settle/store-1', $1, '', $2)",
                f"import:{receipt}", member_id,
            )  # fmt: skip
            importing = asyncio.create_task(
                commands.import_purchases(till, programme, PEPPERS, ImportFile(sales), MOMENT)
            )
            await until_waited_for(importing)
            await admin.execute("SELECT member_lock_v1($1)", member_id)
            gave_way = True
        except asyncpg.DeadlockDetectedError:
            gave_way = False
        await waiting.rollback()
        told = await importing
        assert (told.written, told.errors, told.reconciled) == (1, 0, True)
        return gave_way

    async def until_waited_for(importing: "asyncio.Task[Summary]") -> None:
        while not await admin.fetchval(WAITED_FOR):
            assert not importing.done(), "the import never waited for the key"
            await asyncio.sleep(0.01)

    for number in range(1, TRIES + 1):
        if await collides(f"A{number}"):
            assert await admin.fetchval("SELECT count(*) FROM purchase") == number
            return
    pytest.fail("the import was never the one to give way")
