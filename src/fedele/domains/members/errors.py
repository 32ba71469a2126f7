"""Why members says no."""

from fedele.kernel.refusal import Refusal


class MemberNotFound(Refusal):
    """No such member for this caller."""

    code = "MEMBER_NOT_FOUND"
    message = "No member was found."


class MemberErased(Refusal):
    """The member's personal data was erased; nothing of theirs can change any more."""

    code = "MEMBER_ERASED"
    message = "This membership was closed and its personal data erased."


class IdentityInvalid(Refusal):
    """The value cannot be an identity of that kind."""

    code = "IDENTITY_INVALID"
    message = "This is not a valid {kind}: {problem}."


class IdentityTaken(Refusal):
    """Another member already holds this identity."""

    code = "IDENTITY_TAKEN"
    message = "This {kind} already belongs to another member."


class ProfileInvalid(Refusal):
    """A profile field cannot mean anything."""

    code = "PROFILE_INVALID"
    message = "{problem}"


class PreferenceUnknown(Refusal):
    """The programme declares no such preference."""

    code = "PREFERENCE_UNKNOWN"
    message = "The programme knows no preference {key}."


class PreferenceInvalid(Refusal):
    """The value does not fit the preference's declaration."""

    code = "PREFERENCE_INVALID"
    message = "The preference {key} cannot have this value: {problem}."


class CardCodeMalformed(Refusal):
    """Misread or mistyped: the check characters do not agree."""

    code = "CARD_CODE_MALFORMED"
    message = "This is not a card code, or it was misread. Scan it again."


class CardCodeUnknown(Refusal):
    """Well-formed, but not one we issued."""

    code = "CARD_CODE_UNKNOWN"
    message = "No member has this card."


class CardCodeRevoked(Refusal):
    """The card was replaced, lost or its member left."""

    code = "CARD_CODE_REVOKED"
    message = "This card is no longer valid: it was replaced or reported lost. Scan the member's new code."
