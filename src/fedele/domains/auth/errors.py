"""Why auth says no. Every code here is what a client's program branches on; none says whether an account exists."""

from fedele.kernel.refusal import Refusal


class Unauthenticated(Refusal):
    """Base of every "we do not know who you are": HTTP 401 with this code."""

    code = "UNAUTHENTICATED"
    message = "Log in first: send `Authorization: Bearer <token>`."


class TokenInvalid(Unauthenticated):
    """Not a token of ours or of a configured issuer: malformed, forged, or meant for somebody else."""

    code = "TOKEN_INVALID"
    message = "This token is not valid here."


class TokenExpired(Unauthenticated):
    """The token was good and is not any more."""

    code = "TOKEN_EXPIRED"
    message = "This token has expired; refresh it or log in again."


class MemberUnknown(Unauthenticated):
    """A foreign issuer's token is good, but nobody is enrolled under it and enrolment at first sight is off."""

    code = "MEMBER_UNKNOWN"
    message = "This login is not enrolled in the programme."


class KeyInvalid(Unauthenticated):
    """The staff key is unknown or misspelt."""

    code = "KEY_INVALID"
    message = "This key is not valid here."


class KeyRevoked(Unauthenticated):
    """The key was right once; it was revoked or has expired."""

    code = "KEY_REVOKED"
    message = "This key was revoked or has expired; ask for a new one."


class Forbidden(Refusal):
    """We know who asks, and they may not."""

    code = "FORBIDDEN"
    message = "This needs the scope {scope}."


class WrongStore(Refusal):
    """The key is bound to another store."""

    code = "WRONG_STORE"
    message = "This key serves another store."


class CodeInvalid(Refusal):
    """The one-time code is wrong, used, expired or was tried too often: all look alike."""

    code = "CODE_INVALID"
    message = "This code is not right, or not any more. Ask for a new one."


class RefreshInvalid(Refusal):
    """The refresh token is unknown, expired, or its family was revoked: log in again."""

    code = "REFRESH_INVALID"
    message = "Log in again."


class RateLimited(Refusal):
    """Too many requests; `details["retry_after_seconds"]` says how long to wait."""

    code = "RATE_LIMITED"
    message = "Too many attempts. Try again in {retry_after_seconds} seconds."
