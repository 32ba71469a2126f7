"""What each household bought before a day, and what it bought in the 28 days from it: for fitting and for judging.

Days are the data's own, 1 to 366. Products are its products, categories its product types. Whoever bought nothing in
the 28 days is left out, as nothing could be ranked right for them.
"""

import dataclasses
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fedele.adapters.complete_journey.source import Source
from fedele.domains.recommendations.queries import Columns, likeness, nearest

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
HORIZON_DAYS = 28
POPULAR_COUNT = 60  # articles of everybody's that are ranked beside a household's own
LIKENESS_COUNT = 1_000
SEEDS_COUNT = 10
OFFERS_MIN = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """Rows of (household, article): what was known, whether it was bought; and how much each household bought."""

    columns: Columns
    household: Whole  # numbered from 0
    bought: Floats
    relevant: Whole  # articles that household bought, ranked or not


def prepare(source: Source) -> None:
    """Tables for the windows: one row a household, basket and article."""
    source.run(
        """
        CREATE OR REPLACE TABLE basket AS
        SELECT t.household_id AS h, t.basket_id AS b, t.product_id AS product,
               coalesce(p.product_type, '?') AS category,
               max(date_diff('second', TIMESTAMP '2017-01-01', t.transaction_timestamp) / 86400.0 + 1) AS day
          FROM transactions t JOIN products p USING (product_id) WHERE t.quantity > 0 GROUP BY ALL
        """
    )


def window(source: Source, level: Literal["product", "category"], day: int) -> Window:
    """What was known before the day's first minute of each article a household bought or could be shown."""
    known = source.columns(
        f"""
        WITH x AS (SELECT h, {level} AS i, b, max(day) AS day FROM basket WHERE day < {day} GROUP BY ALL)
        SELECT h, i, count(*) AS times, {day} - max(day) AS age, max(day) - min(day) AS span,
               sum(0.5 ^ (({day} - day) / 112)) AS slow, sum(0.5 ^ (({day} - day) / 28)) AS fast
          FROM x GROUP BY h, i ORDER BY h, i
        """
    )
    popular = source.columns(
        f"""
        SELECT {level} AS i, count(DISTINCT h) AS buyers FROM basket WHERE day < {day} AND day >= {day - 28}
         GROUP BY ALL ORDER BY buyers DESC, i
        """
    )
    after = source.columns(
        f"SELECT DISTINCT h, {level} AS i FROM basket WHERE day >= {day} AND day < {day + HORIZON_DAYS} ORDER BY h, i"
    )
    return _window(known, popular, after)


def _window(known: dict[str, Any], popular: dict[str, Any], after: dict[str, Any]) -> Window:
    items = np.unique(np.concatenate([known["i"], popular["i"], after["i"]]))
    count = len(items)
    buyers = np.zeros(count)
    top = np.searchsorted(items, popular["i"])
    buyers[top] = popular["buyers"]
    place = np.full(count, -1)  # of an article among those whose likeness is counted
    place[top[:LIKENESS_COUNT]] = np.arange(len(top[:LIKENESS_COUNT]))
    near = _near(place[np.searchsorted(items, known["i"])], known, len(top[:LIKENESS_COUNT]))
    households, relevant = np.unique(after["h"], return_counts=True)
    here = np.isin(known["h"], households)
    own_household = np.searchsorted(households, known["h"][here])
    own_item = np.searchsorted(items, known["i"][here])
    other_household = np.repeat(np.arange(len(households)), len(top[:POPULAR_COUNT]))
    other_item = np.tile(top[:POPULAR_COUNT], len(households))
    unknown = ~np.isin(other_household * count + other_item, own_household * count + own_item)
    household = np.concatenate([own_household, other_household[unknown]])
    item = np.concatenate([own_item, other_item[unknown]])
    nothing = np.zeros(int(unknown.sum()))
    of = {
        name: np.concatenate([known[name][here].astype(float), nothing])
        for name in ("times", "slow", "fast", "age", "span")
    }
    together = _together(own_household, place[own_item], of["slow"][: len(own_item)], near, len(households))
    likest = np.where(place[item] >= 0, together[household, place[item]], 0.0)
    bought_after = np.searchsorted(households, after["h"]) * count + np.searchsorted(items, after["i"])
    return Window(
        Columns(of["times"], of["slow"], of["fast"], of["age"], of["span"], buyers[item], likest),
        household,
        np.isin(household * count + item, bought_after).astype(float),
        relevant,
    )


def _near(place: Whole, known: dict[str, Any], count: int) -> Floats:
    """The likeness of the articles that most buy, as the product counts it."""
    kept = (place >= 0) & (known["age"] <= 180)
    members = np.unique(known["h"][kept], return_inverse=True)[1]
    return nearest(likeness(members, place[kept], known["slow"][kept], count))


