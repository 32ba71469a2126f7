"""Refusals of fraud."""

from fedele.kernel.refusal import Refusal


class SpendingBlocked(Refusal):
    """A case is open that blocks spending. Says nothing of the rule: whoever tries it out shall not learn it."""

    code = "SPENDING_BLOCKED"
    message = "Spending is paused until a colleague has checked recent activity. Earning goes on."


class CaseDecided(Refusal):
    """Somebody has decided it already. Details: state."""

    code = "FRAUD_CASE_DECIDED"
    message = "This case is {state} already. Only a confirmed one can still be cleared."
