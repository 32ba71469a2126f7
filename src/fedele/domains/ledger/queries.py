"""What the ledger answers. Every function returns records; several members or currencies cost one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fedele.db.database import Queryable
from fedele.domains.ledger.types import (
    Balance,
    DueMember,
    EntryId,
    EntryRecord,
    Fault,
    LotRecord,
    ProgrammeTotal,
    TransactionId,
    TransactionRecord,
)
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from fedele.kernel.pages import Page


async def balances_by_member(
    q: Queryable, member_ids: Sequence[MemberId], at: datetime, expiries_count: int = 3
) -> Mapping[MemberId, tuple[Balance, ...]]:
    """Balances of many members at a moment, one statement; every member asked has a key, with () if nothing yet."""
    raise NotImplementedError


async def list_entries(
    q: Queryable, member_id: MemberId, first: int, after: str | None = None, currency: CurrencyKey | None = None
) -> Page[EntryRecord]:
    """Entries of the member's own accounts, newest first. Raises MalformedCursor."""
    raise NotImplementedError


async def list_lots(q: Queryable, member_id: MemberId, currency: CurrencyKey | None = None) -> list[LotRecord]:
    """The member's live lots (something remains or is held), in the order in which they burn."""
    raise NotImplementedError


async def find_transaction(
    q: Queryable, member_id: MemberId, transaction_id: TransactionId
) -> TransactionRecord | None:
    """A transaction of this member with entries and lot uses; None when unknown or another's."""
    raise NotImplementedError


async def find_transaction_of_entry(q: Queryable, member_id: MemberId, entry_id: EntryId) -> TransactionRecord | None:
    """The transaction that an entry of this member belongs to: what `explain(entry)` tells."""
    raise NotImplementedError


async def list_due(q: Queryable, at: datetime, first: int, after: MemberId | None = None) -> list[DueMember]:
    """Members (by id, after `after`) with a pending lot due or an expired lot unswept at the moment."""
    raise NotImplementedError


async def programme_totals(q: Queryable) -> list[ProgrammeTotal]:
    """Per currency over all members: checkpoint plus what came since."""
    raise NotImplementedError


async def verify(q: Queryable) -> list[Fault]:
    """Prove the books over all members: zero-sum, gapless versions, lots = balances, uses = lots. Empty means sound."""
    raise NotImplementedError
