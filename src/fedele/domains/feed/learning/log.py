"""The log of what was shown: cards that were seen with their facts, and the choices that some of them were part of."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fedele.db.database import Queryable
from fedele.domains.feed.learning.choices import unpack
from fedele.kernel.regression import Floats

LOOK_BACK = timedelta(days=60)
SETTLED_AFTER = timedelta(hours=24)  # until then a tap may still be on its way
SEEN_MAX = 200_000
CHOICES_MAX = 20_000
SLOTS_TOLD_APART = 10

# A card is seen once; it is worth something when it was tapped or used.
_SEEN = """
SELECT s.member_id, s.slot, s.propensity, s.features, s.choice, EXISTS (
       SELECT FROM feed_event AS t WHERE t.member_id = s.member_id AND t.shown_id = s.shown_id
                                     AND t.kind IN ('clicked', 'redeemed')) AS tapped
  FROM feed_event AS s
 WHERE s.kind = 'seen' AND s.recorded_at > $1 AND s.recorded_at <= $2 AND s.{kept}
 ORDER BY s.recorded_at DESC LIMIT $3
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """Cards that were seen: a row of facts each, the place it was seen at, and whether it was tapped or used."""

    names: tuple[str, ...]
    facts: Floats  # (cards, facts)
    slots: NDArray[np.int64]
    tapped: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Choices:
    """Choices that were made and seen, ragged: `starts[i]` is the row of the card that was chosen in choice i, and the
    rows until the next start are the other cards that could have been."""

    names: tuple[str, ...]
    facts: Floats  # (cards of all choices, facts)
    starts: NDArray[np.int64]
    slots: NDArray[np.int64]
    propensity: Floats  # of the chosen card under whatever policy chose it
    reward: Floats
    cluster: NDArray[np.int64]  # whose choice: taps of one member are not independent

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(
        cls,
        sets: Sequence[Sequence[Mapping[str, float]]],
        slots: Iterable[int],
        propensity: Iterable[float],
        reward: Iterable[float],
        cluster: Iterable[int],
    ) -> Self:
        """From sets of facts, the chosen card's first."""
        names = tuple(sorted({name for one in sets for facts in one for name in facts}))
        sizes = [len(one) for one in sets]
        return cls(
            names,
            matrix(names, [facts for one in sets for facts in one]),
            np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.zeros(0, np.int64),
            np.fromiter(slots, np.int64),
            np.fromiter(propensity, float),
            np.fromiter(reward, float),
            np.fromiter(cluster, np.int64),
        )


def matrix(names: Sequence[str], rows: Sequence[Mapping[str, float]]) -> Floats:
    """Facts as columns in the order of `names`; 0 where a card has none of it."""
    place = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(rows), len(names)))
    for number, row in enumerate(rows):
        for name, value in row.items():
            found[number, place[name]] = value
    return found


def slot_columns(slots: NDArray[np.int64]) -> Floats:
    """What a place on the screen does by itself: a column a place, the first left out, the far ones together."""
    near = np.minimum(slots, SLOTS_TOLD_APART - 1)
    found: Floats = (near[:, None] == np.arange(1, SLOTS_TOLD_APART)).astype(float)
    return found


async def read_seen(db: Queryable, now: datetime) -> Seen:
    """The latest cards that were seen with their facts."""
    rows = await db.fetch(_SEEN.format(kept="features <> '{}'"), now - LOOK_BACK, now - SETTLED_AFTER, SEEN_MAX)
    names = tuple(sorted({name for row in rows for name in row["features"]}))
    return Seen(names, matrix(names, [row["features"] for row in rows]), _slots(rows), _tapped(rows))


async def read_choices(db: Queryable, now: datetime) -> Choices:
    """The latest choices that were seen."""
    rows = await db.fetch(_SEEN.format(kept="choice IS NOT NULL"), now - LOOK_BACK, now - SETTLED_AFTER, CHOICES_MAX)
    members = {member: number for number, member in enumerate(dict.fromkeys(row["member_id"] for row in rows))}
    return Choices.of(
        [unpack(row["choice"]) for row in rows],
        _slots(rows),
        (row["propensity"] for row in rows),
        _tapped(rows),
        (members[row["member_id"]] for row in rows),
    )


def _slots(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.int64]:
    return np.fromiter((row["slot"] for row in rows), np.int64)


def _tapped(rows: Sequence[Mapping[str, Any]]) -> Floats:
    return np.fromiter((row["tapped"] for row in rows), float)
