"""Why a code cannot be applied, or a referral is not paid. Those of the fraud checks are reasons of a hold too."""

from fedele.kernel.refusal import Refusal


class ReferralClosed(Refusal):
    """The programme has no referrals now, or the referrer may not refer."""

    code = "REFERRAL_CLOSED"
    message = "Codes of friends are not accepted at this time."


class ReferralCodeUnknown(Refusal):
    """Nobody has this code."""

    code = "REFERRAL_CODE_UNKNOWN"
    message = "There is no such code. Check how it is written."


class ReferralAlreadyApplied(Refusal):
    """A code was applied before, and counts."""

    code = "REFERRAL_ALREADY_APPLIED"
    message = "A friend's code was applied already. One counts."


class ReferralTooManyAttempts(Refusal):
    """Too many refused codes within the hour. Details: minutes."""

    code = "REFERRAL_TOO_MANY_ATTEMPTS"
    message = "Too many codes were tried. Try again in {minutes} minutes."


class ReferralTooLate(Refusal):
    """The friend joined too long ago. Details: days."""

    code = "REFERRAL_TOO_LATE"
    message = "A friend's code can be applied within {days} days after joining."


class ReferralNotNew(Refusal):
    """The friend has bought before."""

    code = "REFERRAL_NOT_NEW"
    message = "A friend's code is for those who have not bought yet."


class ReferralSelf(Refusal):
    """It is the member's own code."""

    code = "REFERRAL_SELF"
    message = "This is the member's own code."


class ReferralSameDevice(Refusal):
    """Both have used one phone."""

    code = "REFERRAL_SAME_DEVICE"
    message = "This phone was used by the referrer, or by another of their friends."


class ReferralSameMailbox(Refusal):
    """The e-mail address is another spelling of another member's."""

    code = "REFERRAL_SAME_MAILBOX"
    message = "This mailbox is another member's, in another spelling."


class ReferralSamePhone(Refusal):
    """The phone number is, or was, another member's."""

    code = "REFERRAL_SAME_PHONE"
    message = "This phone number belongs to another member, or did."


class ReferralSameCard(Refusal):
    """Paid with a card of the referrer or of another friend."""

    code = "REFERRAL_SAME_CARD"
    message = "The purchase was paid with a card of the referrer, or of another of their friends."


class ReferralRing(Refusal):
    """The friend brought the referrer, directly or through others."""

    code = "REFERRAL_RING"
    message = "The referrer came through this member."


class ReferralTooFast(Refusal):
    """Too many friends in too short a time."""

    code = "REFERRAL_TOO_FAST"
    message = "This code was applied too often in a short time."


class ReferralCapReached(Refusal):
    """The referrer has brought as many as one may."""

    code = "REFERRAL_CAP_REACHED"
    message = "The owner of this code has already brought as many friends as possible."


class ReferralNotHeld(Refusal):
    """There is nothing to review. Details: state."""

    code = "REFERRAL_NOT_HELD"
    message = "This referral is {state}: there is nothing to decide."


REASONS: dict[str, type[Refusal]] = {
    refusal.code: refusal
    for refusal in (
        ReferralSelf,
        ReferralSameDevice,
        ReferralSameMailbox,
        ReferralSamePhone,
        ReferralSameCard,
        ReferralRing,
        ReferralTooFast,
        ReferralCapReached,
    )
}
