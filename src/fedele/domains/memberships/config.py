"""Section `memberships` of the programme file: what can be bought, for how long, and what becomes of an unused term."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.programme.types import (
    Defines,
    Items,
    Key,
    NotNegative,
    Period,
    Section,
    Text,
    TierRef,
)


class Plan(Section):
    """One price for one length: `{key: yearly, price: 139.00, period: {years: 1}}`, or `{…, lifetime: true}`."""

    key: Key
    name: Text | None = None
    price: NotNegative
    """In the home currency, for one period, or once for a lifetime."""
    period: Period | None = None
    lifetime: bool = False
    """Paid once, never ends."""

    @model_validator(mode="after")
    def _has_a_length(self) -> "Plan":
        if self.lifetime == (self.period is not None):
            raise ValueError("give either period: {years: 1} or lifetime: true")
        if self.period == Period():
            raise ValueError("period must be longer than nothing: {months: 1}")
        return self


class MembershipBenefit(Section):
    """One thing the membership brings, in words."""

    key: Key
    text: Text


class Membership(Section):
    """A paid membership. Conditions ask for it with `'prime' in member.memberships`."""

    key: Annotated[Key, Defines("membership")]
    name: Text
    plans: tuple[Plan, ...] = Field(min_length=1)
    trial: Period | None = None
    """Free time before the first charge, once a member: `{days: 30}`."""
    auto_renew: bool = True
    """Whether a term is followed by the next unless the member cancels."""
    renew_ahead: Period = Period(days=1)
    """How long before a term ends the next one is charged, so that benefits do not flicker."""
    grace: Period = Period()
    """How long benefits stay while the charge of a renewal is refused; tried again each day until then."""
    refund: Literal["none", "full_if_unused", "unused_term"] = "none"
    """What a member who cancels gets back of a paid term. `full_if_unused`: all of it if no benefit was used in it.
    `unused_term`: price × unused days / days of the term, rounded down to the minor unit. A term that was charged ahead
    and has not begun always goes back whole."""
    used_by: tuple[str, ...] = ()
    """What counts as using a benefit, beside what staff note: `purchase`, or names of events: [purchase, delivery]."""
    benefits: tuple[MembershipBenefit, ...] = ()
    grants_tier: TierRef | None = None
    """The tier that members have at least, while the membership lasts."""

    @model_validator(mode="after")
    def _plans_differ(self) -> "Membership":
        keys = [plan.key for plan in self.plans]
        if len(set(keys)) != len(keys):
            raise ValueError("two plans have the same key")
        return self

    def plan(self, key: str) -> Plan | None:
        """The plan of this key, if this version of the programme has it."""
        return next((plan for plan in self.plans if plan.key == key), None)


class MembershipsConfig(Items[Membership]):
    """Section `memberships`."""

    def find(self, key: str) -> Membership | None:
        """The membership of this key, if this version of the programme has it."""
        return next((membership for membership in self.root if membership.key == key), None)
