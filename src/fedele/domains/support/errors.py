"""Why something about a case is not done."""

from fedele.kernel.refusal import Refusal


class CaseNotThere(Refusal):
    """The case cannot go from where it stands to where it was sent. Details: state, to."""

    code = "CASE_NOT_THERE"
    message = "A case that is {state} cannot become {to}."


class OutcomeUnknown(Refusal):
    """The programme declares no such outcome."""

    code = "OUTCOME_UNKNOWN"
    message = "The programme has no outcome '{outcome}'."


class ReopeningOver(Refusal):
    """Too late to say that it was not resolved."""

    code = "REOPENING_OVER"
    message = "This case was closed; write to us again."
