"""Why the community takes something not."""

from fedele.kernel.refusal import Refusal


class PictureUnreadable(Refusal):
    """Not a picture of a kind that is taken, broken, or too big to open."""

    code = "PICTURE_UNREADABLE"
    message = "Send a JPEG, PNG or WebP picture of at most {megabytes_max} MB and {megapixels_max} megapixels."


class TooManyPictures(Refusal):
    """The member sent very many in a short time."""

    code = "TOO_MANY_PICTURES"
    message = "Too many pictures today; send more tomorrow."


class ReviewsClosed(Refusal):
    """The programme takes no reviews of this kind."""

    code = "REVIEWS_CLOSED"
    message = "Reviews of this kind are not open."


class ReviewExists(Refusal):
    """One review per member and product or store."""

    code = "REVIEW_EXISTS"
    message = "You have reviewed this already."


class ReviewNotVerified(Refusal):
    """Only who bought it may review it."""

    code = "REVIEW_NOT_VERIFIED"
    message = "Only what you have bought can be reviewed."


class ContestClosed(Refusal):
    """Not open now, or not to this member."""

    code = "CONTEST_CLOSED"
    message = "This contest is not open to you now."


class EntriesUsedUp(Refusal):
    """The member has sent as many entries as one may."""

    code = "ENTRIES_USED_UP"
    message = "You have entered already; the limit for one member: {entries_max}."


class VotingClosed(Refusal):
    """No votes in this contest, or not now."""

    code = "VOTING_CLOSED"
    message = "There is no vote in this contest now."


class OwnEntry(Refusal):
    """Nobody votes for themselves."""

    code = "OWN_ENTRY"
    message = "You cannot vote for your own entry."


class AlreadyModerated(Refusal):
    """Somebody decided before, otherwise."""

    code = "ALREADY_MODERATED"
    message = "This was {state} already."


class ContestNotOver(Refusal):
    """Entries or votes can still come."""

    code = "CONTEST_NOT_OVER"
    message = "This contest can be decided from {decided_from}."


class GatheringFull(Refusal):
    """No seat is left, and there is no line."""

    code = "GATHERING_FULL"
    message = "All seats are taken."


class GatheringClosed(Refusal):
    """Over, begun, or not for this member."""

    code = "GATHERING_CLOSED"
    message = "This event is not open to you now."


class CheckInClosed(Refusal):
    """Too early or too late to check anybody in, or they have no seat."""

    code = "CHECK_IN_CLOSED"
    message = "This guest cannot be checked in now."
