"""The room's SQL files are real: each is planned against the migrated schema, and every file is registered."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fedele.domains import analytics
from fedele.domains.analytics.queries import STATEMENTS, statement

NOW = datetime(2026, 11, 22, tzinfo=UTC)
VALUES: dict[str, tuple[Any, ...]] = {
    "movements": ("Europe/Rome", True),
    "flows": ("Europe/Rome", False, 16),
    "lots": (NOW,),
    "moved": (),
    "allocation": (
        "Europe/Rome", True, [1], ["points"], [Decimal(1)], ["points"], [date(2026, 11, 1)], [Decimal("0.9")], [1],
        [NOW], "EUR",
    ),
    "campaigns": (["summer"], ["offer"], NOW, "EUR"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
async def test_every_statement_can_be_planned(name: str, admin: Any) -> None:
    """EXPLAIN accepts it: no table or column that it names is gone."""
    plan = await admin.fetch(f"EXPLAIN {statement(name)}", *VALUES[name])
    assert plan


def test_every_file_is_registered() -> None:
    """A statement that nobody plans is none."""
    folder = Path(analytics.__file__).parent / "sql"
    assert sorted(path.stem for path in folder.glob("*.sql")) == sorted(STATEMENTS)
