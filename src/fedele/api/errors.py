"""Errors as the API tells them.

A domain's Refusal becomes a `userErrors` entry of the mutation's payload; the top-level `errors` array is for callers
who may not, documents that are wrong, and our own bugs.
"""

import enum
import functools
import inspect
import re
import typing
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar, cast

import strawberry
from graphql import GraphQLError

from fedele.api.texts import refusal_text
from fedele.kernel.refusal import InvalidInput, KeyReused, NotFound, Refusal

T = TypeVar("T")

ALWAYS: tuple[type[Refusal], ...] = (NotFound, InvalidInput, KeyReused)


class ApiError(GraphQLError):
    """A top-level error the caller may read. Everything else is masked."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **details})


class BadInput(ApiError):
    """An argument has the right type but no meaning."""

    code = "BAD_USER_INPUT"


class Unauthenticated(ApiError):
    """Nobody is logged in, and the field asks for somebody."""

    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(ApiError):
    """Somebody is logged in, and may not."""

    code = "FORBIDDEN"
    status = 403


class RateLimited(ApiError):
    """Too many requests; `retryAfter` says in how many seconds to come back."""

    code = "RATE_LIMITED"
    status = 429


class UndeclaredRefusal(RuntimeError):
    """A mutation raised a refusal that its UserError does not name: our bug."""


@strawberry.interface
class UserError:
    """Why a mutation did nothing. `code` of each implementation is the enum to switch on."""

    message: str = strawberry.field(description="For the member, in their language.")
    field: list[str] | None = strawberry.field(default=None, description="The way to the input field to blame.")
    retry_after_seconds: int | None = strawberry.field(
        default=None, description="How long to wait before asking again. Null: waiting alone does not help."
    )


def user_error(*refusals: type[Refusal]) -> Callable[[type[T]], type[T]]:
    """Make `ClaimOfferUserError(UserError)` with its enum `ClaimOfferErrorCode` from the refusals that can happen."""

    def build(cls: type[T]) -> type[T]:
        name = f"{cls.__name__.removesuffix('UserError')}ErrorCode"
        named = {refusal.code: refusal for refusal in (*ALWAYS, *refusals)}
        values = {code: strawberry.enum_value(code, description=_first_line(named[code])) for code in sorted(named)}
        codes = strawberry.enum(
            cast(enum.EnumMeta, enum.Enum(name, values)),
            description=f"What the code of {cls.__name__} can be.",
        )
        cls.__annotations__ = {**inspect.get_annotations(cls), "code": codes}
        cls.code = strawberry.field(default=None, description="The reason, for a program.")  # type: ignore[attr-defined]
        built = strawberry.type(cls, description=cls.__doc__)
        built.codes = codes  # type: ignore[attr-defined]
        return built

    return build


def refused(error_type: type[Any], refusal: Refusal, locale: str) -> Any:
    """The refusal as this mutation's user error. Raises UndeclaredRefusal for one that it does not name."""
    try:
        code = error_type.codes[refusal.code]
    except KeyError:
        raise UndeclaredRefusal(
            f"{error_type.__name__} does not name {refusal.code}; add it to @user_error"
        ) from refusal
    path = ["input", *steps_of(refusal.field)] if refusal.field else None
    return error_type(
        code=code,
        message=refusal_text(refusal, locale),
        field=path,
        retry_after_seconds=refusal.details.get("retry_after_seconds"),
    )


def steps_of(field: str) -> list[str]:
    """The steps of a field's path one by one, a list's index being a step too: basket, lines, 0, amount."""
    return re.findall(r"[^.\[\]]+", field)


def refusals_to_user_errors(resolver: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    """Wrap a mutation's resolver: a Refusal becomes a payload that holds only its userErrors."""

    @functools.wraps(resolver)
    async def wrapped(*args: Any, **kwargs: Any) -> T:
        try:
            return await resolver(*args, **kwargs)
        except Refusal as refusal:
            payload_type, error_type = payload_types(resolver)
            info = kwargs["info"]
            return cast(T, payload_type(user_errors=[refused(error_type, refusal, info.context.locale)]))

    return wrapped


@functools.cache
def payload_types(resolver: Callable[..., Any]) -> tuple[type[Any], type[Any]]:
    """The payload class and its UserError class, read from the resolver's return annotation."""
    returns = typing.get_type_hints(resolver)["return"]
    payload_type = next(kind for kind in typing.get_args(returns) or (returns,) if kind is not type(None))
    # Only this annotation is read: others may name types of modules that import this one (strawberry.lazy).
    error_type = typing.get_args(inspect.get_annotations(payload_type)["user_errors"])[0]
    return payload_type, error_type


def _first_line(refusal: type[Refusal]) -> str:
    return (inspect.getdoc(refusal) or "").partition("\n")[0]
