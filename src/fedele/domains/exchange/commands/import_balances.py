"""Opening balances from another programme: one lot a row, with its own expiry, posted once under its key."""

import dataclasses
from datetime import datetime

from fedele.db.database import Database
from fedele.domains.earning.queries import expires_at, expiry_of
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.holders import Holders
from fedele.domains.exchange.commands.run import Run, named_member, quiet_transaction
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, RowInvalid, Summary, no_progress
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Earn
from fedele.domains.members.types import Peppers
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import Refusal


@dataclasses.dataclass(frozen=True, slots=True)
class _Opening:
    holder: tuple[str, str]
    currency: str
    units: int
    key: str
    earned_at: datetime
    expires_at: datetime | None


async def import_balances(
    database: Database,
    programme: Programme,
    peppers: Peppers,
    file: ImportFile,
    moment: Moment,
    *,
    progress: Progress = no_progress,
    dry_run: bool = False,
) -> Summary:
    """Issue the balances of the file. A row's `key` (by default its currency) makes it happen once for the member;
    the same key with another amount is an error. Raises ImportFileUnreadable.
    """
    parser = _Parser(programme, moment)
    holders = Holders(database, programme, peppers, file.source, moment)
    with Run("balances", file, progress, dry_run=dry_run).finishing() as run:
        for batch in run.batches(parser.parse):
            await holders.find({opening.holder for _, opening in batch})
            for row, opening in batch:
                try:
                    await _write(database, run, holders, opening, moment)
                except (Refusal, RowInvalid) as error:
                    run.refuse(row, error)
    return run.summary


async def _write(database: Database, run: Run, holders: Holders, opening: _Opening, moment: Moment) -> None:
    member_id = holders.get(opening.holder)
    operation = Earn(
        scope="import/balance",
        key=opening.key,
        currency=CurrencyKey(opening.currency),
        occurred_at=opening.earned_at,
        units=opening.units,
        source="import",
        expires_at=opening.expires_at,
        reason={"import": run.file.path.name},
    )
    async with quiet_transaction(database, dry_run=run.summary.dry_run) as tx:
        before = await tx.lock_member(member_id)
        await post(tx, member_id, [operation], moment)
        written = await tx.lock_member(member_id) != before  # posting raises the member's version; repeating does not
    if written:
        run.summary.written += 1
        run.summary.units[opening.currency] += opening.units
    else:
        run.summary.unchanged += 1


class _Parser:
    """Turns a row into an opening balance."""

    def __init__(self, programme: Programme, moment: Moment) -> None:
        self.currencies = programme.section(Currencies)
        self.time_zone = programme.section(ProgrammeConfig).time_zone
        self.moment = moment

    def parse(self, row: InputRow) -> _Opening:
        """Raises RowInvalid."""
        values = row.values
        key = columns.needed(values, "currency")
        try:
            currency = self.currencies.get(key)
        except KeyError:
            known = ", ".join(currency.key for currency in self.currencies)
            raise RowInvalid("currency", f"the programme has no currency {key!r}; it has {known}") from None
        units = columns.number(values, "amount").scaleb(currency.decimals)
        if units <= 0 or units != units.to_integral_value():
            raise RowInvalid("amount", f"must be above zero, with at most {currency.decimals} decimals")
        earned_at = columns.instant(values, "earned_at", self.time_zone) or self.moment.now
        if earned_at > self.moment.now:
            raise RowInvalid("earned_at", "lies in the future")
        until = columns.instant(values, "expires_at", self.time_zone) or expires_at(
            expiry_of(currency, None), earned_at, self.time_zone
        )
        if until is not None and until <= self.moment.now:
            raise RowInvalid("expires_at", f"has expired already, at {until.isoformat()}")
        opening_key = values.get("key") or f"opening:{key}"
        return _Opening(named_member(values), key, int(units), opening_key, earned_at, until)
