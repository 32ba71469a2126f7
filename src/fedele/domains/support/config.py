"""Section `support` of the programme file: themes, who answers for which case and until when, make-goods, asks."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from fedele.domains.budgets.config import Budget
from fedele.domains.prizes.config import Prize
from fedele.domains.programme.types import Key, Positive, Section, Text
from fedele.kernel.vocabulary import FeedbackCondition

Language: TypeAlias = Literal["en", "it", "ru", "ar"]
Urgency: TypeAlias = Literal["urgent", "high", "normal"]
URGENCIES: tuple[Urgency, ...] = ("urgent", "high", "normal")
Words: TypeAlias = dict[Language, tuple[Annotated[str, Field(min_length=2, max_length=60)], ...]]


class Theme(Section):
    """Something that members write about."""

    key: Key
    name: Text
    words: Words = Field(default_factory=dict)
    """Words by language that tell of it; `*` at the end stands for any ending: {en: [deliver*, late]}."""
    examples: tuple[Annotated[str, Field(min_length=3, max_length=300)], ...] = Field(default=(), max_length=20)
    """Sentences in any language that are about it: what resembles one of them is about it too."""

    @model_validator(mode="after")
    def _can_be_seen(self) -> "Theme":
        if not self.words and not self.examples:
            raise ValueError("a theme needs `words`, `examples` or both")
        return self


class CaseRule(Section):
    """Whose feedback opens a case. The first rule that holds decides."""

    key: Key
    when: FeedbackCondition
    """CEL over feedback, event, member and now: feedback.nps <= 6."""
    owner: str = Field(min_length=1, max_length=80)
    """The team that answers for it."""
    urgency: Urgency = "normal"
    """Of a case whose words are not urgent by themselves."""
    sla_hours: Positive
    """Until when it is resolved."""
    urgent_sla_hours: Positive | None = None
    """The same where the words are urgent."""


class CaseOutcome(Section):
    """What was done, in the words that the member reads."""

    key: Key
    text: Text


class MakeGoodLimit(Section):
    """At most so many for one member and calendar period: `{per: month, times_max: 1}`."""

    per: Literal["day", "month", "year", "lifetime"]
    times_max: int = Field(ge=1, le=10_000)


class MakeGood(Section):
    """Something given for bad service, by rule and once a cause."""

    key: Key
    name: Text
    """What the member reads."""
    when: FeedbackCondition
    """CEL over feedback, event, member and now: event.name == 'delivery_late' || feedback.csat <= 2."""
    prize: Prize
    limits: tuple[MakeGoodLimit, ...] = ()
    budget: Budget | None = None
    """What all of them may cost. `unit_cost` is needed: what one costs."""

    @model_validator(mode="after")
    def _costs_something(self) -> "MakeGood":
        if self.budget is not None and self.budget.unit_cost is None:
            raise ValueError("a make-good's `budget` needs `unit_cost`: what one of them costs")
        return self


class PublicReview(Section):
    """Who is asked for a review in public. Everybody at most once."""

    when: FeedbackCondition
    """CEL over feedback, member and now: feedback.nps >= 9. Contradicting words are never asked, whatever it says."""
    url: str = Field(pattern=r"^(https://|[a-z][a-z0-9+.-]*://)")
    """Where the review is written."""


class ReferralAsk(Section):
    """When a member is asked to bring a friend."""

    stars_min: int | None = Field(default=None, ge=1, le=5)
    """After a review, or a survey's rating, of so many stars."""
    events: tuple[str, ...] = ()
    """After these events: [delivered]."""
    redemption_worth_min: Positive | None = None
    """After a reward of at least this price, in major units of its currency."""
    every_days: int = Field(default=90, ge=1, le=3_650)
    """At least so many days between two."""


class SupportConfig(Section):
    """Section `support`."""

    themes: tuple[Theme, ...] = Field(default=(), max_length=60)
    urgent_words: Words = Field(default_factory=dict)
    """Words that make a text urgent, besides those that always do."""
    cases: tuple[CaseRule, ...] = Field(default=(), max_length=60)
    outcomes: tuple[CaseOutcome, ...] = Field(default=(), max_length=60)
    make_goods: tuple[MakeGood, ...] = Field(default=(), max_length=60)
    public_review: PublicReview | None = None
    referral_ask: ReferralAsk | None = None
    reopen_days: int = Field(default=14, ge=0, le=365)
    """For so many days after a case was resolved the member may say that it is not; then it is closed."""

    @model_validator(mode="after")
    def _keys_differ(self) -> "SupportConfig":
        for name in ("themes", "cases", "outcomes", "make_goods"):
            keys = [one.key for one in getattr(self, name)]
            if twice := next((key for key in keys if keys.count(key) > 1), None):
                raise ValueError(f"two of `{name}` have the key '{twice}'")
        return self

    def make_good(self, key: str) -> MakeGood | None:
        """The make-good of this key, or None."""
        return next((one for one in self.make_goods if one.key == key), None)

    def outcome(self, key: str) -> CaseOutcome | None:
        """The outcome of this key, or None."""
        return next((one for one in self.outcomes if one.key == key), None)

    def theme_names(self) -> Mapping[str, Text]:
        """Themes' names by key."""
        return {theme.key: theme.name for theme in self.themes}
