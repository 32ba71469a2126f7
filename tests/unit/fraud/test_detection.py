"""When something is unusual: limits are exact, and the evidence says what was counted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from fedele.domains.fraud.config import FraudConfig, TravelRule, VelocityRule
from fedele.domains.fraud.detection import judge_travel, judge_velocity
from fedele.domains.fraud.types import Counted, Stop

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BUSY = VelocityRule(key="busy", type="velocity", counts="purchases", hours=1, max=Decimal(3))
FAR = TravelRule(key="far", type="travel", kilometres_per_hour_max=100, kilometres_min=5, then="block")
ROME, MILAN = (41.9028, 12.4964), (45.4642, 9.19)


def test_the_limit_itself_is_usual_and_one_more_is_not() -> None:
    """Three of at most three is fine; four is a suspicion that tells four, three and the hours."""
    assert judge_velocity(BUSY, "member", Counted(Decimal(3), NOON)) is None
    found = judge_velocity(BUSY, "member", Counted(Decimal(4), NOON))
    assert found is not None
    assert (found.rule, found.blocks) == ("busy", False)
    assert (found.evidence["counted"], found.evidence["max"], found.evidence["hours"]) == ("4", "3", 1)


@pytest.mark.parametrize(("hours", "unusual"), [(1, True), (4, True), (5, False), (12, False)])
def test_nobody_is_in_milan_an_hour_after_rome(hours: int, unusual: bool) -> None:
    """477 km at 100 km/h take almost five hours: sooner is a suspicion, whichever of the two is told first."""
    rome, milan = Stop("rome", NOON, *ROME), Stop("milan", NOON + timedelta(hours=hours), *MILAN)
    for one, other in ((rome, milan), (milan, rome)):
        found = judge_travel(FAR, "member", one, other)
        assert (found is not None) is unusual
        assert found is None or (found.blocks and 470 < found.evidence["kilometres"] < 485)


def test_the_same_shop_and_the_same_street_are_near() -> None:
    """Two tills of one shop, or of one neighbourhood, with clocks that agree to the second: no suspicion."""
    here = Stop("rome", NOON, *ROME)
    assert judge_travel(FAR, "member", here, Stop("rome", NOON, *MILAN)) is None
    assert judge_travel(FAR, "member", here, Stop("rome-2", NOON, ROME[0] + 0.01, ROME[1])) is None


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"counts": "members"}, "needs `by: store`"),
        ({"counts": "purchases", "by": "attribute"}, "names what is counted by"),
        ({"counts": "purchases", "attribute": "till"}, "only then"),
        ({"counts": "spend", "by": "store"}, "is counted by member"),
    ],
)
def test_rules_that_count_nothing_are_mistakes(rule: dict[str, str], told: str) -> None:
    """The programme's check says what to write instead."""
    with pytest.raises(ValidationError, match=told):
        FraudConfig.model_validate([{"key": "r", "type": "velocity", "hours": 1, "max": 1, **rule}])
