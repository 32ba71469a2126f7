"""Operations as tests like to write them: one line each, with keys and instants made up."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.ledger import commands
from fedele.domains.ledger.types import (
    Adjust,
    Burn,
    Capture,
    Clawback,
    Earn,
    Expire,
    Hold,
    LotExpiry,
    MoveExpiry,
    Operation,
    Posting,
    Release,
    Restore,
    Settle,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
POINTS = CurrencyKey("points")
STARS = CurrencyKey("stars")
_keys = count()


def day(number: float) -> datetime:
    """So many days after START."""
    return START + timedelta(days=number)


def common(**given: Any) -> dict[str, Any]:
    """Scope, a fresh key, and points, unless given."""
    return {"scope": "test", "key": f"key-{next(_keys)}", "currency": POINTS} | given


def earn(units: int, **given: Any) -> Earn:
    """An earn from a purchase."""
    return Earn(**common(units=units, source="purchase", **given))


def burn(units: int, **given: Any) -> Burn:
    """A burn."""
    return Burn(**common(units=units, **given))


def restore(of: Posting, units: int | None = None, **given: Any) -> Restore:
    """A burn given back."""
    return Restore(**common(transaction_id=of.transaction_id, units=units, **given))


def clawback(of: Posting, mode: str, units: int | None = None, **given: Any) -> Clawback:
    """An earn taken back."""
    return Clawback(**common(transaction_id=of.transaction_id, mode=mode, units=units, **given))


def settle(**given: Any) -> Settle:
    """Pending lots that are due become available."""
    return Settle(**common(**given))


def expire(**given: Any) -> Expire:
    """A sweep."""
    return Expire(**common(**given))


def adjust(units: int, **given: Any) -> Adjust:
    """A person's correction."""
    return Adjust(**common(units=units, actor="key-7", reason={"text": "goodwill"}) | given)


def move_expiry(*changes: tuple[UUID, datetime | None], **given: Any) -> MoveExpiry:
    """New expiries for lots."""
    return MoveExpiry(
        **common(changes=[LotExpiry(lot_id=lot_id, expires_at=at) for lot_id, at in changes], **given)  # type: ignore[arg-type]
    )


def hold(units: int, **given: Any) -> Hold:
    """A reservation."""
    return Hold(**common(units=units, **given))


def release(of: Posting, units: int | None = None, **given: Any) -> Release:
    """A reservation that ends without a sale."""
    return Release(**common(transaction_id=of.transaction_id, units=units, **given))


def capture(of: Posting, units: int | None = None, **given: Any) -> Capture:
    """A reservation that ends in a sale."""
    return Capture(**common(transaction_id=of.transaction_id, units=units, **given))


def new_member() -> MemberId:
    """Somebody nobody has seen yet."""
    return MemberId(new_id())


async def post(database: Database, member_id: MemberId, *operations: Operation, at: float = 0) -> tuple[Posting, ...]:
    """Post operations in one transaction, `at` days after START."""
    async with database.transaction() as tx:
        return await commands.post(tx, member_id, operations, Moment(day(at)))


async def post_one(database: Database, member_id: MemberId, operation: Operation, at: float = 0) -> Posting:
    """Post one operation, `at` days after START."""
    (posting,) = await post(database, member_id, operation, at=at)
    return posting
