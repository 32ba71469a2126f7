"""Lots follow the member's tier: where a currency expires by tier, a change of tier moves what is there already."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.earning.expiry import expiry_of, followed
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import list_lots
from fedele.domains.ledger.types import LotExpiry, LotRecord, MoveExpiry
from fedele.domains.programme.config import Currencies, Currency, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.config import TiersConfig
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey


@dataclasses.dataclass(frozen=True, slots=True)
class _Change:
    """One line of the tier's history, in the order in which it was recorded."""

    id: UUID
    tier: str | None
    at: datetime


async def follow_tier(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> int:
    """Let the expiry of the member's lots follow every change of tier that it has not followed yet, in their order.

    Each change is followed once, however often this is called. Returns the number of lots whose expiry moved.
    """
    await tx.lock_member(member_id)
    changes = await _changes_to_follow(tx, member_id)
    if not changes:
        return 0
    await tx.execute(
        """
        INSERT INTO expiry_tier (member_id, change_id, followed_at) VALUES ($1, $2, $3)
        ON CONFLICT (member_id) DO UPDATE SET change_id = excluded.change_id, followed_at = excluded.followed_at
        """,
        member_id,
        changes[-1].id,
        moment.now,
    )
    currencies = {currency.key: currency for currency in programme.section(Currencies) if currency.expiry_by_tier}
    if not currencies:
        return 0
    lots = [lot for lot in await list_lots(tx, member_id) if lot.currency in currencies]
    moves = _moves(programme, currencies, changes, lots, moment)
    if moves:
        await post(tx, member_id, moves, moment)
    return sum(len(move.changes) for move in moves)


async def _changes_to_follow(tx: Transaction, member_id: MemberId) -> list[_Change]:
    rows = await tx.fetch(
        """
        SELECT change_id, to_tier, occurred_at FROM tier_change WHERE member_id = $1 AND change_id > coalesce(
            (SELECT change_id FROM expiry_tier WHERE member_id = $1), '00000000-0000-0000-0000-000000000000')
         ORDER BY change_id
        """,
        member_id,
    )
    changes = [_Change(row["change_id"], row["to_tier"], row["occurred_at"]) for row in rows]
    if not changes:
        return []
    # A late sale corrects the history before a later change: in the end it is the present tier that governs.
    now = await tx.fetch_row("SELECT tier_key, since FROM tier_standing WHERE member_id = $1", member_id)
    if now is not None and now["tier_key"] != changes[-1].tier:
        changes.append(_Change(changes[-1].id, now["tier_key"], now["since"]))
    return changes


def _moves(
    programme: Programme,
    currencies: Mapping[str, Currency],
    changes: Sequence[_Change],
    lots: Sequence[LotRecord],
    moment: Moment,
) -> list[MoveExpiry]:
    zone, levels = programme.section(ProgrammeConfig).time_zone, programme.section(TiersConfig).levels
    keys = {level.key for level in levels}
    moved: dict[str, list[LotExpiry]] = {}
    for lot in lots:
        end = lot.expires_at
        if end is not None and end <= moment.now:
            continue  # what has expired stays so, swept or not
        for change in changes:
            tier = change.tier if change.tier in keys or not levels else levels[0].key
            rule = expiry_of(currencies[lot.currency], tier)
            end = followed(rule, end, lot.activates_at or lot.earned_at, change.at, zone)
        if end != lot.expires_at:
            moved.setdefault(lot.currency, []).append(LotExpiry(lot_id=lot.id, expires_at=end))
    return [
        MoveExpiry(
            scope="tier",
            key=f"{changes[-1].id}:{currency}",
            currency=CurrencyKey(currency),
            occurred_at=changes[-1].at,
            programme_version=programme.version,
            reason={"tier": changes[-1].tier or ""},
            changes=found,
        )
        for currency, found in sorted(moved.items())
    ]
