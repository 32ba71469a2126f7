"""The ledger's refusals. A refusal rolls the caller's transaction back, so nothing of it is written."""

from typing import Any

from fedele.kernel.refusal import InvalidInput, KeyReused, Refusal


class InsufficientPoints(Refusal):
    """Fewer unexpired units than asked. Details: currency, requested, spendable."""

    code = "INSUFFICIENT_POINTS"
    message = "Not enough {currency}: {requested} asked, {spendable} available."


class LedgerTransactionUnknown(Refusal):
    """The member has no transaction of the kind that this operation can reverse under that id."""

    code = "LEDGER_TRANSACTION_UNKNOWN"
    message = "No transaction with this id that could be reversed."


class LedgerExceedsOriginal(Refusal):
    """More was asked back than is left of the original. Details: requested, left."""

    code = "LEDGER_EXCEEDS_ORIGINAL"
    message = "Only {left} of the original are left to reverse; {requested} were asked."


_BY_CODE: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in (InsufficientPoints, LedgerTransactionUnknown, LedgerExceedsOriginal, KeyReused, InvalidInput)
}


def refusal(code: str, details: dict[str, Any]) -> Refusal:
    """The Refusal for a `refused` reply of `ledger_post_v2`, so that a caller of the SQL answers as commands do."""
    return _BY_CODE[code](**details)
