"""Asking and answering."""

from fedele.domains.surveys.commands.answering import answer_survey, forget_member, save_answers
from fedele.domains.surveys.commands.opening import (
    OCCASION_LENGTH_MAX,
    Occasion,
    close_due,
    invite,
    open_due,
    open_survey,
    withdraw_returned,
)

__all__ = [
    "OCCASION_LENGTH_MAX",
    "Occasion",
    "answer_survey",
    "close_due",
    "forget_member",
    "invite",
    "open_due",
    "open_survey",
    "save_answers",
    "withdraw_returned",
]
