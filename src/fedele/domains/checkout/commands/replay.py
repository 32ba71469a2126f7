"""Sales that a device made while it was alone: each settled as of its own instant, and nothing of them lost."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fedele.db.idempotency import input_hash
from fedele.domains.activity.types import Tender
from fedele.domains.checkout.basket import basket_body, check_basket
from fedele.domains.checkout.commands.operation import answer_of
from fedele.domains.checkout.commands.settle import Offline, find_request, settle
from fedele.domains.checkout.errors import BasketInvalid, BenefitNotInHand
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket, Honoured, OfflineSale, Replay, ReplayedSale, Settlement
from fedele.domains.checkout.writing import read_settlement
from fedele.domains.fraud.errors import SpendingBlocked
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.members.errors import CardCodeMalformed, CardCodeRevoked, CardCodeUnknown, MemberErased
from fedele.domains.members.queries import find_by_code
from fedele.domains.members.types import MemberStatus
from fedele.domains.till.commands import record_offline_sale
from fedele.domains.till.config import OfflineConfig, TillConfig
from fedele.domains.till.errors import (
    HoldNotOpen,
    PinLocked,
    PinNotSet,
    PinWrong,
    RewardNotUsable,
    RotatingCodeUsed,
    SecondFactNeeded,
)
from fedele.domains.till.queries import journal_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import InvalidInput, KeyReused, Refusal

SALES_MAX = 200  # of a busy hour each: all of them well within the time that one request has
DEVICE_LENGTH_MAX = 100
ATTEMPTS_MAX = 6  # each takes one thing out of the basket that cannot be kept to

_POINTS = (InsufficientPoints, SecondFactNeeded, RotatingCodeUsed, PinLocked, PinNotSet, PinWrong, SpendingBlocked)


async def replay(till: Till, store_id: StoreId, device: str, sales: Sequence[OfflineSale], moment: Moment) -> Replay:
    """Settle a device's offline sales, in the order in which they happened, whatever the order they come in.

    Every sale has its own result and its own transaction: one that is refused stops no other. What cannot be kept to
    (a reward used elsewhere meanwhile, units that are gone, a revoked card) is honoured or refused as the programme's
    `till.offline` says, and reported either way. Sent again, what was settled is answered as before. Raises
    InvalidInput for a device or sequence that cannot be; nothing is written then.
    """
    _check(device, sales)
    results: dict[int, ReplayedSale] = {}
    for sale in sorted(sales, key=lambda one: (_occurred_at(one) or moment.now, one.sequence)):
        results[sale.sequence] = await _replay_one(till, store_id, device, sale, moment)
    journal = await journal_of(till.database.reader, store_id, device)
    return Replay(tuple(results[sale.sequence] for sale in sales), journal)


async def _replay_one(till: Till, store_id: StoreId, device: str, sale: OfflineSale, moment: Moment) -> ReplayedSale:
    settled: Settlement | None = None
    known = False
    problems: tuple[Honoured, ...] = ()
    try:
        if isinstance(sale.basket, Refusal):
            raise sale.basket
        settled = await _find_settled(till, sale.basket, sale.key)
        known = settled is not None
        settled = settled or await _settle(till, sale.basket, sale.key, moment)
        problems = settled.honoured
    except Refusal as refused:
        problems = (_told(refused),)
    outcome: Literal["settled", "honoured", "refused"] = (
        "refused" if settled is None else "honoured" if problems else "settled"
    )
    codes = [problem.code for problem in problems]
    try:
        await record_offline_sale(
            till.database, store_id, device, sale.sequence, sale.key, outcome, codes, _occurred_at(sale), moment
        )
    except KeyReused as refused:  # the number stands for another sale; what became of this one is told all the same
        problems = (*problems, _told(refused))
    told = "known" if known and outcome == "settled" else outcome
    return ReplayedSale(sale.sequence, sale.key, told, settled, problems)


def _occurred_at(sale: OfflineSale) -> datetime | None:
    return None if isinstance(sale.basket, Refusal) else sale.basket.occurred_at


async def _find_settled(till: Till, sent: Basket, key: str) -> Settlement | None:
    """The answer of an earlier replay of this sale. Raises KeyReused when its key stood for another."""
    earlier = await find_request(till.database.reader, f"settle/{sent.store_id}", key)
    return read_settlement(answer_of(earlier, input_hash(basket_body(sent)))) if earlier else None


async def _settle(till: Till, sent: Basket, key: str, moment: Moment) -> Settlement:
    """Settle; where the programme honours what cannot be kept to, take that out of the basket and settle the rest."""
    check_basket(sent, moment.now)
    if sent.occurred_at is None:
        raise BasketInvalid(problem="A sale made offline needs its occurredAt.", field="occurredAt")
    shown_at = min(sent.occurred_at, moment.now)
    config = (await till.programmes.at(shown_at)).section(TillConfig).offline
    basket, refused = await _identified(till, sent, config, Moment(shown_at))
    honoured = [_told(refused)] if refused else []
    for _ in range(ATTEMPTS_MAX):
        try:
            offline = Offline(sent, shown_at, tuple(honoured))
            return await settle(till, basket, key, moment, offline=offline)
        except Refusal as refusal:
            kept = _without(basket, refusal) if config.spending == "honour" else None
            if kept is None:
                raise
            basket = kept
            honoured.append(_told(refusal))
    raise AssertionError("every attempt takes something out of the basket, and there are fewer things than attempts")


async def _identified(till: Till, basket: Basket, config: OfflineConfig, then: Moment) -> tuple[Basket, Refusal | None]:
    """The basket with its card read as of the sale: a rotating code was good then, a revoked card perhaps still too."""
    if basket.card is None:
        return basket, None
    try:
        holder = await find_by_code(till.database.reader, basket.card, then, till.peppers)
    except (CardCodeMalformed, CardCodeUnknown) as refused:
        if basket.unknown_card == "guest":
            return _as_guest(basket), refused
        raise
    if holder.status is MemberStatus.ERASED or (holder.revoked_at is not None and holder.revoked_at <= then.now):
        gone = MemberErased if holder.status is MemberStatus.ERASED else CardCodeRevoked
        if config.card_revoked == "refuse" and basket.unknown_card == "refuse":
            raise gone(field="card")
        return _as_guest(basket), gone(field="card")
    if holder.revoked_at is not None:
        # The card was good when it was shown. It still identifies; what it spent then nobody can check any more.
        return dataclasses.replace(basket, card=None, member_id=holder.member_id), None
    if not holder.rotating and not config.static_code_earns:
        return _as_guest(basket), SecondFactNeeded(field="card")
    return basket, None


def _as_guest(basket: Basket) -> Basket:
    return dataclasses.replace(_without_points(basket), card=None, member_id=None, rewards=(), benefits=(), hold=None)


def _without(basket: Basket, refused: Refusal) -> Basket | None:
    """The basket without what was refused: the customer keeps what the till gave. None: nothing can be taken out."""
    if isinstance(refused, BenefitNotInHand) and basket.benefits:
        return dataclasses.replace(basket, benefits=())
    if isinstance(refused, RewardNotUsable) and basket.rewards:
        return dataclasses.replace(basket, rewards=())
    if isinstance(refused, HoldNotOpen) and basket.hold is not None:
        return dataclasses.replace(basket, hold=None)
    if isinstance(refused, _POINTS):
        spends = any(tender.kind == "points" for tender in basket.tenders) or basket.rewards
        return dataclasses.replace(_without_points(basket), rewards=()) if spends else None
    return None


def _without_points(basket: Basket) -> Basket:
    """What units had paid is paid otherwise: nothing of them is burned, and nothing earned on it either way."""
    tenders = [Tender("other", t.amount_minor) if t.kind == "points" else t for t in basket.tenders]
    return dataclasses.replace(basket, tenders=tuple(tenders))


def _told(refused: Refusal) -> Honoured:
    """A refusal as it is kept beside the sale: values as JSON knows them."""
    details = {name: value if isinstance(value, int | str) else str(value) for name, value in refused.details.items()}
    return Honoured(refused.code, refused.field, details)


def _check(device: str, sales: Sequence[OfflineSale]) -> None:
    if not 1 <= len(device) <= DEVICE_LENGTH_MAX:
        raise InvalidInput(problem=f"A device's id has 1 to {DEVICE_LENGTH_MAX} characters.", field="device")
    if not 1 <= len(sales) <= SALES_MAX:
        raise InvalidInput(problem=f"Send 1 to {SALES_MAX} sales at a time.", field="sales")
    numbers = [sale.sequence for sale in sales]
    if min(numbers) < 1 or max(numbers) >= 2**53 or len(set(numbers)) != len(numbers):
        raise InvalidInput(problem="Each sale has a number of its own, from 1 on.", field="sales")
