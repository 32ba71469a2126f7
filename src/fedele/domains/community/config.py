"""Sections `reviews`, `contests` and `gatherings` of the programme file."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AwareDatetime, Field, model_validator

from fedele.domains.prizes.config import Prize
from fedele.domains.programme.types import Dates, Items, Key, PlaceRef, Section, Text
from fedele.kernel.vocabulary import MemberCondition

T = TypeVar("T")
About: TypeAlias = Literal["product", "store"]


class ReviewsConfig(Section):
    """Section `reviews`. With an empty `about` there are none."""

    about: tuple[About, ...] = ()
    """What can be reviewed: [product, store]."""
    prize: Prize | None = None
    """For a review, once it is approved; once per product or store."""
    prize_with_picture: Prize | None = None
    """In its place for a review with a picture."""
    prizes_per_month_max: int | None = Field(default=None, ge=1)
    """At most so many prizes for reviews in a calendar month; reviews beyond stay welcome."""
    verified_only: bool = True
    """Only by somebody who bought the product, or at the store."""
    length_min: int = Field(default=0, ge=0, le=1_000)
    """Characters that the words need at least; 0: stars alone will do."""
    length_max: int = Field(default=2_000, ge=1, le=4_000)


class Winners(Section):
    """Who wins a contest."""

    count: int = Field(default=1, ge=1, le=1_000)
    by: Literal["votes", "lot"] = "lot"
    """`votes`: most votes first, equal ones by lot. `lot`: every approved entry has the same chance."""
    seed: str = Field(default="", max_length=100)
    """Another seed draws other lots."""
    prize: Prize


class Contest(Section):
    """Send a picture; whoever is approved gets a prize; after the last day some win. Without `winners`: a gallery."""

    key: Key
    title: Text
    body: Text | None = None
    rules: Text | None = None
    dates: Dates = Dates()
    """When pictures can be sent."""
    voting_days: int = Field(default=0, ge=0, le=365)
    """Days after the last one on which members may still vote."""
    entries_max: int = Field(default=1, ge=1, le=100)
    """Of one member."""
    caption_max: int = Field(default=280, ge=0, le=2_000)
    when: MemberCondition | None = None
    """CEL over member and now: who may enter."""
    prize: Prize | None = None
    """For an entry that is approved."""
    winners: Winners | None = None

    @model_validator(mode="after")
    def _ends_if_somebody_wins(self) -> "Contest":
        if self.winners is not None and self.dates.ends is None:
            raise ValueError("a contest with `winners` needs `dates.ends`: nobody could be drawn before")
        if self.voting_days and (self.winners is None or self.winners.by != "votes"):
            raise ValueError("`voting_days` belong to `winners: {by: votes}`")
        return self

    def decided_from(self, time_zone: str) -> datetime | None:
        """The first instant at which it can be decided; None: it has no winners."""
        return self.voting_until(time_zone) if self.winners else None

    def voting_until(self, time_zone: str) -> datetime | None:
        """The first instant at which votes are over; None: never."""
        ends = self.dates
        if ends.ends is None:
            return None
        return Dates(ends=ends.ends.fromordinal(ends.ends.toordinal() + self.voting_days)).ends_at(time_zone)

    @property
    def votes(self) -> bool:
        """Whether members vote."""
        return self.winners is not None and self.winners.by == "votes"


class ContestsConfig(Items[Contest]):
    """Section `contests`."""

    @model_validator(mode="after")
    def _keys_differ(self) -> "ContestsConfig":
        return _distinct(self, [one.key for one in self.root])

    def find(self, key: str) -> Contest | None:
        """The contest of this key, or None."""
        return next((one for one in self.root if one.key == key), None)


class Gathering(Section):
    """An exclusive event: a tasting, a run, a preview. Members take a seat, come, and get something for coming."""

    key: Key
    title: Text
    body: Text | None = None
    image: str | None = Field(default=None, pattern="^(https://|/)")
    deep_link: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9+.-]*://|^/")
    """Where its card in the feed leads, in the app's own addresses."""
    action: Text | None = None
    """The words on that card's button; unset: "Take a seat", in the four languages that we speak."""
    starts_at: AwareDatetime
    """With its offset: 2026-12-04T18:30:00-05:00."""
    ends_at: AwareDatetime
    place: PlaceRef | None = None
    where: Text | None = None
    """The address in words, where it is none of the programme's places."""
    capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Seats, guests included; unset: as many as come."""
    guests_max: int = Field(default=0, ge=0, le=20)
    """Whom a member may bring."""
    waiting: bool = True
    """Whether there is a line once it is full; who leaves makes room for the first in it."""
    when: MemberCondition | None = None
    """CEL over member and now: who is invited."""
    prize: Prize | None = None
    """For coming."""
    check_in_minutes_before: int = Field(default=60, ge=0, le=24 * 60)
    """How early a guest can be checked in."""

    @model_validator(mode="after")
    def _in_order(self) -> "Gathering":
        if self.ends_at <= self.starts_at:
            raise ValueError("`ends_at` comes after `starts_at`")
        return self


class GatheringsConfig(Items[Gathering]):
    """Section `gatherings`."""

    @model_validator(mode="after")
    def _keys_differ(self) -> "GatheringsConfig":
        return _distinct(self, [one.key for one in self.root])

    def find(self, key: str) -> Gathering | None:
        """The gathering of this key, or None."""
        return next((one for one in self.root if one.key == key), None)


def _distinct(section: T, keys: list[str]) -> T:
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"two have the key '{key}'")
    return section
