"""Plans: what lies below a resolver is plain attributes, so it is read by a function written for just that selection.

graphql-core walks every leaf through a dozen calls. Most of an answer is frozen records whose fields nobody resolves;
for such a selection we write a Python function once, which builds the dictionaries directly, and keep it with the
document. Anything out of the ordinary (a null where none may be, a value that does not serialise, a class that was not
expected) raises inside the plan; the executor then does that part again by the book, and words the error. Reading
attributes has no effects, so doing it twice changes nothing.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    Undefined,
    is_leaf_type,
)
from graphql.execution import Executor
from graphql.language import DirectiveNode, VariableNode, Visitor, visit

Plan: TypeAlias = Callable[[Any], Any]
PlanKey: TypeAlias = tuple[int, ...]

BACKREF = "strawberry-definition"
CONDITION_SETS_MAX = 8  # of one document: who varies its @include more than that is not worth plans
COMPILE_AT_USE = 2  # a document that comes once is not worth a plan either

_EXACT = {"String": "str", "ID": "str", "Boolean": "bool"}


class NotPlain(Exception):
    """Part of the selection has a resolver of its own: it takes the executor."""


class Anomaly(Exception):
    """The value is not what the plan was written for: the executor takes over and says what is wrong."""


@dataclasses.dataclass(slots=True)
class Plans:
    """The plans of one document under one set of @skip and @include conditions."""

    compiled: dict[PlanKey, Plan | None] = dataclasses.field(default_factory=dict)
    uses: dict[PlanKey, int] = dataclasses.field(default_factory=dict)


class DocumentPlans:
    """All plans of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._conditions = _condition_variables(document)
        self._by_conditions: dict[tuple[Any, ...], Plans] = {}

    def under(self, variables: dict[str, Any]) -> Plans | None:
        """The plans for these variable values, or None when there are too many different ones."""
        key = tuple(variables.get(name) for name in self._conditions)
        plans = self._by_conditions.get(key)
        if plans is None and len(self._by_conditions) < CONDITION_SETS_MAX:
            plans = self._by_conditions[key] = Plans()
        return plans


class PlanningExecutor(Executor[Any]):
    """graphql-core's executor, taking the plan of a selection where there is one."""

    plans: Plans | None = None

    def complete_list_value(self, return_type: Any, field_details_list: Any, *rest: Any) -> Any:
        """A list below a resolver. `rest` is (info, path, result, position context)."""
        return self._planned(super().complete_list_value, return_type, field_details_list, *rest)

    def complete_object_value(self, return_type: Any, field_details_list: Any, *rest: Any) -> Any:
        """An object below a resolver."""
        return self._planned(super().complete_object_value, return_type, field_details_list, *rest)

    def complete_abstract_value(self, return_type: Any, field_details_list: Any, *rest: Any) -> Any:
        """A value of an interface or a union below a resolver."""
        return self._planned(super().complete_abstract_value, return_type, field_details_list, *rest)

    def _planned(
        self, by_the_book: Any, return_type: Any, details: Any, info: Any, path: Any, result: Any, c: Any
    ) -> Any:
        plan = self._plan(return_type, details) if self.plans is not None else None
        if plan is not None:
            try:
                return plan(result)
            except Exception:  # noqa: S110 - told below, in the executor's own words
                pass
        return by_the_book(return_type, details, info, path, result, c)

    def _plan(self, return_type: Any, details: Any) -> Plan | None:
        assert self.plans is not None
        key = (id(return_type), *(id(detail.node) for detail in details))
        if key in self.plans.compiled:
            return self.plans.compiled[key]
        uses = self.plans.uses[key] = self.plans.uses.get(key, 0) + 1
        if uses < COMPILE_AT_USE:
            return None
        try:
            plan: Plan | None = _Writer(self).plan(return_type, details)
        except NotPlain:
            plan = None
        self.plans.compiled[key] = plan
        return plan


