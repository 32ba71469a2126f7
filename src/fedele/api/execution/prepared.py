"""Documents made ready to run: parsed, measured, validated, once per text.

The cache is keyed by the text itself: strawberry's own rehashes the whole syntax tree on every request.
"""

import asyncio
import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.validation.rules.max_introspection_depth_rule import MaxIntrospectionDepthRule

from fedele.api.execution.coercion import Coercion, coercion_of
from fedele.api.execution.limits import DocumentTooComplex, Limits, measure
from fedele.api.execution.plans import DocumentPlans, PlanningExecutor

CACHED_CHARACTERS_MAX = 2_000_000  # of text; the syntax trees take some forty times that in memory


class DocumentInvalid(Exception):
    """The document cannot run on this schema; `errors` say why, and `code` which step found out."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may run."""

    text: str
    sha256: str
    schema: GraphQLSchema
    document: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    coercions: dict[str | None, Coercion | None]
    fragments: dict[str, FragmentDetails]
    plans: DocumentPlans

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of this name; without a name, the only one."""
        if name is None:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)

    def executor(
        self, name: str | None, variables: Mapping[str, Any] | None, context: Any
    ) -> PlanningExecutor | list[GraphQLError]:
        """What runs one of the operations with these variables, or what is wrong with them."""
        begun = self._begun(name, variables or {}, context)
        executor = begun or PlanningExecutor.build(
            self.schema, self.document, None, context, dict(variables or {}), name
        )
        if isinstance(executor, list):
            return executor
        assert isinstance(executor, PlanningExecutor)
        executor.plans = self.plans.under(executor.variable_values.coerced)
        return executor

    def _begun(self, name: str | None, variables: Mapping[str, Any], context: Any) -> PlanningExecutor | None:
        """The executor, from what was found out when the document was prepared; None: by the book."""
        operation = self.operation(name)
        coercion = None if operation is None else self.coercions[operation.name.value if operation.name else None]
        values = None if coercion is None else coercion.read(variables)
        if operation is None or values is None:
            return None
        return PlanningExecutor(
            self.schema,
            {key: fragment.definition for key, fragment in self.fragments.items()},
            self.fragments,
            None,
            context,
            operation,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
        )


def sha256_of(text: str) -> str:
    """The document's hash, as every persisted-query protocol counts it: sha256 of the UTF-8 text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def prepare(schema: GraphQLSchema, text: str, limits: Limits | None, introspection: bool = True) -> Prepared:
    """Parse, measure, validate. Raises DocumentInvalid. `limits` is None for published documents.

    Without `introspection` the schema is kept to ourselves: neither `__schema` nor "did you mean". Measuring comes
    before validating, because validating is what a hostile document makes expensive.
    """
    try:
        document = _parse(text, limits)
        if limits is not None:
            measure(document, limits)
    except DocumentTooComplex as error:
        raise DocumentInvalid(error.code, [error]) from None
    except GraphQLError as error:
        raise DocumentInvalid("GRAPHQL_PARSE_FAILED", [error]) from None
    rules = (*specified_rules, MaxIntrospectionDepthRule if introspection else NoSchemaIntrospectionCustomRule)
    errors = validate(schema, document, rules, max_errors=10, hide_suggestions=not introspection)
    if errors:
        raise DocumentInvalid("GRAPHQL_VALIDATION_FAILED", errors)
    operations = {
        definition.name.value if definition.name else None: definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    }
    fragments = {
        definition.name.value: FragmentDetails(definition, None)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    by_the_book = any(fragment.definition.variable_definitions for fragment in fragments.values())
    coercions = {
        name: None if by_the_book else coercion_of(schema, operation) for name, operation in operations.items()
    }
    plans = DocumentPlans(document)
    return Prepared(text, sha256_of(text), schema, document, operations, coercions, fragments, plans)


def _parse(text: str, limits: Limits | None) -> DocumentNode:
    if limits is None:
        return parse(text)
    if len(text) > limits.characters_max:
        raise DocumentTooComplex(f"the document has more than {limits.characters_max} characters")
    return parse(text, max_lexical_tokens=limits.tokens_max, max_comments=limits.comments_max)


class PreparedCache:
    """The documents of one schema, by their text, the least recently used falling out first.

    A text that is not known yet is prepared in a thread of its own, so that the loop goes on serving meanwhile.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, introspection: bool = True) -> None:
        self.schema = schema
        self._limits = limits
        self._introspection = introspection
        self._recent: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self._trusted: dict[str, Prepared] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="graphql-prepare")

    async def get(self, text: str) -> Prepared:
        """A document of somebody's own writing, within the limits. Raises DocumentInvalid."""
        if text in self._recent:
            self._recent.move_to_end(text)
            return self._recent[text]
        loop = asyncio.get_running_loop()
        prepared = await loop.run_in_executor(
            self._worker, prepare, self.schema, text, self._limits, self._introspection
        )
        self._keep(text, prepared)
        return prepared

    async def get_trusted(self, text: str) -> Prepared:
        """A document that was published: no limits. Raises DocumentInvalid if the schema has moved away from it."""
        prepared = self._trusted.get(text)
        if prepared is None:
            loop = asyncio.get_running_loop()
            prepared = await loop.run_in_executor(self._worker, prepare, self.schema, text, None)
            self._trusted[text] = prepared
        return prepared

    def close(self) -> None:
        """Stop the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _keep(self, text: str, prepared: Prepared) -> None:
        self._recent[text] = prepared
        self._characters += len(text)
        while self._characters > CACHED_CHARACTERS_MAX:
            dropped, _ = self._recent.popitem(last=False)
            self._characters -= len(dropped)
