"""Why money was not taken."""

from fedele.kernel.refusal import Refusal


class BudgetExhausted(Refusal):
    """What is left of the campaign's budget does not pay for one more."""

    code = "BUDGET_EXHAUSTED"
    message = "The budget of this campaign is used up."
