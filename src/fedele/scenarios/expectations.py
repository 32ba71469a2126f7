"""What a scenario can expect after a step. Only what is written is compared; what is written must be so to the unit."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from fedele.domains.messaging.types import MessageChannel
from fedele.domains.programme.types import Key, Section


class BalanceExpected(Section):
    """Parts of one balance: `{available: 20, pending: 105}`; a plain number means `available`."""

    available: Decimal | None = None
    pending: Decimal | None = None
    reserved: Decimal | None = None
    debt: Decimal | None = Field(default=None, ge=0)
    """What is owed after a return, as a positive number."""
    lifetime: Decimal | None = None
    """Everything earned and kept; spending does not lower it."""


class LotExpected(Section):
    """Units that end together."""

    amount: Decimal
    until: date | None = None
    """The last local day on which they can be spent; unset: they never end."""
    pending: bool = False
    """Earned, and not yet to be spent."""


def _plain(value: Any) -> Any:
    return {"available": value} if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _counted(value: Any) -> Any:
    """`[coffee, coffee]` is `{coffee: 2}`."""
    return {key: value.count(key) for key in value} if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Titles = Words
Counted = Annotated[dict[Key, int], BeforeValidator(_counted)]


class Expect(Section):
    """What must be so now, for the step's member and the step itself."""

    balances: dict[Key, Annotated[BalanceExpected, BeforeValidator(_plain)]] = Field(default_factory=dict)
    """`{points: 125}` or `{points: {available: 20, pending: 105}}`. What has expired is gone, swept or not."""
    lots: dict[Key, tuple[LotExpected, ...]] = Field(default_factory=dict)
    """By currency, all that is left, summed by its end: `{stars: [{amount: 30, until: 2027-06-30}]}`."""
    tier: Key | None = None
    kept_until: date | Literal["open"] | None = None
    """The last local day of the tier's protection; `open`: it does not end by itself."""
    held: Counted | None = None
    """Every reward in hand, and how many of it: `[free-drink]` or `{five-off: 2}`; `[]`: none."""
    awards: dict[Key, Decimal] | None = None
    """All that this step earned, by currency; `{}`: nothing."""
    rules: dict[str, Decimal] | None = None
    """All that this step earned, by rule."""
    burned: dict[Key, Decimal] | None = None
    """Units that paid for a part of this purchase, or for this reward."""
    clawed_back: dict[Key, Decimal] | None = None
    """What this return took back."""
    restored: dict[Key, Decimal] | None = None
    """What this return gave back of what was burned."""
    refund: Decimal | None = None
    """Money that goes back to the customer by this step."""
    saved: Decimal | None = None
    """Money that rewards and offers took off this purchase."""
    charged: Decimal | None = None
    """Money that was taken from the member for memberships since their step before."""
    refused: str | None = None
    """The code of the refusal with which this step must end: `INSUFFICIENT_POINTS`. A refusal that is not expected
    fails the scenario."""
    memberships: dict[Key, str] | None = None
    """State of the member's paid memberships: `{prime: active}`; `{}`: they never had one."""
    badges: tuple[Key, ...] | None = None
    journeys: dict[Key, str] | None = None
    """Where the member stands in these journeys: the key of the step at which they wait, or how it ended (`completed`,
    `goal`, `holdout`, the reason of an exit); `none`: they never came in."""
    messages: dict[MessageChannel, Titles] | None = None
    """By channel, the exact titles of all that was said to the member since their step before, in their language:
    `{push: "+69 points"}`; `{}`: nothing."""
    surveys: dict[Key, Literal["waiting", "open", "answered", "expired", "none"]] | None = None
    """How the newest asking of these surveys stands; `none`: the member was not asked."""
    explains: Words = ()
    """Words that the explanation of this purchase or event must contain."""
    liability: dict[Key, Decimal] | None = None
    """Units that all members together have, pending ones too, less their debts: by currency, from the books."""