class _Writer:
    """Writes the source of one plan. Names in it are numbers of ours, response keys are `repr`s of GraphQL names."""

    def __init__(self, executor: Executor[Any]) -> None:
        self._executor = executor
        self._functions: dict[PlanKey, str] = {}
        self._source: list[str] = []
        self._globals: dict[str, Any] = {"anomaly": _anomaly}
        self._count = 0

    def plan(self, return_type: Any, details: Any) -> Plan:
        """A function from a value of this (nullable) type to what is answered. Raises NotPlain."""
        expression = self._expression(return_type, details, "value")
        self._source.append(f"def plan(value):\n    return {expression}\n")
        # The source is ours: field names from the schema, response names checked by GraphQL's own grammar.
        exec(compile("\n".join(self._source), "<plan>", "exec"), self._globals)  # noqa: S102
        plan: Plan = self._globals["plan"]
        return plan

    def _expression(self, kind: Any, details: Any, name: str) -> str:
        """Python that completes the non-null value in the variable `name`; None raises."""
        if isinstance(kind, GraphQLNonNull):
            return self._expression(kind.of_type, details, name)
        if isinstance(kind, GraphQLList):
            item = self._name("i")
            inner = self._nullable(kind.of_type, details, item)
            return f"[{inner} for {item} in ({name} if {name}.__class__ in (list, tuple) else anomaly({name}))]"
        if is_leaf_type(kind):
            return self._leaf(kind, name)
        if isinstance(kind, GraphQLObjectType):
            return f"{self._object(kind, details)}({name})"
        return f"{self._abstract(kind, details)}[{name}.__class__]({name})"

    def _nullable(self, kind: Any, details: Any, name: str) -> str:
        expression = self._expression(kind, details, name)
        return expression if isinstance(kind, GraphQLNonNull) else f"(None if {name} is None else {expression})"

    def _leaf(self, kind: GraphQLLeafType, name: str) -> str:
        if isinstance(kind, GraphQLEnumType):
            names = {value.value: key for key, value in kind.values.items()}
            members = {member: names[member.value] for member in getattr(kind, "wrapped_cls", ())}
            return f"{self._global('enum', members)}[{name}]"
        serialise = self._global("leaf", _leaf(kind))
        exact = _EXACT.get(kind.name)
        return f"({name} if {name}.__class__ is {exact} else {serialise}({name}))" if exact else f"{serialise}({name})"

    def _object(self, kind: GraphQLObjectType, details: Any) -> str:
        key = (id(kind), *(id(detail.node) for detail in details))
        if key in self._functions:
            return self._functions[key]
        function = self._functions[key] = self._name("object")
        entries = []
        for response_name, inner in self._executor.collect_subfields(kind, details).grouped_field_set.items():
            entries.append(f"{response_name!r}: {self._field(kind, inner)}")
        check = self._class_check(kind)
        self._source.append(f"def {function}(s):\n{check}    return {{{', '.join(entries)}}}\n")
        return function

    def _field(self, kind: GraphQLObjectType, details: Any) -> str:
        name = details[0].node.name.value
        if name == "__typename":
            return repr(kind.name)
        field = kind.fields.get(name)
        if field is None or not _is_plain(field):
            raise NotPlain(f"{kind}.{name}")
        attribute, value = field.extensions[BACKREF].python_name, self._name("v")
        read = f"({value} := s.{attribute})"
        # The variable is bound by the first mention that runs, which is the condition of either form.
        if isinstance(field.type, GraphQLNonNull):
            return f"(anomaly(s) if {read} is None else {self._expression(field.type, details, value)})"
        return f"(None if {read} is None else {self._expression(field.type, details, value)})"

    def _class_check(self, kind: GraphQLObjectType) -> str:
        definition = kind.extensions[BACKREF]
        if kind.is_type_of is None:
            return "    if s is None: anomaly(s)\n"
        if definition.is_type_of is not None:
            raise NotPlain(f"{kind} decides by itself what is one")
        return f"    if s.__class__ is not {self._global('class', definition.origin)}: anomaly(s)\n"

    def _abstract(self, kind: GraphQLInterfaceType | GraphQLUnionType, details: Any) -> str:
        functions: dict[type, str] = {}
        for possible in self._executor.schema.get_possible_types(kind):
            try:
                functions[possible.extensions[BACKREF].origin] = self._object(possible, details)
            except NotPlain:
                continue  # an object of this class raises KeyError, and goes by the book
        table = self._name("classes")
        entries = ", ".join(f"{self._global('class', origin)}: {function}" for origin, function in functions.items())
        self._source.append(f"{table} = {{{entries}}}\n")
        return table

    def _global(self, prefix: str, value: Any) -> str:
        name = self._name(prefix)
        self._globals[name] = value
        return name

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"


def _anomaly(value: Any) -> NoReturn:
    raise Anomaly(type(value).__name__)


def _leaf(kind: GraphQLLeafType) -> Plan:
    coerce = kind.coerce_output_value

    def serialise(value: Any) -> Any:
        if value is None or hasattr(value, "__await__"):
            _anomaly(value)
        coerced = coerce(value)
        return _anomaly(value) if coerced is None or coerced is Undefined else coerced

    return serialise


def _is_plain(field: GraphQLField) -> bool:
    """Whether strawberry would do nothing but getattr."""
    return bool(getattr(field.resolve, "_is_default", False)) and not field.args


def _condition_variables(document: DocumentNode) -> Sequence[str]:
    """The variables that @skip and @include look at, anywhere in the document."""
    names: set[str] = set()

    class Conditions(Visitor):
        def enter_directive(self, node: DirectiveNode, *_rest: Any) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    names.add(argument.value.name.value)

    visit(document, Conditions())
    return sorted(names)
