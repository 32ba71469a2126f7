"""Why an answer is not taken."""

from fedele.kernel.refusal import Refusal


class SurveyClosed(Refusal):
    """Not open to this member now: never was, or no longer."""

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


class AnswerFinal(Refusal):
    """The survey was answered, and the time in which the answer could be changed is over."""

    code = "ANSWER_FINAL"
    message = "This survey was answered, and the answer can no longer be changed."
