"""The ledger's words: what operations look like to the SQL, and what its replies look like to Python."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from fedele.domains.ledger import commands, errors
from fedele.domains.ledger.types import (
    Earn,
    LotExpiry,
    LotId,
    MoveExpiry,
    PostedEntry,
    PostedLot,
    Settle,
    TransactionId,
)
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import KeyReused

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ID = UUID("01900000-0000-7000-8000-000000000001")
STARS = CurrencyKey("stars")


def test_an_operation_says_what_it_is_and_leaves_out_what_is_not_given() -> None:
    """Fields that are None do not travel; instants and ids travel as text; the kind is named."""
    operation = Earn(scope="s", key="k", currency=STARS, units=12, source="purchase", purchase_id=ID, expires_at=NOON)
    assert operation.as_json() == {
        "op": "earn",
        "scope": "s",
        "key": "k",
        "currency": "stars",
        "units": 12,
        "source": "purchase",
        "purchase_id": str(ID),
        "expires_at": "2026-11-21T12:00:00+00:00",
        "reason": {},
    }


def test_a_lot_that_shall_never_expire_says_so() -> None:
    """Inside a list of changes None is a value: never."""
    changes = [LotExpiry(lot_id=LotId(ID), expires_at=None)]
    operation = MoveExpiry(scope="s", key="k", currency=STARS, changes=changes)
    assert operation.as_json()["changes"] == [{"lot_id": str(ID), "expires_at": None}]


def test_a_naive_instant_is_refused_before_it_is_sent() -> None:
    """The ledger never guesses a time zone."""
    with pytest.raises(ValueError, match="aware"):
        Settle(scope="s", key="k", currency=STARS, as_of=datetime(2026, 1, 1)).as_json()


def test_a_reply_becomes_a_posting() -> None:
    """Ids, instants and amounts of a result come back typed; a lot may never expire."""
    entry = {"id": str(ID), "account": "available", "amount": 12, "version": 3, "balance": 40}
    lot = {"id": str(ID), "units": 12, "expires_at": None, "state": "active"}
    result = {
        "op": "earn", "transaction_id": str(ID), "currency": "stars", "units": 12, "requested": 12, "waived": 0,
        "debt_paid": 0, "debt_incurred": 0, "spendable": 40, "entries": [entry], "lots": [lot],
    }  # fmt: skip
    posting = commands.read_posting(result)
    assert posting.transaction_id == TransactionId(ID)
    assert posting.entries == (PostedEntry(ID, "available", 12, 3, 40),)  # type: ignore[arg-type]
    assert posting.lots == (PostedLot(LotId(ID), 12, None, "active"),)
    assert commands.read_posting(result | {"transaction_id": None}).transaction_id is None


def test_a_refused_reply_becomes_the_refusal_of_its_code() -> None:
    """Whoever calls the SQL directly answers as the commands do, words and details included."""
    refusal = errors.refusal("INSUFFICIENT_POINTS", {"currency": "points", "requested": 5, "spendable": 3})
    assert isinstance(refusal, errors.InsufficientPoints)
    assert str(refusal) == "Not enough points: 5 asked, 3 available."
    assert isinstance(errors.refusal("IDEMPOTENCY_KEY_REUSED", {}), KeyReused)
