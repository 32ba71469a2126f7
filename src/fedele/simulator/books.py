"""The proof of the books: what the tills were told, against the rows of a database.

SQL of its own on base tables. It asks no function, view or balance of the server, so that a fault in those is seen.
"""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.kernel.ids import decode_id, encode_id
from fedele.kernel.money import minor_digits
from fedele.simulator.journal import Asked, Journal

# Double entry, from the entries alone. Each row is a fault.
LEDGER = {
    "a transaction does not sum to zero": """
        SELECT transaction_id::text FROM entry GROUP BY member_id, transaction_id, currency HAVING sum(amount) <> 0
    """,
    "an account's chain of versions has a gap or a wrong balance": """
        SELECT member_id || ' ' || currency || ' ' || account FROM (
            SELECT *, row_number() OVER w AS place, sum(amount) OVER w AS total FROM entry
            WINDOW w AS (PARTITION BY member_id, currency, account ORDER BY account_version)) AS chain
        WHERE account_version <> place OR balance_after <> total
    """,
    "lots do not hold what the accounts say": """
        SELECT member_id || ' ' || currency FROM (
            SELECT member_id, currency, sum(amount) AS units FROM entry
            WHERE account IN ('available', 'pending', 'reserved') GROUP BY 1, 2) AS accounts
        FULL JOIN (SELECT member_id, currency, sum(remaining + reserved) AS units FROM lot GROUP BY 1, 2) AS lots
            USING (member_id, currency)
        WHERE coalesce(accounts.units, 0) <> coalesce(lots.units, 0)
    """,
    "an announcement was never taken by the relay": "SELECT id::text FROM outbox",
    "a job is held or left in hand": "SELECT id::text FROM pgqueuer WHERE status IN ('failed', 'picked')",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the tills were told."""

    problem: str
    what: str


async def check(connection: Any, journal: Journal, decimals: dict[str, int]) -> list[Finding]:
    """Compare. `connection` is asyncpg's, on the database or a restored dump; `decimals` of each programme currency.

    Empty: every acknowledged operation is there once, every refused one not at all, and the ledger adds up.
    """
    findings = [Finding("contradicting replies", text) for text in journal.wrong]
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        findings += await _check_sales(connection, journal, decimals)
        findings += await _check_returns(connection, journal)
        for problem, sql in LEDGER.items():
            findings += [Finding(problem, str(row[0])) for row in await connection.fetch(sql)]
    return findings


@dataclasses.dataclass(frozen=True, slots=True)
class Suspected:
    """How well the rules against fraud told those who cheat from those who only shop."""

    frauds: int
    caught: dict[str, int]  # by the way of cheating
    honest: int
    honest_suspected: int
    honest_blocked: int

    @property
    def false_refusal_rate(self) -> float:
        """The share of honest members who would be refused when they spend."""
        return self.honest_blocked / self.honest if self.honest else 0.0


async def suspected(connection: Any, journal: Journal) -> Suspected:
    """Compare the cases with who cheated."""
    rows = await connection.fetch("SELECT member_id, bool_or(blocks) AS blocks FROM fraud_case GROUP BY member_id")
    seen = {encode_id("member", row["member_id"]): bool(row["blocks"]) for row in rows}
    caught: dict[str, int] = {}
    for member, pattern in journal.frauds.items():
        caught[pattern] = caught.get(pattern, 0) + (member in seen)
    honest = [blocks for member, blocks in seen.items() if member in journal.honest]
    return Suspected(len(journal.frauds), caught, len(journal.honest), len(honest), sum(honest))


async def _check_sales(connection: Any, journal: Journal, decimals: dict[str, int]) -> list[Finding]:
    rows = await connection.fetch(
        "SELECT member_id, purchase_id, store_id, receipt, currency, total_minor FROM purchase WHERE receipt LIKE $1",
        f"{journal.run}%",
    )
    by_receipt: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        by_receipt.setdefault((row["store_id"], row["receipt"]), []).append(row)
    moved = await _moved(connection, [row["purchase_id"] for row in rows])
    findings, known = [], set()
    for asked in (one for one in journal.asked if one.kind == "sale"):
        place = (asked.store, asked.receipt)
        known.add(place)
        findings += _check_sale(asked, by_receipt.get(place, []), moved, decimals)
    findings += [
        Finding("a sale that nobody made", f"{store} {receipt}") for store, receipt in by_receipt.keys() - known
    ]
    return findings


def _check_sale(
    asked: Asked, rows: Sequence[Any], moved: dict[tuple[UUID, str, str], int], decimals: dict[str, int]
) -> list[Finding]:
    told = f"{asked.store} {asked.receipt}"
    if len(rows) > 1:
        return [Finding("a sale is there more than once", told)]
    if asked.state == "refused":
        return [Finding("a refused sale is there", f"{told} {asked.codes}")] if rows else []
    if asked.state == "open":
        return []  # nobody was told anything: either is right
    if not rows:
        return [Finding("an acknowledged sale is lost", told)]
    (row,) = rows
    owner, purchase = decode_id("purchase", asked.id or "", 2)
    if (row["member_id"], row["purchase_id"]) != (owner, purchase):
        return [Finding("the reply names another sale", told)]
    total = Decimal(row["total_minor"]).scaleb(-minor_digits(row["currency"]))
    findings = [] if total == asked.total else [Finding("a sale has another total", f"{told}: {total}, {asked.total}")]
    for kind, told_units in (("earn", asked.earned), ("burn", asked.burned)):
        booked = {
            currency: Decimal(units).scaleb(-decimals.get(currency, 0))
            for (which, currency, how), units in moved.items()
            if which == purchase and how == kind
        }
        if {currency: units for currency, units in told_units.items() if units} != booked:
            findings.append(Finding(f"a sale's {kind} is booked otherwise", f"{told}: {booked}, told {told_units}"))
    return findings


async def _moved(connection: Any, purchases: list[UUID]) -> dict[tuple[UUID, str, str], int]:
    """What the ledger booked for these purchases when they were settled: (purchase, currency, earn or burn) → units.

    Earning stands against `issued`, spending against `redeemed`; what came back later has kinds of its own.
    """
    rows = await connection.fetch(
        """
        SELECT cause.purchase_id, cause.currency, cause.kind, sum(abs(entry.amount)) AS units
        FROM ledger_transaction AS cause
        JOIN entry ON entry.member_id = cause.member_id AND entry.transaction_id = cause.id
            AND entry.account = CASE cause.kind WHEN 'earn' THEN 'issued' ELSE 'redeemed' END
        WHERE cause.purchase_id = ANY($1::uuid[]) AND cause.kind IN ('earn', 'burn')
        GROUP BY 1, 2, 3
        """,
        purchases,
    )
    return {(row["purchase_id"], row["currency"], row["kind"]): int(row["units"]) for row in rows}


async def _check_returns(connection: Any, journal: Journal) -> list[Finding]:
    asked = [one for one in journal.asked if one.kind == "return"]
    purchases = {decode_id("purchase", one.purchase or "", 2)[1] for one in asked}
    rows = await connection.fetch(
        "SELECT return_id, purchase_id, total_minor FROM purchase_return WHERE purchase_id = ANY($1::uuid[])",
        list(purchases),
    )
    there = {row["return_id"]: row for row in rows}
    findings, known = [], set()
    for one in asked:
        if one.state != "acknowledged":
            continue
        return_id = decode_id("return", one.id or "", 2)[1]
        known.add(return_id)
        if return_id not in there:
            findings.append(Finding("an acknowledged return is lost", one.key))
    open_count = sum(1 for one in asked if one.state == "open")
    strangers = there.keys() - known
    if len(strangers) > open_count:
        findings.append(Finding("returns that nobody was told of", ", ".join(map(str, sorted(strangers)))))
    return findings
