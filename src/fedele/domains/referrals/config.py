"""Section `referral` of the programme file: what both get, when, how often, and who is suspected of what."""

from decimal import Decimal
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fedele.domains.prizes.config import OnReturn, Prize
from fedele.domains.programme.types import Dates, Section, Text
from fedele.kernel.vocabulary import MemberCondition

Suspicion: TypeAlias = Literal["refuse", "hold", "ignore"]


class ReferralCap(Section):
    """At most so many friends per calendar period: `{per: year, times_max: 10}`."""

    per: Literal["day", "month", "year", "lifetime"]
    times_max: int = Field(ge=1, le=1_000_000)


class Velocity(Section):
    """Too many friends in too short a time."""

    hours: int = Field(default=24, ge=1, le=24 * 31)
    applications_max: int = Field(default=10, ge=1)
    then: Suspicion = "hold"


class FraudChecks(Section):
    """What a suspicion leads to: `refuse`, `hold` (a person decides), or `ignore`. Oneself is always refused."""

    device: Suspicion = "hold"
    """Both used the same phone."""
    email_alias: Suspicion = "refuse"
    """The friend's mailbox is another member's under another spelling: jo.hn+1@ and john@."""
    phone: Suspicion = "refuse"
    """The friend's phone number belongs, or belonged, to another member."""
    card: Suspicion = "hold"
    """The friend pays with a card that the referrer, or another of their friends, paid with."""
    card_attribute: str = Field(default="card_fingerprint", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")
    """The purchase's attribute in which the till tells the payment card, as a token of the acquirer's."""
    ring: Suspicion = "refuse"
    """The friend, or one whom the friend brought, brought the referrer."""
    velocity: Velocity = Velocity()


class ReferralConfig(Section):
    """Section `referral`. With neither prize there are no referrals."""

    referrer: Prize | None = None
    friend: Prize | None = None
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """What the friend's purchase must come to in the home currency, without tax, gift cards, delivery and fees."""
    settles_after_days: int | None = Field(default=None, ge=0, le=400)
    """Days until the purchase counts as kept: the return window. Unset: `earning.pending_days`."""
    within_days: int | None = Field(default=None, ge=1, le=3_660)
    """Days after the code was applied within which the friend must buy."""
    joined_days_max: int | None = Field(default=30, ge=0)
    """A code can be applied so many days after joining; null: always."""
    caps: tuple[ReferralCap, ...] = ()
    """How many friends one member can bring."""
    over: Literal["refuse", "friend_only"] = "refuse"
    """A friend beyond a cap: the code is refused, or only the friend gets something."""
    on_refund: OnReturn = "revoke"
    """What becomes of both prizes when a refund takes the friend's purchase below the minimum."""
    dates: Dates = Dates()
    """When codes can be applied."""
    when: MemberCondition | None = None
    """CEL over member and now: who may refer."""
    fraud: FraudChecks = FraudChecks()
    share_url: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9+.-]*://.*\{code\}")
    """The link to share, with `{code}` in it. Unset: members share the bare code."""
    share_text: Text | None = None
    """What the app offers to send, with `{code}` and `{link}` in it."""
    title: Text | None = None
    body: Text | None = None

    @model_validator(mode="after")
    def _somebody_gets_something(self) -> "ReferralConfig":
        if self.model_fields_set and not self.enabled:
            raise ValueError("set `referrer`, `friend` or both: what they get")
        return self

    @property
    def enabled(self) -> bool:
        """Whether there are referrals at all."""
        return self.referrer is not None or self.friend is not None
