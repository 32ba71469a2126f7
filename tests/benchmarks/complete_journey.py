"""How well recommendations rank, on a public year of grocery baskets: `python -m tests.benchmarks complete_journey`.

The data is *The Complete Journey*: **simulated on real patterns, not for decisions**, as its own README says. Known is
what happened before day 336, to be foretold what each household bought in the 28 days from it; for offers, which
coupons of a campaign (begun on day 300 or later, ten coupons or more) a household redeemed, by what it bought before
the campaign. Scored by `domains/recommendations/scoring.py` with the weights that ship, as the feed does; those were
fitted on earlier days only (`python -m fedele.adapters.complete_journey.weights`).

    cj_category_ndcg10, cj_product_ndcg10, offers_ndcg10    the mean over households of NDCG at 10
    …_popular                                               what most households buy, to everybody; in the same run
    …_decay                                                 the household's purchases, halved every 112 days, alone
    cj_product_ndcg10_resting                               products without those that rest (bought within three days)
"""

import json
import sys
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fedele.adapters.complete_journey.source import Source
from fedele.adapters.complete_journey.weights import FIRST_TEST_DAY, OFFERS_BEFORE
from fedele.adapters.complete_journey.windows import Window, offer_windows, prepare, window
from fedele.domains.recommendations.queries import Weights, facts_of

AT = 10
Floats = NDArray[np.float64]


def measure() -> dict[str, float]:
    """The figures of this run."""
    print("The Complete Journey: simulated on real patterns, not for decisions.", file=sys.stderr)
    source = Source()
    prepare(source)
    figures: dict[str, float] = {}
    for level in ("category", "product"):
        one = window(source, level, FIRST_TEST_DAY)
        figures |= _figures(f"cj_{level}_ndcg10", [one], Weights.shipped(level))
        if level == "product":
            scores = np.where(one.columns.resting, -np.inf, Weights.shipped(level).score(facts_of(one.columns)))
            figures["cj_product_ndcg10_resting"] = round(float(ndcg(one, scores).mean()), 4)
        figures[f"cj_{level}_households"] = len(one.relevant)
    offers = [one for _, one in offer_windows(source, OFFERS_BEFORE, 367)]
    figures |= _figures("offers_ndcg10", offers, Weights.shipped("offer"))
    return figures


def _figures(key: str, windows: list[Window], weights: Weights) -> dict[str, float]:
    rankings: Mapping[str, list[Floats]] = {
        key: [weights.score(facts_of(one.columns)) for one in windows],
        f"{key}_popular": [one.columns.buyers for one in windows],
        # Popularity breaks ties and orders what the household never bought.
        f"{key}_decay": [one.columns.slow + 1e-9 * one.columns.buyers for one in windows],
    }
    return {
        name: round(float(np.concatenate([ndcg(*pair) for pair in zip(windows, scores, strict=True)]).mean()), 4)
        for name, scores in rankings.items()
    }


def ndcg(one: Window, scores: Floats) -> Floats:
    """NDCG at 10 of each household: bought or not, discounted by log2 of the place, over the best possible."""
    order = np.lexsort((-scores, one.household))
    household, bought = one.household[order], one.bought[order]
    place = np.arange(len(order)) - np.searchsorted(household, np.arange(len(one.relevant)))[household]
    near = place < AT
    gain = np.bincount(household[near], bought[near] / np.log2(place[near] + 2), minlength=len(one.relevant))
    best = np.cumsum(1 / np.log2(np.arange(AT) + 2))[np.minimum(one.relevant, AT) - 1]
    found: Floats = gain / best
    return found


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
