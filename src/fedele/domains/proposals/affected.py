"""Whom the changes of a proposal touch, counted in the database. Reads other rooms' tables; each question is one line
of `_QUESTIONS`."""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from fedele.db.database import Queryable
from fedele.domains.programme.config import Currencies, Currency
from fedele.domains.programme.types import Change, Programme
from fedele.domains.proposals.types import Affected
from fedele.kernel.clock import Moment
from fedele.kernel.money import from_units

RECENT = timedelta(days=90)


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    """One change, with what is needed to count whom it touches."""

    db: Queryable
    old: Programme
    new: Programme
    change: Change
    key: str
    moment: Moment


Question = Callable[[_Asked], Awaitable[Affected | None]]


async def affected(
    db: Queryable, old: Programme, new: Programme, changes: Sequence[Change], moment: Moment
) -> tuple[Affected, ...]:
    """Who is touched by each change that touches anybody, in the file's order. Changes of one thing are told once."""
    found: list[Affected] = []
    for change in changes:
        for question, key in _questions(change):
            told = await question(_Asked(db, old, new, change, key, moment))
            if told and told not in found:
                found.append(told)
    return tuple(found)


def _questions(change: Change) -> Iterator[tuple[Question, str]]:
    for section, pattern, kinds, question in _QUESTIONS:
        match = re.fullmatch(pattern, change.path)
        if section == change.section and match and change.kind in kinds:
            yield question, (match.groupdict().get("key") or "")


async def _on_tier(asked: _Asked) -> Affected | None:
    """A threshold that rises, or a tier that goes: whoever stands on it."""
    change, key = asked.change, asked.key
    if change.kind == "changed" and Decimal(str(change.after)) <= Decimal(str(change.before)):
        return None
    count = await asked.db.fetch_value("SELECT count(*) FROM tier_standing WHERE tier_key = $1", key)
    if not count:
        return None
    why = "goes" if change.kind == "removed" else f"needs {change.after} instead of {change.before}"
    words = f"{_members(count)} on the tier '{key}', which {why}; they keep it until its protection ends"
    if change.kind == "removed":
        words = f"{_members(count)} on the tier '{key}', which goes: they move to the tier that their spending earns"
    return Affected("tiers", key, words, count)


async def _multiplied(asked: _Asked) -> Affected | None:
    """Another multiplier of a tier: whoever stands on it."""
    count = await asked.db.fetch_value("SELECT count(*) FROM tier_standing WHERE tier_key = $1", asked.key)
    words = f"{_members(count)} on the tier '{asked.key}' earn at {asked.change.after} times instead of " + (
        f"{asked.change.before} times" if asked.change.before is not None else "the plain rate"
    )
    return Affected("tiers", asked.key, words, count) if count else None


async def _holding(asked: _Asked) -> Affected | None:
    """A reward that goes or becomes another: whoever holds one that is not used yet."""
    row = await asked.db.fetch_row(
        """
        SELECT count(*) AS held, count(DISTINCT member_id) AS members FROM redemption
         WHERE reward_key = $1 AND status = 'held' AND usable_until > $2
        """,
        asked.key,
        asked.moment.now,
    )
    if row is None or not row["held"]:
        return None
    why = "goes" if asked.change.kind == "removed" else "changes"
    words = (
        f"{_members(row['members'])} hold {row['held']} of the reward '{asked.key}', which {why}; they can still use it"
    )
    return Affected("rewards", asked.key, words, row["members"])


async def _claimed(asked: _Asked) -> Affected | None:
    """An offer that goes or changes: whoever activated it and has not used it."""
    count = await asked.db.fetch_value(
        """
        SELECT count(DISTINCT member_id) FROM offer_claim
         WHERE offer_key = $1 AND used_at IS NULL AND usable_until > $2
        """,
        asked.key,
        asked.moment.now,
    )
    why = "goes: it will do nothing at the till" if asked.change.kind == "removed" else "changes under their hands"
    words = f"{_members(count)} activated the offer '{asked.key}' and have not used it; it {why}"
    return Affected("offers", asked.key, words, count) if count else None


async def _expiring(asked: _Asked) -> Affected | None:
    """Another expiry: lots that live keep the one they were given."""
    row = await _live(asked)
    if not row["lots"]:
        return None
    amount = _amount(asked, row["units"])
    words = (
        f"{_members(row['members'])} have {row['lots']} lots of {amount} {asked.key}; these keep the expiry they were "
        "given, what is earned from then on has the new one"
    )
    return Affected("currencies", asked.key, words, row["members"], row["units"])


async def _owning(asked: _Asked) -> Affected | None:
    """A currency that goes: whoever has some of it."""
    row = await _live(asked)
    if not row["lots"]:
        return None
    words = f"{_members(row['members'])} have {_amount(asked, row['units'])} {asked.key}, which can no longer be spent"
    return Affected("currencies", asked.key, words, row["members"], row["units"])


