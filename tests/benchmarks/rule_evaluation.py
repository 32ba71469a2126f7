"""What judging a line by a rule costs: `python -m tests.benchmarks.rule_evaluation` prints one JSON line.

`rule_us` is CPU microseconds per rule and line, binding the line's values included: a basket of 12 lines against 20
rules of the usual kind (three conjuncts), as a settlement does it. The floor below is the same comparison written in
Python by hand, so that the figure can be read on any machine. `evaluation_us` is the same for the whole decision of
such a purchase: eligible money, conditions, conflicts, rounding, shares, caps and the trace. `apply_500_rules_s` reads
and checks a file of 500 rules.
"""

import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.activity.types import Line
from fedele.domains.earning.queries import Rulebook, evaluate_purchase
from fedele.domains.earning.types import Earner, Sale
from fedele.domains.programme.queries import check
from fedele.kernel.ids import StoreId
from fedele.kernel.vocabulary import LINE_ENVIRONMENT
from tests.factories.programme import SMALL, make_programme

ROUNDS = 40
RULES_COUNT = 20
LINES_COUNT = 12


def measure() -> dict[str, float]:
    """The figures of this run."""
    rules = [
        LINE_ENVIRONMENT.compile(
            f"line.department == 'D{number % 6}' && line.amount > {number}.0 && member.tier in ['harvest', 'orchard']",
            "bool",
        )
        for number in range(RULES_COUNT)
    ]
    lines = [_values(number) for number in range(LINES_COUNT)]
    held, seconds = _by_rules(rules, lines)
    expected, floor_seconds = _by_hand(lines)
    assert held == expected, "the rules and the hand-written comparison disagree"
    evaluations = ROUNDS * RULES_COUNT * LINES_COUNT
    print(
        f"{evaluations} evaluations; the same by hand in Python: {floor_seconds / evaluations * 1e6:.2f} µs",
        file=sys.stderr,
    )
    return {
        "rule_us": round(seconds / evaluations * 1e6, 2),
        "evaluation_us": round(_whole_decision() / evaluations * 1e6, 2),
        "apply_500_rules_s": round(_reading_seconds(500), 3),
    }


def _values(number: int) -> dict[str, object]:
    return {
        "now": datetime(2026, 11, 21, 9, tzinfo=UTC),
        "now.hour": 9,
        "now.weekday": "sat",
        "member.tier": "harvest" if number % 2 else "sprout",
        "member.purchases_count": 12,
        "member.segments": ["families", "weekend"],
        "purchase.amount": Decimal("61.35"),
        "purchase.store": "store-367",
        "purchase.categories": ["COFFEE", "SOUP", "CAKES"],
        "line.sku": f"{number:07}",
        "line.category": "COFFEE",
        "line.department": f"D{number % 6}",
        "line.brand": "private",
        "line.kind": "goods",
        "line.amount": Decimal(number) + Decimal("0.99"),
        "line.quantity": Decimal(1),
    }


def _by_rules(rules: list, lines: list[dict[str, object]]) -> tuple[int, float]:
    held, began = 0, time.process_time()
    for _ in range(ROUNDS):
        for values in lines:
            bindings = LINE_ENVIRONMENT.bind(values)
            held += sum(rule.holds(bindings) for rule in rules)
    return held, time.process_time() - began


def _by_hand(lines: list[dict[str, object]]) -> tuple[int, float]:
    held, began = 0, time.process_time()
    for _ in range(ROUNDS):
        for values in lines:
            for number in range(RULES_COUNT):
                held += (
                    values["line.department"] == f"D{number % 6}"
                    and values["line.amount"] > number
                    and values["member.tier"] in ("harvest", "orchard")
                )
    return held, time.process_time() - began


def _whole_decision() -> float:
    rules = "".join(
        f"    - {{key: rule-{number}, name: R, currency: points, group: g, {kind},\n"
        f"       when: \"line.department == 'D{number % 6}' && line.amount > {number}.0 && now.hour < 23\"}}\n"
        for number in range(RULES_COUNT)
        for kind in [
            "type: purchase_fixed, for: unit"
            if number % 4 == 3
            else "type: purchase_multiplier, caps: [{per: day, amount: 500}]"
        ]
    )
    rulebook = Rulebook.of(make_programme(f"{SMALL}earning:\n  groups: {{g: best}}\n  rules:\n{rules}"))
    lines = tuple(
        Line(number + 1, Decimal(1), 100 * number + 99, department=f"D{number % 6}") for number in range(LINES_COUNT)
    )
    sale = Sale(StoreId("store-367"), datetime(2026, 11, 21, 9, tzinfo=UTC), "EUR", lines)
    earner = Earner()
    assert evaluate_purchase(rulebook, sale, earner).units("points") > 0, "the rules give nothing"
    began = time.process_time()
    for _ in range(ROUNDS):
        evaluate_purchase(rulebook, sale, earner)
    return time.process_time() - began


def _reading_seconds(rules_count: int) -> float:
    rules = "".join(
        f"    - key: rule-{number}\n      type: purchase_multiplier\n      currency: points\n"
        f"      multiplier: 1.{number}\n"
        f"      name: {{en: Rule {number}, it: Regola {number}, ru: Правило {number}, ar: قاعدة {number}}}\n"
        f"      when: line.department == 'D{number}' && line.amount > {number}.0 && now.hour < 12\n"
        for number in range(rules_count)
    )
    began = time.process_time()
    check(f"{SMALL}earning:\n  rules:\n{rules}", PROGRAMME_SECTIONS)
    return time.process_time() - began


if __name__ == "__main__":
    print(json.dumps(measure()))
