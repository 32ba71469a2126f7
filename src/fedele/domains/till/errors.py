"""Why a till may not spend, hold or look somebody up. Nothing is written when it says no."""

from typing import Any

from fedele.kernel.refusal import Refusal


class SecondFactNeeded(Refusal):
    """A screenshot of a static card must not be able to spend. Details: facts."""

    code = "SECOND_FACT_NEEDED"
    message = "To spend value, scan the code shown by the app, or let a cashier confirm with a reason."


class RotatingCodeUsed(Refusal):
    """This very code let value be spent before."""

    code = "ROTATING_CODE_USED"
    message = "This code was used already. Wait for the next one in the app and scan that."


class PinNotSet(Refusal):
    """The member has set no PIN."""

    code = "PIN_NOT_SET"
    message = "This member has no PIN. One is set in the app."


class PinWrong(Refusal):
    """Not the member's PIN."""

    code = "PIN_WRONG"
    message = "This PIN is not right."


class PinLocked(Refusal):
    """Too many wrong PINs. Details: retry_after_seconds."""

    code = "PIN_LOCKED"
    message = "Too many wrong PINs. Try again in {retry_after_seconds} seconds, or scan the code shown by the app."


class PinInvalid(Refusal):
    """It cannot be a PIN. Details: length_min."""

    code = "PIN_INVALID"
    message = "A PIN has {length_min} to 12 digits, not all alike and not in a row."


class HoldNotOpen(Refusal):
    """The hold was used, released or has run out."""

    code = "HOLD_NOT_OPEN"
    message = "What was put aside is not kept any more. Scan again."


class HoldEmpty(Refusal):
    """Nothing was asked to be put aside."""

    code = "HOLD_EMPTY"
    message = "Name units or rewards to put aside."


class RewardNotUsable(Refusal):
    """A reward is not held any more, is kept for another basket, or cannot be used here."""

    code = "REWARD_NOT_USABLE"
    message = "A reward of this basket cannot be used here and now. Scan again to see what the member holds."


class PhoneLookupOff(Refusal):
    """The programme does not let tills find members by telephone number."""

    code = "PHONE_LOOKUP_OFF"
    message = "Members are not looked up by telephone number here. Scan the card."


SQLSTATE = "FT001"  # of what the till's SQL functions raise

_BY_CODE: dict[str, type[Refusal]] = {kind.code: kind for kind in (RotatingCodeUsed, HoldNotOpen, RewardNotUsable)}


def refusal(reply: dict[str, Any]) -> Refusal:
    """The Refusal for what `till_spend_v1` raised, from its detail."""
    return _BY_CODE[reply["code"]](**reply["details"])
