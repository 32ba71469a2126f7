"""Reading surveys: what a member was asked and answered, and what all answered."""

from fedele.domains.surveys.openness import find_open, open_surveys
from fedele.domains.surveys.queries.answers import (
    announcement_of,
    answers_of,
    export_personal_data,
    find_answer,
    last_answered_at,
    next_due,
    past_of,
    responses,
    track_record,
)
from fedele.domains.surveys.queries.reports import report

__all__ = [
    "announcement_of",
    "answers_of",
    "export_personal_data",
    "find_answer",
    "find_open",
    "last_answered_at",
    "next_due",
    "open_surveys",
    "past_of",
    "report",
    "responses",
    "track_record",
]
