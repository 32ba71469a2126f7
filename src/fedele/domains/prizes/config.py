"""The prize, as sections of the programme file write it."""

from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fedele.domains.programme.types import Amount, RewardRef, Section

OnReturn: TypeAlias = Literal["revoke", "keep"]


class Prize(Section):
    """What is given: `{units: {currency: points, amount: 50}, reward: coffee}`; one of them at least."""

    units: Amount | None = None
    """Units of a currency, as one lot that expires like any other of that currency."""
    reward: RewardRef | None = None
    """A reward to hold, for nothing."""
    instead: Amount | None = None
    """Units in the reward's place when it is out of stock. Unset: then nothing is given for it."""
    pending_days: int = Field(default=0, ge=0, le=400)
    """Days until the units can be spent."""

    @model_validator(mode="after")
    def _gives_something(self) -> "Prize":
        if self.instead is not None and self.reward is None:
            raise ValueError("`instead` takes the place of a reward that is out of stock; there is no `reward` here")
        if self.units is not None and self.instead is not None and self.units.currency != self.instead.currency:
            raise ValueError("`instead` is of the same currency as `units`")
        if self._is_empty():
            raise ValueError("a prize gives `units` or a `reward`")
        return self

    def _is_empty(self) -> bool:
        return self.units is None and self.reward is None
