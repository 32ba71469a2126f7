"""The record of a prize."""

import dataclasses
from typing import Literal
from uuid import UUID

from fedele.domains.prizes.config import Prize
from fedele.kernel.ids import MemberId

PrizeKind = Literal[
    "challenge", "streak", "surprise", "referral", "survey", "review", "contest", "gathering", "make_good",
    "journey",
]  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """What was given. Units are scaled integers of the currency; `out_of_stock`: the reward could not be had."""

    currency: str | None = None
    units: int = 0
    transaction_id: UUID | None = None
    redemption_id: UUID | None = None
    out_of_stock: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What was taken back. `redemption_id` names a reward that stays with the member: it was used, or has expired."""

    units: int = 0
    waived: int = 0  # of the units: what was forgiven, in a currency that clamps
    redemption_id: UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """Why it is given: makes it once, and is what Explain shows. `key` names the occasion within the kind."""

    kind: PrizeKind
    name: str  # the challenge's key, or "referrer" and "friend"
    key: str

    @property
    def scope(self) -> str:
        """The ledger's scope."""
        return self.kind

    @property
    def reason(self) -> dict[str, str]:
        """The ledger's reason."""
        return {self.kind: self.name}


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """A prize that a member is to get. `tier` is the level they stand at, by which units live."""

    member_id: MemberId
    prize: Prize
    cause: Cause
    tier: str | None
