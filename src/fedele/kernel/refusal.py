"""A Refusal is the domain's reasoned no. It rolls the transaction back and reaches the client as a userError."""

from typing import Any, ClassVar


class Refusal(Exception):
    """Base of every refusal. A subclass has a `code` (SCREAMING_SNAKE, unique) and a `message` in English with
    `{names}` of its details; translations live in the texts under `refusal.<CODE>`. Details hold no personal data."""

    code: ClassVar[str]
    message: ClassVar[str]
    field: str | None = None  # the input field to blame, in the API's camelCase, if there is one

    def __init__(self, *, field: str | None = None, **details: Any) -> None:
        self.details = details
        self.field = field
        super().__init__(self.message.format(**details))


class NotFound(Refusal):
    """Nothing of that id is here for this caller: unknown and foreign ids look alike."""

    code = "NOT_FOUND"
    message = "No {what} with this id."


class KeyReused(Refusal):
    """The idempotency key was used before with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This idempotency key was already used for a different request. Send a new key for a new request."


class InvalidInput(Refusal):
    """The input has the right type but cannot mean anything; the message says what to do."""

    code = "INVALID_INPUT"
    message = "{problem}"
