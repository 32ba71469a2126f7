"""`python -m fedele.adapters.complete_journey.weights FILE`: fit the weights that come with the package.

Only days before 336 are seen: windows that end there for products and categories, campaigns that began before day 300
for offers. What comes after is for judging (`python -m tests.benchmarks complete_journey`).
"""

import sys
from pathlib import Path

import orjson

from fedele.adapters.complete_journey.source import Source
from fedele.adapters.complete_journey.windows import offer_windows, prepare, window
from fedele.domains.recommendations.commands import fit_weights
from fedele.domains.recommendations.queries import Weights

FIRST_TEST_DAY = 336
TRAINED_ON = (308, 280, 252)
OFFERS_BEFORE = 300
# A coupon is for dozens of products, so when one of them was last bought says little of the coupon.
OFFERS_WITHOUT = frozenset({"fast", "times", "recent", "due", "rate"})


def fit_all(source: Source) -> dict[str, Weights]:
    """Weights of every level."""
    found = {}
    for level in ("product", "category"):
        windows = [window(source, level, day) for day in TRAINED_ON]
        found[level] = fit_weights([(one.columns, one.bought) for one in windows])
    offers = [one for _, one in offer_windows(source, 60, OFFERS_BEFORE)]
    found["offer"] = fit_weights([(one.columns, one.bought) for one in offers], OFFERS_WITHOUT)
    return found


def main(path: Path) -> None:
    """Fit and write."""
    source = Source()
    prepare(source)
    weights = {level: {"intercept": one.intercept, "of": dict(one.of)} for level, one in fit_all(source).items()}
    path.write_bytes(orjson.dumps(weights, option=orjson.OPT_INDENT_2) + b"\n")
    print(path.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
