"""Pitfall 16: rule edits that rewrite history. Every accrual carries its version, and nothing of it ever changes."""

from typing import Any

import asyncpg
import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return
from fedele.domains.programme.queries import ProgrammeSource
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme
from tests.factories.till import PROGRAMME, STORE, at, basket, line, open_till


async def test_a_new_version_changes_nothing_of_the_old(database: Database, admin: Any) -> None:
    """What was earned stays to the byte, and a return takes what was given then, not what the rule gives now."""
    till, member_id = await open_till(database), await enrolled(database)
    settled = await commands.settle(till, basket(line(amount=1_000), member_id=member_id), "before", at())
    kept = await admin.fetch("SELECT * FROM award ORDER BY award_id"), await admin.fetch("SELECT * FROM evaluation")
    trebled = PROGRAMME.replace("{key: base, type", "{key: base, multiplier: 3, type")
    await apply_programme(database, trebled, at(days=1).now)
    till = Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS))
    await commands.settle(till, basket(line(amount=1_000), member_id=member_id), "after", at(days=2))
    first = await admin.fetch("SELECT * FROM award WHERE source_id = $1 ORDER BY award_id", settled.purchase_id)
    assert (first, await admin.fetch("SELECT * FROM evaluation WHERE source_id = $1", settled.purchase_id)) == kept
    versions = await admin.fetch("SELECT programme_version FROM ledger_transaction WHERE kind = 'earn' ORDER BY id")
    assert {row["programme_version"] for row in versions} == {1, 2}
    asked = Return(
        store_id=STORE, lines=(ReturnedLine(1, line().quantity),), member_id=member_id, purchase_id=settled.purchase_id
    )
    back = await commands.return_lines(till, asked, "back", at(days=3))
    assert back.clawed_back["points"] == 10


@pytest.mark.parametrize("table", ["evaluation", "ledger_transaction", "entry", "lot_use", "award"])
async def test_the_application_cannot_rewrite_what_was_decided(database: Database, table: str) -> None:
    """The role that the processes use may neither change nor delete it."""
    till, member_id = await open_till(database), await enrolled(database)
    await commands.settle(till, basket(member_id=member_id), "k", at())
    for sql in (f"UPDATE {table} SET member_id = member_id", f"DELETE FROM {table}"):
        with pytest.raises(asyncpg.PostgresError):
            async with database.transaction() as tx:
                await tx.execute(sql)