async def _worth(asked: _Asked) -> Affected | None:
    """Another worth: what is outstanding becomes another liability."""
    row = await _live(asked)
    old, new = _currency(asked.old, asked.key), _currency(asked.new, asked.key)
    if not row["lots"] or old is None or new is None:
        return None
    amount = from_units(row["units"], old.decimals)
    difference = amount * (new.worth - old.worth)
    more = "more" if difference > 0 else "less"
    words = f"{_members(row['members'])} have {amount:f} {asked.key}, worth {abs(difference):f} {more} than before"
    return Affected("currencies", asked.key, words, row["members"], row["units"], difference)


async def _earning(asked: _Asked) -> Affected | None:
    """A rule that goes or changes: whoever it gave something to of late."""
    row = await asked.db.fetch_row(
        """
        SELECT count(DISTINCT member_id) AS members, count(*) AS times FROM award
         WHERE rule_key = $1 AND occurred_at > $2
        """,
        asked.key,
        asked.moment.now - RECENT,
    )
    if row is None or not row["times"]:
        return None
    why = "goes" if asked.change.kind == "removed" else "changes"
    words = (
        f"{_members(row['members'])} had something from the rule '{asked.key}', which {why}, "
        f"{row['times']} times in the last {RECENT.days} days"
    )
    return Affected("earning", asked.key, words, row["members"])


async def _subscribed(asked: _Asked) -> Affected | None:
    """A membership that goes or changes: whoever has it."""
    count = await asked.db.fetch_value(
        "SELECT count(*) FROM membership WHERE membership_key = $1 AND state = 'active'", asked.key
    )
    why = "goes" if asked.change.kind == "removed" else "changes"
    words = f"{_members(count)} have the membership '{asked.key}', which {why}"
    return Affected("memberships", asked.key, words, count) if count else None


async def _challenged(asked: _Asked) -> Affected | None:
    """A challenge that goes or changes: whoever has made progress in it of late."""
    count = await asked.db.fetch_value(
        """
        SELECT count(DISTINCT member_id) FROM challenge_contribution
         WHERE kind = $1 AND challenge_key = $2 AND occurred_at > $3
        """,
        asked.change.section.removesuffix("s"),
        asked.key,
        asked.moment.now - RECENT,
    )
    why = "goes: what they did for it is lost" if asked.change.kind == "removed" else "changes under way"
    words = f"{_members(count)} did something for '{asked.key}' in the last {RECENT.days} days; it {why}"
    return Affected(asked.change.section, asked.key, words, count) if count else None


async def _live(asked: _Asked) -> Mapping[str, Any]:
    row = await asked.db.fetch_row(
        """
        SELECT count(*) AS lots, count(DISTINCT member_id) AS members, coalesce(sum(remaining + reserved), 0)::bigint
               AS units
          FROM lot WHERE currency = $1 AND (remaining > 0 OR reserved > 0) AND (expires_at IS NULL OR expires_at > $2)
        """,
        asked.key,
        asked.moment.now,
    )
    assert row is not None, "aggregates always answer one row"
    return row


def _amount(asked: _Asked, units: int) -> str:
    currency = _currency(asked.old, asked.key)
    return format(from_units(units, currency.decimals if currency else 0), "f")


def _currency(programme: Programme, key: str) -> Currency | None:
    return next((currency for currency in programme.section(Currencies) if currency.key == key), None)


def _members(count: int) -> str:
    return "1 member" if count == 1 else f"{count:,} members"


_KEY = r"\[(?P<key>[^\]]+)\]"
_ANY = ("added", "removed", "changed")
_OLD = ("removed", "changed")
# (section, pattern of the change's path, kinds of change, what to ask)
_QUESTIONS: tuple[tuple[str, str, tuple[str, ...], Question], ...] = (
    ("currencies", _KEY, ("removed",), _owning),
    ("currencies", _KEY + r"\.expiry(_by_tier)?(\..*)?", _ANY, _expiring),
    ("currencies", _KEY + r"\.worth", _ANY, _worth),
    ("tiers", r"levels" + _KEY, ("removed",), _on_tier),
    ("tiers", r"levels" + _KEY + r"\.threshold", ("changed",), _on_tier),
    ("tiers", r"levels" + _KEY + r"\.multiplier", _ANY, _multiplied),
    ("rewards", _KEY + r"(\..*)?", _OLD, _holding),
    ("offers", _KEY + r"(\..*)?", _OLD, _claimed),
    ("earning", r"rules" + _KEY + r"(\..*)?", _OLD, _earning),
    ("memberships", _KEY + r"((\.|\[).*)?", _OLD, _subscribed),
    ("challenges", _KEY + r"((\.|\[).*)?", _OLD, _challenged),
    ("streaks", _KEY + r"((\.|\[).*)?", _OLD, _challenged),
)