def _together(household: Whole, place: Whole, slow: Floats, near: Floats, households: int) -> Floats:
    """What the ten weightiest articles of a household say about each of those whose likeness is counted."""
    order = np.lexsort((-slow, household))
    first = np.searchsorted(household[order], np.arange(households))
    seeds = order[np.arange(len(order)) - first[household[order]] < SEEDS_COUNT]
    seeds = seeds[place[seeds] >= 0]
    table = np.zeros((households, len(near)))
    table[household[seeds], place[seeds]] = np.log1p(slow[seeds])
    found: Floats = table @ near
    return found


def offer_windows(source: Source, since: int, until: int) -> list[tuple[int, Window]]:
    """Campaigns of ten coupons or more that began in these days: who redeemed which, by what they bought before.

    An article is a coupon; what is known of it is what the household bought of the products it is for, and `together`
    what it bought of their categories.
    """
    campaigns = source.columns(
        f"""
        SELECT campaign_id AS g, date_diff('day', DATE '2017-01-01', start_date::DATE) + 1 AS day
          FROM campaign_descriptions JOIN coupons USING (campaign_id) GROUP BY ALL
        HAVING count(DISTINCT coupon_upc) >= {OFFERS_MIN} AND day >= {since} AND day < {until} ORDER BY day, g
        """
    )
    found = []
    for campaign, day in zip(campaigns["g"].tolist(), campaigns["day"].tolist(), strict=True):
        rows = source.columns(_OFFERS.format(campaign=campaign, day=day))
        if len(rows["h"]) and rows["used"].sum():
            found.append((campaign, _offer_window(rows)))
    return found


_OFFERS = """
WITH household AS (SELECT DISTINCT household_id AS h FROM coupon_redemptions WHERE campaign_id = {campaign}),
covered AS (SELECT DISTINCT coupon_upc AS coupon, product_id AS product FROM coupons WHERE campaign_id = {campaign}),
bought AS (
    SELECT h, product, count(*) AS times, sum(0.5 ^ (({day} - day) / 112)) AS slow,
           sum(0.5 ^ (({day} - day) / 28)) AS fast, {day} - max(day) AS age
      FROM basket SEMI JOIN household USING (h) WHERE day < {day} GROUP BY ALL
),
own AS (
    SELECT h, coupon, sum(times) AS times, sum(slow) AS slow, sum(fast) AS fast, min(age) AS age
      FROM covered JOIN bought USING (product) GROUP BY ALL
),
category AS (
    SELECT h, category, sum(0.5 ^ (({day} - day) / 112)) AS slow
      FROM (SELECT DISTINCT h, b, category, day FROM basket SEMI JOIN household USING (h) WHERE day < {day})
     GROUP BY ALL
),
around AS (
    SELECT h, coupon, sum(slow) AS slow
      FROM (SELECT DISTINCT coupon, coalesce(p.product_type, '?') AS category
              FROM covered AS c JOIN products AS p ON p.product_id = c.product)
      JOIN category USING (category) GROUP BY ALL
),
popular AS (
    SELECT coupon, count(DISTINCT h) AS buyers FROM covered JOIN basket USING (product)
     WHERE day < {day} AND day >= {day} - 28 GROUP BY ALL
),
used AS (SELECT DISTINCT household_id AS h, coupon_upc AS coupon, 1 AS used
           FROM coupon_redemptions WHERE campaign_id = {campaign})
SELECT h, coupon, coalesce(own.times, 0) AS times, coalesce(own.slow, 0) AS slow, coalesce(own.fast, 0) AS fast,
       coalesce(own.age, 0) AS age, coalesce(around.slow, 0) AS around, coalesce(buyers, 0) AS buyers,
       coalesce(used, 0) AS used
  FROM household CROSS JOIN (SELECT DISTINCT coupon FROM covered)
  LEFT JOIN own USING (h, coupon) LEFT JOIN around USING (h, coupon) LEFT JOIN popular USING (coupon)
  LEFT JOIN used USING (h, coupon) ORDER BY h, coupon
"""


def _offer_window(rows: dict[str, Any]) -> Window:
    of = {name: rows[name].astype(float) for name in ("times", "slow", "fast", "age", "buyers", "around", "used")}
    household = np.unique(rows["h"], return_inverse=True)[1]
    relevant = np.bincount(household, weights=of["used"])
    kept = relevant[household] > 0  # who redeemed only what is not among the campaign's coupons ranks nothing
    numbered = np.unique(household[kept], return_inverse=True)[1]
    of = {name: values[kept] for name, values in of.items()}
    return Window(
        Columns(of["times"], of["slow"], of["fast"], of["age"], np.zeros(len(numbered)), of["buyers"], of["around"]),
        numbered,
        of["used"],
        relevant[relevant > 0].astype(np.int64),
    )
