"""A position is believed only if nothing speaks against it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.domains.offers.config import LocationConfig
from fedele.domains.offers.triggers.believing import Known, Verdict, judge
from fedele.domains.offers.types import Report
from fedele.kernel.clock import Position

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
HERE = Position(45.4642, 9.19, 20.0)
TURIN = Position(45.0703, 7.6869, 20.0)  # 126 km away
CONFIG = LocationConfig()


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.BELIEVED),
        ({"mocked": True}, Verdict.MOCKED),
        ({"position": Position(45.4642, 9.19, None)}, Verdict.INACCURATE),
        ({"position": Position(45.4642, 9.19, 201.0)}, Verdict.INACCURATE),
        ({"position": Position(45.4642, 9.19, 200.0)}, Verdict.BELIEVED),
        ({"position": Position(45.4642, 9.19, -1.0)}, Verdict.INACCURATE),  # iOS: no position at all
        ({"seen_at": NOW - timedelta(seconds=121)}, Verdict.TOO_OLD),
        ({"seen_at": NOW - timedelta(seconds=120)}, Verdict.BELIEVED),
        ({"seen_at": NOW + timedelta(seconds=61)}, Verdict.FROM_THE_FUTURE),
        ({"seen_at": NOW + timedelta(seconds=30)}, Verdict.BELIEVED),
    ],
)
def test_each_sign_has_its_verdict(changes: dict[str, Any], verdict: Verdict) -> None:
    """The system's flag, the radius, the age; each limit is still good."""
    given: dict[str, Any] = {"position": HERE, "seen_at": NOW} | changes
    report = Report(**given)
    assert judge(report, None, CONFIG, NOW) is verdict


@pytest.mark.parametrize(
    ("minutes", "verdict"),
    [(10, Verdict.IMPOSSIBLE_TRAVEL), (24, Verdict.IMPOSSIBLE_TRAVEL), (26, Verdict.BELIEVED), (120, Verdict.BELIEVED)],
)
def test_nobody_flies_to_the_shop(minutes: int, verdict: Verdict) -> None:
    """126 km in 25 minutes is 300 km/h, the most that is believed."""
    last = Known(TURIN, NOW - timedelta(minutes=minutes))
    assert judge(Report(HERE, NOW), last, CONFIG, NOW) is verdict


def test_a_jump_within_what_positions_err_is_no_travel() -> None:
    """Two hundred metres in a second are two readings, not a journey."""
    beside = Position(HERE.latitude + 0.0019, HERE.longitude, 30.0)
    assert judge(Report(beside, NOW), Known(HERE, NOW), CONFIG, NOW) is Verdict.BELIEVED
