"""The records of automatic rewards. Units are scaled integers of the programme currency."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from fedele.domains.auto_rewards.config import AutoReward, Mode
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment


class DayEnd(Protocol):
    """The end of a programme day, as the day's close hands it down; see `closing.types.DayEnd`."""

    @property
    def day(self) -> date:
        """The day that ends."""

    @property
    def at(self) -> datetime:
        """The midnight that ends it."""

    @property
    def moment(self) -> Moment:
        """When the work is done."""

    @property
    def programme(self) -> Programme:
        """The version in force."""


@dataclasses.dataclass(frozen=True, slots=True)
class Issued:
    """An issued reward: which units became which redemption."""

    redemption_id: UUID
    auto_reward_key: str
    mode: str
    window_key: date | None
    currency: str
    units: int
    issued_at: datetime
    issued_on: date
    is_revoked: bool
    is_held: bool


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What a member's automatic rewards are decided on."""

    available: Mapping[str, int]  # by currency
    debt: Mapping[str, int]
    chosen: Mapping[str, str]  # automatic reward → mode
    issued: tuple[Issued, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """An automatic reward as one member sees it."""

    auto_reward: AutoReward
    mode_key: str
    mode: Mode
    available: int
    missing: int  # units until the next one; 0 where it only waits for its day, or where the mode saves
    issued_count: int  # in the present window, or in all
    limit_reached: bool
