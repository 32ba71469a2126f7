"""Decisions of support without a database: scores, who answers, until when, where a case may go."""

from datetime import UTC, datetime, timedelta

import pytest

from fedele.domains.support.config import MakeGoodLimit, SupportConfig
from fedele.domains.support.moves import MOVES
from fedele.domains.support.routing import due_at, limit_since, scores_of, urgency_of
from fedele.domains.support.types import CASE_STATES
from fedele.domains.surveys.events import Score

NOON = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)  # noon in Rome, on the day the clocks went forward


def test_scores_are_one_scale() -> None:
    """The lowest of a kind stands; shares go from 0 to 1 whatever the scale; a rating of ten becomes five stars."""
    found = scores_of({
        "a": Score(kind="nps", value=9, best=10), "b": Score(kind="nps", value=3, best=10),
        "c": Score(kind="rating", value=10, best=10), "d": Score(kind="csat", value=1, best=5),
    })  # fmt: skip
    assert (found.nps, found.csat, found.stars, found.share, found.best_share) == (3, 1, 5.0, 0.0, 1.0)
    assert scores_of({}).share is None


def test_an_urgent_text_shortens_the_time_limit_and_goes_first() -> None:
    """With limits of its own if the rule has them; hours go on over a night of 23 hours."""
    config = SupportConfig.model_validate({
        "cases": [
            {"key": "a", "when": "feedback.nps <= 6", "owner": "x", "sla_hours": 48, "urgent_sla_hours": 4},
            {"key": "b", "when": "feedback.nps <= 6", "owner": "x", "sla_hours": 1.5, "urgency": "high"},
        ]
    })  # fmt: skip
    first, second = config.cases
    assert due_at(first, False, NOON) == NOON + timedelta(hours=48)
    assert due_at(first, True, NOON) == NOON + timedelta(hours=4)
    assert due_at(second, True, NOON) == NOON + timedelta(minutes=90)
    assert (urgency_of(first, False), urgency_of(second, False), urgency_of(second, True)) == (2, 1, 0)


@pytest.mark.parametrize(
    ("per", "since"),
    [
        ("day", datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
        ("month", datetime(2026, 2, 28, 23, 0, tzinfo=UTC)),
        ("year", datetime(2025, 12, 31, 23, 0, tzinfo=UTC)),
        ("lifetime", None),
    ],
)
def test_a_limit_counts_from_the_programmes_own_midnight(per: str, since: datetime | None) -> None:
    """Also on the day when the clocks change: that midnight was still winter."""
    limit = MakeGoodLimit.model_validate({"per": per, "times_max": 1})
    assert limit_since(limit, NOON, "Europe/Rome") == since


def test_every_case_can_come_to_an_end_and_what_is_closed_stays_closed() -> None:
    """From every state a case can be resolved, and from there closed; nothing leads out of closed."""
    assert set(MOVES) == set(CASE_STATES)
    assert MOVES["closed"] == frozenset()
    assert "closed" in MOVES["resolved"]
    for state in ("open", "in_progress", "waiting", "reopened"):
        assert "resolved" in MOVES[state]


@pytest.mark.parametrize(
    "section",
    [
        {"themes": [{"key": "a", "name": "A"}]},
        {"outcomes": [{"key": "a", "text": "A"}, {"key": "a", "text": "B"}]},
        {"make_goods": [{"key": "a", "name": "A", "when": "feedback.nps <= 6", "budget": {"money": 1},
                         "prize": {"units": {"currency": "points", "amount": 1}}}]},
        {"cases": [{"key": "a", "when": "feedback.mood == 'bad'", "owner": "x", "sla_hours": 1}]},
    ],
)  # fmt: skip
def test_a_section_that_cannot_work_is_refused(section: dict[str, object]) -> None:
    """A theme nobody could see, two of one key, a budget without a cost, a name that conditions do not have."""
    with pytest.raises(ValueError):
        SupportConfig.model_validate(section)
