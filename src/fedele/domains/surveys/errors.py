"""Why an answer is not taken."""

from fedele.kernel.refusal import Refusal


class SurveyClosed(Refusal):
    """Not open to this member now: never was, no longer, or answered already."""

    code = "SURVEY_CLOSED"
    message = "This survey is not open to this member now."


class AnswerIncomplete(Refusal):
    """A required question has no answer. Details: question."""

    code = "ANSWER_INCOMPLETE"
    message = "The question '{question}' needs an answer."


class AnswerInvalid(Refusal):
    """An answer does not fit its question. Details: question, problem."""

    code = "ANSWER_INVALID"
    message = "The answer to '{question}' does not fit: {problem}."
