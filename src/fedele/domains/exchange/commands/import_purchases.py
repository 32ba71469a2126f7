"""Purchases with their lines from a file, rated as the till would have rated them, each at its own time.

Two passes: the file is read and checked row by row into a spool on disk; then every member's receipts are settled in
the order in which they happened, some hundreds a transaction. A run that is killed is simply run again.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import asyncpg

from fedele.db.database import DEADLOCK_ATTEMPTS
from fedele.domains.activity.queries import find_purchase_by_receipt, stored_totals
from fedele.domains.activity.types import Purchase, ReturnedLine
from fedele.domains.checkout.commands import return_lines, settle_series
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.queries import is_answered
from fedele.domains.checkout.types import Basket, Return, SeriesSale
from fedele.domains.exchange.commands.holders import Holders
from fedele.domains.exchange.commands.run import Run, quiet_transaction
from fedele.domains.exchange.purchase_rows import PurchaseParser, PurchaseRow, basket_of, check_receipt, receipt_key
from fedele.domains.exchange.spool import Spool, SpooledLine
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, RowInvalid, Summary, no_progress
from fedele.domains.ledger.commands import expire
from fedele.domains.ledger.queries import list_lots
from fedele.domains.members.types import Peppers
from fedele.domains.programme.types import Programme
from fedele.domains.recommendations.commands import mark_due
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal

SERIES_SALES_MAX = 200  # sales in one transaction: what a killed run loses, and how long a member's lock is held
MEMBERS_AT_ONCE = 3  # while PostgreSQL writes one member's sales, the next one's are decided
HOLDERS_BATCH = 1_000

Receipt = list[PurchaseRow]


async def import_purchases(
    till: Till,
    programme: Programme,
    peppers: Peppers,
    file: ImportFile,
    moment: Moment,
    *,
    progress: Progress = no_progress,
    dry_run: bool = False,
) -> Summary:
    """Settle the file's receipts that are not settled yet; a receipt with a wrong line is left out as a whole.

    Raises ImportFileUnreadable. A dry run decides every sale as if those before it in the file were settled, and
    writes nothing; returns are then checked in form only.
    """
    with Run("purchases", file, progress, dry_run=dry_run).finishing() as run, Spool.open() as spool:
        _read(run, spool, PurchaseParser(programme))
        await _resolve(run, spool, Holders(till.database, programme, peppers, file.source, moment))
        work = _Work(run, spool, till, PurchaseParser(programme), moment)
        await work.settle_all()
    return run.summary


def _read(run: Run, spool: Spool, parser: PurchaseParser) -> None:
    """The first pass: every row into the spool, or into the errors file."""

    def parse(row: InputRow) -> PurchaseRow:
        try:
            return parser.parse(row)
        except (RowInvalid, Refusal):
            spool.spoil(receipt_key(row.values.get("store", ""), row.values.get("receipt", "")), row.line)
            raise

    for row, parsed in run.rows(parse):
        if parsed.back is None:
            run.summary.read_minor[parsed.currency] += parsed.line.amount_minor
        spool.add(parsed.key, parsed.named, parsed.at, row)


async def _resolve(run: Run, spool: Spool, holders: Holders) -> None:
    """Between the passes: who the members are; the lines of strangers are errors."""
    for batch in spool.named(HOLDERS_BATCH):
        await holders.find(batch)
        found: list[tuple[str, str, str | None, str]] = []
        for column, text in batch:
            try:
                found.append((column, text, str(holders.get((column, text))), ""))
            except RowInvalid as error:
                found.append((column, text, None, error.reason))
        spool.resolve(found)


class _Work:
    """The second pass: member by member, a few of them at once."""

    def __init__(self, run: Run, spool: Spool, till: Till, parser: PurchaseParser, moment: Moment) -> None:
        self.run, self.spool, self.till, self.parser, self.moment = run, spool, till, parser, moment
        self.summary = run.summary
        self.done = 0
        if not run.summary.dry_run:
            run.summary.stored_minor = type(run.summary.read_minor)()

    async def settle_all(self) -> None:
        """Settle everything in the spool."""
        for line, column, problem in self.spool.unresolved():
            self._refuse([self.parser.parse(line.row)], RowInvalid(column, problem))
        limit = asyncio.Semaphore(MEMBERS_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for member, lines in self.spool.members():
                rows = list(lines)
                await limit.acquire()
                task = tasks.create_task(self._settle_member(MemberId(UUID(member)), rows))
                task.add_done_callback(lambda _: limit.release())
        self.run.progress("settling", self.spool.count, self.spool.count)

    async def _settle_member(self, member_id: MemberId, lines: list[SpooledLine]) -> None:
        """One member's whole file, in order: sales in series, a return between two of them by itself."""
        series: list[tuple[Receipt, Basket]] = []
        for key, grouped in groupby(lines, key=lambda line: line.receipt):
            receipt = [self.parser.parse(line.row) for line in grouped]
            try:
                self._check(key, receipt)
            except RowInvalid as error:
                self._refuse(receipt, error)
                continue
            if receipt[0].back is None:
                series.append((receipt, basket_of(receipt, member_id)))
            if series and (receipt[0].back or len(series) == SERIES_SALES_MAX):
                await self._settle(member_id, series)
                series = []
            if receipt[0].back:
                await self._return(member_id, receipt)
        if series:
            await self._settle(member_id, series)
        await self._expire(member_id)

    def _check(self, key: str, receipt: Receipt) -> None:
        if (line := self.spool.spoiled_by(key)) is not None:
            raise RowInvalid("receipt", f"line {line} of the file, which belongs to it, is wrong")
        check_receipt(receipt)

    async def _settle(self, member_id: MemberId, series: Sequence[tuple[Receipt, Basket]]) -> None:
        """A series of sales in one transaction, and what became of each."""
        baskets = [basket for _, basket in series]
        try:
            answers = await self._answers(member_id, baskets)
        except Refusal as error:
            for receipt, _ in series:
                self._refuse(receipt, error)
            return
        kept = []
        for (receipt, basket), answer in zip(series, answers, strict=True):
            self._count(receipt, basket, answer.outcome == "settled", answer.refusal)
            self.summary.units.update(answer.units)
            if answer.refusal is None:
                kept.append(basket)
        await self._reconcile(member_id, kept)

    async def _answers(self, member_id: MemberId, baskets: Sequence[Basket]) -> list[SeriesSale]:
        """Settle them, once more where PostgreSQL ended it to break a circle: then nothing of it was written.

        A till claims its key before the member, a series the member before its keys: on the same key they can meet.
        """
        for _ in range(DEADLOCK_ATTEMPTS - 1):
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
                return await self._answers_at_once(member_id, baskets)
        return await self._answers_at_once(member_id, baskets)

    async def _answers_at_once(self, member_id: MemberId, baskets: Sequence[Basket]) -> list[SeriesSale]:
        write = not self.summary.dry_run
        async with quiet_transaction(self.till.database, dry_run=not write) as tx:
            answers = await settle_series(self.till, tx, member_id, baskets, self.moment, write=write)
            await mark_due(tx, [member_id], self.moment)  # nobody hears of these sales: have them learned from
        return answers

    def _count(self, receipt: Receipt, basket: Basket, written: bool, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._refuse(receipt, refusal)
            return
        minor = self.summary.written_minor if written else self.summary.unchanged_minor
        minor[basket.currency] += basket.total_minor
        self.summary.purchases += written
        self._count_rows(receipt, written=written)

    def _count_rows(self, receipt: Receipt, *, written: bool) -> None:
        if written:
            self.summary.written += len(receipt)
        else:
            self.summary.unchanged += len(receipt)
        self._advance(receipt)

    def _advance(self, receipt: Receipt) -> None:
        self.done += len(receipt)
        self.run.progress("settling", self.done, self.spool.count)

    async def _reconcile(self, member_id: MemberId, baskets: Sequence[Basket]) -> None:
        """Ask the database what it holds of these receipts now, for the sums at the end."""
        if self.summary.stored_minor is not None and baskets:
            stores, receipts = [b.store_id for b in baskets], [b.receipt for b in baskets]
            totals = await stored_totals(self.till.database.reader, member_id, stores, receipts)
            self.summary.stored_minor.update(totals)

    async def _return(self, member_id: MemberId, receipt: Receipt) -> None:
        """Lines that came back, by the till's own return."""
        first = receipt[0]
        assert first.back is not None
        key = f"import:{first.receipt}"
        db = self.till.database
        try:
            if await is_answered(db.reader, f"return/{first.store}", key):
                self._count_rows(receipt, written=False)
                return
            if self.summary.dry_run:
                self._count_rows(receipt, written=True)
                return
            purchase = await find_purchase_by_receipt(db.reader, first.back.store, first.back.receipt)
            if purchase is None or purchase.member_id != member_id:
                raise RowInvalid("returns_receipt", "this member has no purchase with that receipt at that store")
            asked = Return(
                store_id=first.store,
                lines=_returned_lines(receipt, purchase),
                purchase_store_id=first.back.store,
                purchase_id=purchase.id,
                member_id=member_id,
                occurred_at=first.at,
            )
            settled = await return_lines(self.till, asked, key, self.moment, quiet=True)
        except (Refusal, RowInvalid) as error:
            self._refuse(receipt, error)
            return
        for currency, units in settled.clawed_back.items():
            self.summary.units[currency] -= units
        self._count_rows(receipt, written=True)

    async def _expire(self, member_id: MemberId) -> None:
        """What the file brought may have expired since: it must not lie in the books as if it could be spent."""
        if self.summary.dry_run:
            return
        lots = await list_lots(self.till.database.reader, member_id)
        now = self.moment.now
        due = sorted({lot.currency for lot in lots if lot.expires_at is not None and lot.expires_at <= now})
        for currency in due:
            async with self.till.database.transaction(quiet=True) as tx:
                await expire(tx, member_id, currency, self.moment)

    def _refuse(self, receipt: Receipt, error: RowInvalid | Refusal) -> None:
        """No line of the receipt is imported."""
        for parsed in receipt:
            if parsed.back is None:
                self.summary.rejected_minor[parsed.currency] += parsed.line.amount_minor
            self.run.refuse(parsed.row, error)
        self._advance(receipt)


def _returned_lines(receipt: Receipt, purchase: Purchase) -> tuple[ReturnedLine, ...]:
    """Which lines of the purchase come back. Raises RowInvalid."""
    lines = []
    for parsed in receipt:
        assert parsed.back is not None
        number = parsed.back.number or next(
            (line.number for line in purchase.lines if line.sku == parsed.line.sku), None
        )
        if number is None:
            raise RowInvalid("sku", f"the purchase has no line of {parsed.line.sku}")
        lines.append(ReturnedLine(number, parsed.line.quantity))
    return tuple(lines)
