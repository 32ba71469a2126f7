"""What a resolver is given: who asks, when and where, in which language, and the ways down to the rooms below."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias, TypeVar, cast

import strawberry

from fedele.api.loaders import Loaders
from fedele.api.reading import OneReading
from fedele.db.database import Database, Queryable
from fedele.domains.auth.types import MemberPrincipal, Principal, StaffPrincipal
from fedele.domains.members.queries import members_by_id
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

T = TypeVar("T")


class ServiceMissing(LookupError):
    """`bootstrap` was not told how to make this."""


@dataclasses.dataclass(frozen=True, slots=True)
class Services:
    """What `bootstrap` hands to the API. `extras` is found by type: `services.get(PassLinks)`."""

    database: Database
    programmes: ProgrammeSource
    base_url: str = "http://127.0.0.1:8000"
    extras: Mapping[type, object] = dataclasses.field(default_factory=dict)

    def get(self, kind: type[T]) -> T:
        """The one thing of this kind. Raises ServiceMissing if bootstrap made none."""
        try:
            return cast(T, self.extras[kind])
        except KeyError:
            raise ServiceMissing(f"bootstrap hands no {kind.__name__} to the API") from None

    def find(self, kind: type[T]) -> T | None:
        """The one thing of this kind, or None where it is not configured."""
        return cast("T | None", self.extras.get(kind))


@dataclasses.dataclass(slots=True)
class Context:
    """One operation's context. Made by the web floor; read by resolvers; kept by nobody."""

    services: Services
    principal: Principal
    moment: Moment
    locale: str
    request_id: str
    loaders: Loaders
    locale_asked: bool = False  # whether the request named a language; if not, the member's own wins
    volatile: bool = False  # set by a field whose answer changes by itself: the response then gets no ETag
    _programme: Programme | None = None
    _reading: OneReading | None = None
    _shared: dict[object, asyncio.Task[Any]] = dataclasses.field(default_factory=dict)

    @property
    def database(self) -> Database:
        """For transactions: `async with context.database.transaction() as tx`."""
        return self.services.database

    @property
    def reader(self) -> Queryable:
        """For reads outside a transaction. In a query operation the same question is sent to the database once."""
        return self._reading or self.services.database.reader

    def begin_query(self) -> None:
        """The operation only reads: let its fields share what they ask."""
        self._reading = OneReading(self.services.database.reader)
        self.loaders = Loaders(self._reading)

    @property
    def member_id(self) -> MemberId:
        """The member who asks. Only for fields that require MEMBER."""
        if isinstance(self.principal, MemberPrincipal):
            return self.principal.member_id
        raise LookupError("this operation has no member; its root field should require MEMBER")

    @property
    def staff(self) -> StaffPrincipal:
        """The staff key or session that asks; `staff.store` is the store it is bound to. Only for staff's fields."""
        if isinstance(self.principal, StaffPrincipal):
            return self.principal
        raise LookupError("this operation has no staff; its root field should require a scope")

    async def language(self) -> str:
        """The locale to speak to the member in: the one the request asked for, else the one in their profile."""
        if self.locale_asked or not isinstance(self.principal, MemberPrincipal):
            return self.locale
        member = await self.loaders.load(members_by_id, self.principal.member_id)
        return member.locale if member and member.locale else self.locale

    async def once(self, key: object, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `read` answers, read once for all the sibling fields of the operation that ask under the same key."""
        if key not in self._shared:
            self._shared[key] = asyncio.create_task(read())
        answer: T = await asyncio.shield(self._shared[key])
        return answer

    def forget(self) -> None:
        """Forget what was read: after a mutation, its payload must show what it did."""
        self.loaders.clear()
        self._shared.clear()

    async def programme(self) -> Programme:
        """The programme in force at this moment: the same version for the whole operation."""
        if self._programme is None:
            self._programme = await self.services.programmes.at(self.moment.now)
        return self._programme


Info: TypeAlias = strawberry.Info[Context, Any]
