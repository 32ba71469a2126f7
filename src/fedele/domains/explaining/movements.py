"""What a movement of one account is made of, as an addition that gives it exactly. Pure.

A transaction has several legs; an entry is one of them. Where the leg is a part of what was asked (a clawback that met
pending and expired units, an inflow that paid a debt), the terms say where the rest went.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from fedele.domains.explaining.types import Term
from fedele.domains.ledger.types import EntryRecord, LotId, LotRecord, TransactionRecord
from fedele.kernel.money import from_units

_INFLOWS = {"earn": "issued", "adjust": "issued", "settle": "became_available"}


def movement_terms(
    transaction: TransactionRecord, entry: EntryRecord, lots: Mapping[LotId, LotRecord], decimals: int
) -> tuple[Term, ...]:
    """The terms of this entry. Awards are told by the caller in place of `issued`."""
    found = _Movement(transaction, entry, lots, decimals)
    terms = [term for term in found.terms() if term.amount]
    rest = from_units(entry.amount, decimals) - sum((term.amount for term in terms), Decimal(0))
    return (*terms, Term("asked", rest)) if rest else tuple(terms)


class _Movement:
    def __init__(
        self, transaction: TransactionRecord, entry: EntryRecord, lots: Mapping[LotId, LotRecord], decimals: int
    ) -> None:
        self.transaction, self.entry, self.lots, self.decimals = transaction, entry, lots, decimals
        self.legs: dict[str, int] = {}
        for leg in transaction.entries:
            self.legs[leg.account] = self.legs.get(leg.account, 0) + leg.amount

    def terms(self) -> Iterator[Term]:
        kind, account = self.transaction.kind, self.entry.account
        if account == "debt":
            yield self._term("debt_paid" if self.entry.amount > 0 else "debt", self.entry.amount)
        elif kind in _INFLOWS and self.entry.amount + self.legs.get("debt", 0) > 0:
            source = {"source": self.lots_made()} if kind != "settle" else {}
            yield self._term(_INFLOWS[kind], self.entry.amount + self._debt(account), **source)
            yield self._term("debt_paid", -self._debt(account))
        elif kind == "clawback":
            yield from self._clawback(account)
        elif kind in ("restore", "release") and account == "available":
            yield from self._from_lots("restore" if kind == "restore" else "hold", -1)
            yield self._term("debt_paid", -self.legs.get("debt", 0))
            yield self._term("swept", -self.legs.get("expired", 0))
        elif (account == "reserved" and kind in ("release", "capture")) or account == "reserved":
            yield from self._from_lots("hold", 1)
        elif account == "available":
            yield from self._from_lots(
                {"burn": "burn", "expire": "expire", "hold": "hold", "adjust": "adjust"}.get(kind, kind), -1
            )

    def lots_made(self) -> str:
        """What the lot that came in says of where it came from."""
        made = [lot for lot in self.lots.values() if lot.transaction_id == self.transaction.id]
        return made[0].source if made else ""

    def _debt(self, account: str) -> int:
        """What of an inflow paid a debt: only what becomes available can."""
        return self.legs.get("debt", 0) if account == "available" else 0

    def _clawback(self, account: str) -> Iterator[Term]:
        asked, debt = self.transaction.requested, -self.legs.get("debt", 0)
        pending, expired = -self.legs.get("pending", 0), -self.legs.get("expired", 0)
        available = -self.legs.get("available", 0)
        if account == "pending":
            yield self._term("was_pending", self.entry.amount)
            return
        yield self._term("taken_back", -asked)
        yield self._term("was_pending", pending)
        yield self._term("was_expired", expired)
        yield self._term("debt", debt)
        yield self._term("waived", asked - pending - expired - debt - available)

    def _from_lots(self, kind: str, sign: int) -> Iterator[Term]:
        for use in self.transaction.uses:
            if use.kind == kind:
                lot = self.lots.get(use.lot_id)
                values = {"earned_at": lot.earned_at, "expires_at": lot.expires_at, "source": lot.source} if lot else {}
                yield self._term("lot", sign * use.amount, **values)

    def _term(self, kind: str, units: int, **values: object) -> Term:
        return Term(kind, from_units(units, self.decimals), values)  # type: ignore[arg-type]
