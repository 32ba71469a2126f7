"""The REST twin for tills that cannot speak GraphQL: `/till/v1/{scan,quote,hold,release,settle,return,replay}`.

Every route runs one of the shipped till documents on the staff schema, in process: the same keys and scopes, the same
checks, the same answers. The body holds the document's variables (of a mutation: the fields of its `input`; the key
comes in the header `Idempotency-Key`), the answer is the payload as JSON. What is refused is
`application/problem+json` (RFC 9457) with the code of the userErrors. `/till/v1/openapi.json` is derived from the same
documents.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import OperationDefinitionNode, parse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.api.execution.operations import OperationFile, read_operations
from fedele.api.execution.request import MalformedRequest, OperationRequest, read_object
from fedele.web.graphql import Answer, GraphQLEndpoint
from fedele.web.till_openapi import describe

PREFIX = "/till/v1"
KEY_HEADER = "idempotency-key"
PROBLEM = "application/problem+json"


@dataclasses.dataclass(frozen=True, slots=True)
class TillOperation:
    """A route: its last word, the document behind it, the root field of the answer, and whether it needs a key."""

    name: str
    document: str
    root: str
    summary: str
    keyed: bool = False


OPERATIONS: tuple[TillOperation, ...] = (
    TillOperation("scan", "ScanCode", "scan", "Whom a code, a telephone number or a receipt belongs to."),
    TillOperation("quote", "QuoteBasket", "quote", "What settling a basket would give and cost."),
    TillOperation("hold", "HoldValue", "hold", "Put units and rewards aside for a basket.", keyed=True),
    TillOperation("release", "ReleaseHold", "release", "Give what was put aside back."),
    TillOperation("settle", "SettleSale", "settle", "Settle a sale, whole or not at all.", keyed=True),
    TillOperation("return", "ReturnLines", "returnPurchase", "Take lines of a sale back.", keyed=True),
    TillOperation("replay", "ReplaySales", "replay", "Settle sales that were made without the network."),
)

# HTTP's word for each code; what is not named is a conflict with what is so now.
_STATUS: Mapping[str, int] = {
    **dict.fromkeys(("NOT_FOUND", "MEMBER_NOT_FOUND", "CARD_CODE_UNKNOWN", "PURCHASE_NOT_FOUND"), 404),
    **dict.fromkeys(("STORE_FORBIDDEN", "SECOND_FACT_NEEDED", "PIN_WRONG", "PIN_NOT_SET", "PHONE_LOOKUP_OFF"), 403),
    **dict.fromkeys(("CARD_CODE_REVOKED", "MEMBER_ERASED"), 410),
    **dict.fromkeys(
        (
            "INVALID_INPUT", "BASKET_INVALID", "RETURN_INVALID", "CARD_CODE_MALFORMED", "IDENTITY_INVALID",
            "HOLD_EMPTY", "TENDER_NOT_ACCEPTED", "PAY_LIMIT_EXCEEDED", "OCCURRED_TOO_LONG_AGO",
            "IDEMPOTENCY_KEY_REUSED",
        ),
        422,
    ),
    **dict.fromkeys(("RATE_LIMITED", "PIN_LOCKED"), 429),
    # Of the top-level errors:
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "BAD_USER_INPUT": 400,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "TIMEOUT": 504,
}  # fmt: skip


class TillRoutes:
    """The seven routes and their description, over the staff endpoint."""

    def __init__(self, endpoint: GraphQLEndpoint) -> None:
        self._endpoint = endpoint
        self._documents: dict[str, OperationFile] = {file.name: file for file in read_operations("till")}
        self._openapi: bytes | None = None

    def routes(self) -> list[Route]:
        """To be mounted by `build_app`."""
        own = [Route(f"{PREFIX}/{one.name}", self._answering(one), methods=["POST"]) for one in OPERATIONS]
        return [*own, Route(f"{PREFIX}/openapi.json", self.openapi, methods=["GET"])]

    async def openapi(self, _request: Request) -> Response:
        """OpenAPI 3.1 of these routes, for code generators."""
        if self._openapi is None:
            schema = self._endpoint.engine.schema._schema
            self._openapi = orjson.dumps(describe(schema, OPERATIONS, self._documents, PREFIX))
        return Response(self._openapi, 200, {"cache-control": "public, max-age=300"}, "application/json")

    def _answering(self, operation: TillOperation) -> Any:
        async def answer(request: Request) -> Response:
            try:
                return await self._run(operation, request)
            except MalformedRequest as error:
                return _problem(request, 400, "BAD_REQUEST", str(error))
            except Answer as refused:
                return _problem(request, refused.status, refused.code, refused.message, headers=dict(refused.headers))

        return answer

    async def _run(self, operation: TillOperation, request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise Answer(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json.")
        given = read_object(await self._endpoint.body(request))
        text = self._documents[operation.document].text
        variables = _variables(operation, text, given, request)
        context = self._endpoint.context(request, await self._endpoint.principal(request))
        outcome = await self._endpoint.engine.run(OperationRequest(query=text, variables=variables), context)
        if errors := outcome.body.get("errors"):
            code = errors[0].get("extensions", {}).get("code", "INTERNAL")
            status = _STATUS.get(code, outcome.status if outcome.status >= 400 else 500)
            return _problem(request, status, code, errors[0]["message"])
        payload = dict(outcome.body["data"][operation.root])
        if refused := payload.pop("userErrors"):
            first = refused[0]
            field = [step for step in first["field"] or () if step != "input"] or None
            wait = first.get("retryAfterSeconds")
            headers = {"retry-after": str(wait)} if wait is not None else None
            status = _STATUS.get(first["code"], 409)
            return _problem(request, status, first["code"], first["message"], field=field, headers=headers)
        return Response(orjson.dumps(payload), 200, {"cache-control": "no-store"}, "application/json")


def takes_input(text: str) -> bool:
    """Whether a document's only variable is `input`, as with every mutation."""
    definition = parse(text).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    return [variable.variable.name.value for variable in definition.variable_definitions or ()] == ["input"]


def _variables(operation: TillOperation, text: str, given: dict[str, Any], request: Request) -> dict[str, Any]:
    if not takes_input(text):
        return given
    if not operation.keyed:
        return {"input": given}
    keys = request.headers.getlist(KEY_HEADER)
    if len(keys) != 1 or not keys[0].strip():
        raise Answer(400, "IDEMPOTENCY_KEY_MISSING", "Send one Idempotency-Key header, the same again for a retry.")
    return {"input": {**given, "idempotencyKey": keys[0].strip().strip('"')}}


def _problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    field: list[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """RFC 9457, with our code, the field to blame and the request id."""
    body = {
        "type": f"urn:fedele:{code.lower().replace('_', '-')}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "field": field,
        "requestId": request.state.request_id,
    }
    return Response(orjson.dumps(body), status, {"cache-control": "no-store", **(headers or {})}, PROBLEM)
