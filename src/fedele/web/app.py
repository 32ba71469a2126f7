"""The ASGI application: the two GraphQL endpoints, and the routes that other rooms bring along."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route

from fedele.api.context import Services
from fedele.api.execution.documents import DocumentMode, Documents
from fedele.api.execution.engine import Engine
from fedele.api.execution.limits import Limits
from fedele.api.execution.operations import MEMBER_FOLDERS, STAFF_FOLDERS, built_in_texts, read_operations
from fedele.api.execution.prepared import PreparedCache
from fedele.api.member.freshness import member_fingerprint
from fedele.api.member.schema import build_member_schema
from fedele.api.staff.schema import build_staff_schema
from fedele.domains.documents.types import SchemaName
from fedele.kernel.clock import moment_now
from fedele.web import graphiql
from fedele.web.graphql import Authenticate, Fingerprint, GraphQLEndpoint, TakeMoment
from fedele.web.operations import Measured
from fedele.web.request_ids import RequestIds
from fedele.web.till import TillRoutes

FindPublished: TypeAlias = Callable[[str, SchemaName], Awaitable[str | None]]
Lifespan: TypeAlias = Callable[[Starlette], AbstractAsyncContextManager[None]]

STAFF_BODY_BYTES_MAX = 1024 * 1024  # tills replay a day of offline sales in one request


@dataclasses.dataclass(frozen=True, slots=True)
class WebOptions:
    """What settings say about the web floor. Tokens of members run trusted documents only, unless told otherwise."""

    member_documents: DocumentMode = DocumentMode.TRUSTED
    staff_documents: DocumentMode = DocumentMode.APQ
    cors_origins: tuple[str, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)


def build_app(
    services: Services,
    authenticate: Authenticate,
    *,
    routes: Sequence[BaseRoute] = (),
    options: WebOptions | None = None,
    fingerprint: Fingerprint = member_fingerprint,
    find_published: FindPublished | None = None,
    lifespan: Lifespan | None = None,
    moment: TakeMoment = moment_now,
) -> Starlette:
    """The application. `authenticate` turns a request into a Principal or raises auth's Unauthenticated.

    `routes` are those of other rooms (auth, PassKit, health); `fingerprint` is the state that a member's answers depend
    on; `find_published` finds a published document by its sha256 and schema; `lifespan` opens and closes what was
    wired.
    """
    options = options or WebOptions()

    def endpoint(
        name: SchemaName, schema: strawberry.Schema, mode: DocumentMode, folders: Sequence[str]
    ) -> GraphQLEndpoint:
        cache = PreparedCache(schema._schema, options.limits, introspection=mode is DocumentMode.OPEN)

        async def find(sha256: str) -> str | None:
            return await find_published(sha256, name) if find_published else None

        documents = Documents(cache, mode, built_in_texts(*folders), find)
        return GraphQLEndpoint(
            engine=Engine(schema, documents, name),
            services=services,
            authenticate=authenticate,
            moment=moment,
            samples=tuple((file.name, file.text) for file in read_operations(*folders)),
        )

    member = dataclasses.replace(
        endpoint("member", build_member_schema(), options.member_documents, MEMBER_FOLDERS), fingerprint=fingerprint
    )
    staff = dataclasses.replace(
        endpoint("staff", build_staff_schema(), options.staff_documents, STAFF_FOLDERS),
        path="/staff/graphql",
        body_bytes_max=STAFF_BODY_BYTES_MAX,
    )
    own_routes = [
        Route("/graphql", member.respond, methods=["GET", "POST"]),
        Route("/staff/graphql", staff.respond, methods=["GET", "POST"]),
        *TillRoutes(staff).routes(),
        graphiql.assets(),
    ]
    return Starlette(
        routes=[*own_routes, *routes],
        middleware=_middleware(options),
        lifespan=_closing(lifespan, member.engine.documents, staff.engine.documents),
    )


def _middleware(options: WebOptions) -> list[Middleware]:
    middleware = [Middleware(RequestIds), Middleware(Measured)]
    if options.cors_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=options.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-request-id", "if-none-match"],
            expose_headers=["etag", "x-request-id", "retry-after"],
            max_age=600,
        )
        middleware.append(cors)
    return middleware


def _closing(lifespan: Lifespan | None, *documents: Documents) -> Lifespan:
    @contextlib.asynccontextmanager
    async def run(app: Starlette) -> AsyncIterator[None]:
        async with lifespan(app) if lifespan else contextlib.nullcontext():
            try:
                yield
            finally:
                for one in documents:
                    one.close()

    return run
