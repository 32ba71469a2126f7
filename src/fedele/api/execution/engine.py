"""Run a prepared document: the executor, its deadline, and one log line for each operation."""

import asyncio
import dataclasses
import inspect
import time
from typing import Any

import strawberry
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType

from fedele.api.context import Context
from fedele.api.errors import ApiError
from fedele.api.execution.documents import Documents
from fedele.api.execution.limits import DocumentTooComplex
from fedele.api.execution.masking import format_error
from fedele.api.execution.prepared import DocumentInvalid, Prepared
from fedele.api.execution.request import OperationRequest
from fedele.db.database import DATABASE_LOST, counting

log = structlog.get_logger("fedele.graphql")

OPERATION_SECONDS_MAX = 30.0


class OperationTimedOut(ApiError):
    """The operation took longer than this server waits."""

    code = "TIMEOUT"
    status = 504


class MutationByGet(ApiError):
    """A GET reads; whatever changes something is a POST."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The response's body, and whether the request failed before anything ran (then there is no `data` at all)."""

    body: dict[str, Any]
    status: int = 200  # what a request error deserves where the media type lets us say so
    request_failed: bool = False
    prepared: Prepared | None = None


class Engine:
    """One schema with its documents: from an OperationRequest to an Outcome."""

    def __init__(self, schema: strawberry.Schema, documents: Documents, name: str) -> None:
        self.schema = schema
        self.documents = documents
        self.name = name
        self._core = schema._schema

    async def run(self, request: OperationRequest, context: Context, *, read_only: bool = False) -> Outcome:
        """Find, prepare and execute; never raises but for cancellation. `read_only` refuses mutations (GET)."""
        started = time.perf_counter()
        prepared: Prepared | None = None
        with counting() as statements:
            try:
                prepared = await self.documents.find(request)
                outcome = await self._execute(prepared, request, context, read_only)
            except DocumentInvalid as invalid:
                outcome = self._refuse(invalid.errors, context, invalid.code)
            except ApiError as error:
                outcome = self._refuse([error], context, error.code, error.status)
            except RecursionError:
                nested = DocumentTooComplex("the variables are nested too deeply")
                outcome = self._refuse([nested], context, nested.code)
            except Exception as bug:
                status = 503 if isinstance(bug, DATABASE_LOST) else 500
                outcome = self._refuse([GraphQLError("", original_error=bug)], context, None, status)
        log.info(
            "graphql.operation",
            schema=self.name,
            operation=_operation_name(prepared, request),
            sha256=prepared.sha256[:16] if prepared else None,
            milliseconds=round((time.perf_counter() - started) * 1000, 2),
            statements=len(statements),
            errors=[error["extensions"]["code"] for error in outcome.body.get("errors", ())],
            request_id=context.request_id,
        )
        return outcome

    async def _execute(
        self, prepared: Prepared, request: OperationRequest, context: Context, read_only: bool
    ) -> Outcome:
        operation = prepared.operation(request.operation_name)
        if read_only and operation is not None and operation.operation is not OperationType.QUERY:
            raise MutationByGet("a GET may only query; send mutations by POST")
        if operation is not None and operation.operation is OperationType.QUERY:
            context.begin_query()
        executor = prepared.executor(request.operation_name, request.variables, context)
        if isinstance(executor, list):
            return self._refuse(executor, context, "BAD_USER_INPUT")
        try:
            async with asyncio.timeout(OPERATION_SECONDS_MAX):
                result = executor.execute_operation()
                if inspect.isawaitable(result):
                    result = await result
        except TimeoutError:
            raise OperationTimedOut(f"the operation took longer than {OPERATION_SECONDS_MAX:.0f} seconds") from None
        assert isinstance(result, ExecutionResult), "@defer and @stream are off"
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [format_error(error, context.request_id, context.locale) for error in result.errors]
        return Outcome(body, prepared=prepared)

    def _refuse(self, errors: list[GraphQLError], context: Context, code: str | None, status: int = 400) -> Outcome:
        formatted = [format_error(error, context.request_id, context.locale, code) for error in errors]
        return Outcome({"errors": formatted}, status=status, request_failed=True)


def _operation_name(prepared: Prepared | None, request: OperationRequest) -> str | None:
    if request.operation_name or prepared is None:
        return request.operation_name
    operation = prepared.operation(None)
    return operation.name.value if operation and operation.name else None
