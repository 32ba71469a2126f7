"""Which part of a rule's condition stopped it, from what was kept of the decision: the values it saw, and the receipt.

The decision itself keeps only values, so that a sale costs nothing for being explained later. A part that reads
something that is not kept (a birthday, free-form attributes) cannot be judged any more; if another part is false for
certain, that one is told, since one false part is enough.
"""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fedele.domains.activity.types import Purchase
from fedele.domains.earning.queries import line_bindings
from fedele.domains.earning.types import Earner, RuleTrace, Sale
from fedele.domains.explaining.types import Failed
from fedele.kernel.conjuncts import Failure, failures
from fedele.kernel.expressions import Bindings, Environment, Expression, ExpressionMistake
from fedele.kernel.vocabulary import EVENT_ENVIRONMENT, LINE_ENVIRONMENT


def why_not(told: RuleTrace, purchase: Purchase | None, time_zone: str) -> Failed | None:
    """What stopped this rule, if a condition did. `purchase` is the receipt it was judged on; None for an event, and
    for a basket that was only quoted: then what the first line saw is all there is."""
    condition = _condition(told)
    if condition is None:
        return None
    kept = _typed(told.details.get("values") or {}, condition.environment)
    if purchase is None or condition.environment is EVENT_ENVIRONMENT:
        found = _chosen(failures(condition, _bound(condition.environment, kept)))
        return _failed(found, ()) if found else None
    return _on_lines(condition, purchase, kept, time_zone)


def _condition(told: RuleTrace) -> Expression | None:
    """The condition that stopped the rule; None if it was something else, or reads a name that is no more."""
    if told.outcome != "condition" or "condition" not in told.details:
        return None
    for environment in (LINE_ENVIRONMENT, EVENT_ENVIRONMENT):
        with contextlib.suppress(ExpressionMistake):
            return Expression(str(told.details["condition"]), environment, "bool")
    return None


def _on_lines(condition: Expression, purchase: Purchase, kept: Mapping[str, Any], time_zone: str) -> Failed | None:
    """On a receipt of many lines: the line that came furthest, and every line that was stopped at the same place."""
    sale = Sale(
        purchase.store_id, purchase.occurred_at, purchase.currency, purchase.lines, purchase.tenders, purchase.channel,
        purchase.attributes,
    )  # fmt: skip
    earner = Earner(facts={name: value for name, value in kept.items() if name.startswith("member.")})
    stopped: dict[str, list[tuple[int, Failure]]] = {}
    bindings = line_bindings(sale, earner, time_zone, condition.names)
    for line, bound in zip(purchase.lines, bindings, strict=True):
        if found := _chosen(failures(condition, bound)):
            stopped.setdefault(found.text, []).append((line.number, found))
    if not stopped:
        return None
    furthest = max(stopped.values(), key=lambda found: (found[0][1].error is None, _place(found[0][1])))
    return _failed(furthest[0][1], tuple(number for number, _ in furthest))


def _chosen(found: list[Failure]) -> Failure | None:
    """The first part that is false for certain, else the first that could not be judged."""
    return next((failure for failure in found if failure.error is None), found[0] if found else None)


def _place(failure: Failure) -> tuple[int, int]:
    return failure.line, failure.column


def _failed(failure: Failure, lines: tuple[int, ...]) -> Failed:
    values = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in failure.values}
    return Failed(failure.text, values, lines, unknown=failure.error is not None)


def _bound(environment: Environment, values: Mapping[str, Any]) -> Bindings:
    return environment.bind({name: value for name, value in values.items() if name in environment.names})


def _typed(values: Mapping[str, Any], environment: Environment) -> dict[str, Any]:
    """Kept values as CEL takes them again: instants were kept as text."""
    typed: dict[str, Any] = {}
    for name, value in values.items():
        declared = environment.names.get(name)
        if declared is not None:
            instant = declared.kind == "moment" and isinstance(value, str)
            typed[name] = datetime.fromisoformat(value) if instant else value
    return typed
