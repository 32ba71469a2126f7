"""What the checkout needs from its surroundings, handed in by bootstrap."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from fedele.db.database import Database, Queryable
from fedele.domains.checkout.benefits import offers_in_hand, rewards_within_reach
from fedele.domains.checkout.types import AffordableReward, Benefit
from fedele.domains.ledger.types import Balance
from fedele.domains.members.types import Peppers
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId, StoreId

# (db, programme, member, store, at, locale) → what the member holds that a sale here and then may use up.
Benefits: TypeAlias = Callable[
    [Queryable, Programme, MemberId, StoreId | None, datetime, str], Awaitable[Sequence[Benefit]]
]
# (db, programme, member, balances, tier, at, locale) → what the member could redeem now.
Rewards: TypeAlias = Callable[
    [Queryable, Programme, MemberId, Sequence[Balance], str | None, datetime, str],
    Awaitable[Sequence[AffordableReward]],
]


@dataclasses.dataclass(frozen=True, slots=True)
class Till:
    """All that a command of the checkout needs: the database, the programme, and the rooms that know benefits.

    A benefit that is listed as used is handed to `offer_claims_use_v1(member_id uuid, claim_ids uuid[], purchase_id
    uuid, occurred_at timestamptz)` inside the sale's own call; it must raise if one of them is used already.
    """

    database: Database
    programmes: ProgrammeSource
    benefits: Benefits = offers_in_hand
    rewards: Rewards = rewards_within_reach
    peppers: Peppers | None = None  # None: neither rotating codes nor telephone numbers can be looked up
