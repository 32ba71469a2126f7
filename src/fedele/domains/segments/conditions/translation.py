"""A condition over facts as SQL, equal to CEL's evaluator: what it answers true for is where the SQL is true.

SQL's NULL stands for CEL's error (not known, overflow, wrong type): the two languages then share one logic of three
values. Literals travel as parameters. What cannot be said in SQL raises NotTranslatable with its place in the text; the
caller then judges members by the evaluator, in batches.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

from fedele.kernel.expressions import Expression
from fedele.kernel.syntax_tree import Call, Comprehension, Constant, Elements, Node, Other, Select, Variable

SqlKind: TypeAlias = Literal[
    "bool", "int", "double", "text", "moment", "duration", "texts", "dyn", "null", "balances", "zone"
]
TYPES: Mapping[SqlKind, str] = {
    "bool": "boolean", "int": "bigint", "double": "float8", "text": "text", "moment": "timestamptz",
    "duration": "bigint", "texts": "text[]", "dyn": "jsonb",
}  # fmt: skip
DEPTH_MAX = 60
_PLACEHOLDER = re.compile(r"\$(\d+)")
SQL_LENGTH_MAX = 40_000


class NotTranslatable(Exception):
    """This part of a condition has no SQL; line and column count from 1 in its text."""

    def __init__(self, what: str, node: Node) -> None:
        super().__init__(f"line {node.line}, column {node.column}: {what} has no SQL")
        self.what, self.line, self.column = what, node.line, node.column


class NoSql(Exception):
    """As NotTranslatable, raised where the place is not known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """A piece of SQL and the kind of its value. `finite` False: a double that may be an infinity or NaN.

    `literal`: what a constant is, in a tuple of one; None for what a row decides.
    """

    sql: str
    kind: SqlKind
    finite: bool = True
    literal: tuple[Any] | None = None


class Parameters:
    """Values of a statement, numbered as they are added: `$n`. The same value of the same type is sent once."""

    def __init__(self, values: Sequence[Any] = ()) -> None:
        self.values: list[Any] = list(values)
        self._numbers: dict[tuple[str, type, str], int] = {}

    def add(self, value: Any, sql_type: str) -> str:
        """The placeholder of this value, with its type."""
        key = (sql_type, type(value), repr(value))
        if key not in self._numbers:
            self.values.append(value)
            self._numbers[key] = len(self.values)
        return f"${self._numbers[key]}::{sql_type}"

    def of(self, sql: str) -> tuple[str, *tuple[Any, ...]]:
        """A statement and its values, as a fetch takes them: only those that it reads, numbered anew.

        A literal that became part of something else ("24h" in duration()) is read by nobody, and has no type then.
        """
        used = sorted({int(number) for number in _PLACEHOLDER.findall(sql)})
        places = {number: place for place, number in enumerate(used, 1)}
        renumbered = _PLACEHOLDER.sub(lambda found: f"${places[int(found[1])]}", sql)
        return renumbered, *(self.values[number - 1] for number in used)

    def term(self, value: Any) -> Term:
        """A literal."""
        match value:
            case None:
                return Term("'null'::jsonb", "null", literal=(None,))
            case bool():
                return Term("true" if value else "false", "bool", literal=(value,))
            case int():
                return Term(self.add(value, "bigint"), "int", literal=(value,))
            case float():
                return Term(self.add(value, "float8"), "double", literal=(value,))
            case str() if "\0" not in value:
                return Term(self.add(value, "text"), "text", literal=(value,))
        raise NoSql("this literal")


class NameTerms(Protocol):
    """How a declared name reads in SQL."""

    def term(self, name: str, parameters: Parameters) -> Term:
        """The SQL of a name; raises NoSql where it has none."""
        ...

    def balance(self, currency: str) -> Term | None:
        """The available balance of a declared currency; None for another."""
        ...


Operation: TypeAlias = Callable[[Parameters, tuple[Term, ...]], Term]


def translate(
    expression: Expression, names: NameTerms, operations: Mapping[str, Operation], parameters: Parameters
) -> str:
    """The condition as a boolean SQL expression over `member_facts f`; raises NotTranslatable."""
    root = expression.tree
    return truth(_Translator(names, operations, parameters).term(root, {}, 0)).sql


def truth(term: Term) -> Term:
    """A term where a condition is needed: a value of unknown type counts if it is true or false."""
    match term.kind:
        case "bool":
            return term
        case "dyn":
            return Term(f"cel_truth_v1({term.sql})", "bool")
    raise NoSql("something that is no condition")


def as_dyn(term: Term) -> Term:
    """The term as jsonb."""
    if term.kind in ("dyn", "null"):
        return Term(term.sql, "dyn")
    if term.kind in ("bool", "int", "text", "texts") or (term.kind == "double" and term.finite):
        return Term(f"to_jsonb({term.sql})", "dyn")
    raise NoSql("a value of this type among values of unknown type")


class _Translator:
    def __init__(self, names: NameTerms, operations: Mapping[str, Operation], parameters: Parameters) -> None:
        self._names, self._operations, self._parameters = names, operations, parameters
        self._variables = 0

    def term(self, node: Node, scope: Mapping[str, Term], depth: int) -> Term:
        """The SQL of a node; `scope` holds the variables of comprehensions around it."""
        if depth > DEPTH_MAX:
            raise NotTranslatable("so deep a nesting", node)
        try:
            found = self._term(node, scope, depth + 1)
        except NoSql as reason:
            raise NotTranslatable(str(reason), node) from None
        if len(found.sql) > SQL_LENGTH_MAX:  # a choice repeats its condition, so nesting them doubles the text
            raise NotTranslatable("so large an expression", node)
        return found

    def _term(self, node: Node, scope: Mapping[str, Term], depth: int) -> Term:
        match node:
            case Constant():
                return self._parameters.term(node.value)
            case Variable():
                return scope[node.name] if node.name in scope else self._names.term(node.name, self._parameters)
            case Select():
                return self._select(self.term(node.operand, scope, depth), node.field, node.tests)
            case Elements():
                raise NoSql("a list outside of `in`, exists and all")
            case Call():
                return self._call(node, scope, depth)
            case Comprehension():
                return self._comprehension(node, scope, depth)
            case Other():
                raise NoSql(node.what)
        raise NoSql("this")

    def _select(self, operand: Term, field: str, tests: bool) -> Term:
        if operand.kind == "balances":
            balance = self._names.balance(field)
            if tests:
                return self._parameters.term(balance is not None)
            return balance or Term("NULL::float8", "double")
        if operand.kind == "dyn":
            key = self._parameters.term(field).sql
            function, kind = ("cel_has_v1", "bool") if tests else ("cel_field_v1", "dyn")
            return Term(f"{function}({operand.sql}, {key})", "bool" if kind == "bool" else "dyn")
        raise NoSql("a field of this")

    def _call(self, node: Call, scope: Mapping[str, Term], depth: int) -> Term:
        arguments = node.arguments
        match node.function, arguments:
            case "@in", (needle, Elements(items=items)):
                return self._in_list(needle, items, scope, depth)
            case "_[_]", (operand, Constant(value=str() as key)):
                return self._select(self.term(operand, scope, depth), key, tests=False)
            case "@in", (Constant(value=str() as key), operand) if self._is_balances(operand):
                return self._parameters.term(self._names.balance(key) is not None)
        operation = self._operations.get(node.function)
        if operation is None:
            raise NoSql(f"{node.function.strip('_@')}()" if node.function[0].isalpha() else f"'{node.function}'")
        return operation(self._parameters, tuple(self.term(argument, scope, depth) for argument in arguments))

    def _is_balances(self, node: Node) -> bool:
        return isinstance(node, Variable) and node.name == "member.balances"

    def _in_list(self, needle: Node, items: tuple[Node, ...], scope: Mapping[str, Term], depth: int) -> Term:
        """Equal to one of the constants. A list with something that may be an error is one as a whole."""
        term = self.term(needle, scope, depth)
        if not all(isinstance(item, Constant) for item in items):
            raise NoSql("`in` a list of anything but constants")
        if not items:
            return Term(f"CASE WHEN ({term.sql}) IS NOT NULL THEN false END", "bool")
        if term.kind == "text" and all(isinstance(item, Constant) and isinstance(item.value, str) for item in items):
            values = [self._parameters.term(item.value).literal for item in items if isinstance(item, Constant)]
            listed = self._parameters.add([value[0] for value in values if value], "text[]")
            return Term(f"({term.sql} = ANY({listed}))", "bool")
        equal = self._operations["_==_"]
        parts = [equal(self._parameters, (term, self.term(item, scope, depth))).sql for item in items]
        return Term(f"({' OR '.join(parts)})", "bool")

    def _comprehension(self, node: Comprehension, scope: Mapping[str, Term], depth: int) -> Term:
        """exists and all, whose step folds `predicate` into the accumulator, and exists_one, which counts."""
        found = _macro(node)
        if found is None or node.second_variable:
            raise NoSql("this macro")
        macro, predicate = found
        if isinstance(node.over, Elements):
            return self._unrolled(macro, predicate, node, node.over.items, scope, depth)
        over = self.term(node.over, scope, depth)
        if over.kind not in ("texts", "dyn"):
            raise NoSql("a macro over this")
        self._variables += 1
        name = f"v{self._variables}"
        item = Term(f"{name}.item", "text" if over.kind == "texts" else "dyn")
        inner = truth(self.term(predicate, {**scope, node.variable: item}, depth)).sql
        if over.kind == "texts":
            source, known = f"unnest({over.sql})", f"({over.sql}) IS NOT NULL"
        else:
            source, known = f"cel_items_v1({over.sql})", f"jsonb_typeof({over.sql}) IN ('array', 'object')"
        return Term(
            f"CASE WHEN {known} THEN (SELECT {_FOLDS[macro]} FROM"
            f" (SELECT {inner} AS p FROM {source} AS {name}(item)) AS {name}_folded) END",
            "bool",
        )

    def _unrolled(
        self, macro: str, predicate: Node, node: Comprehension, items: tuple[Node, ...],
        scope: Mapping[str, Term], depth: int,
    ) -> Term:  # fmt: skip
        if macro == "exists_one" or not all(isinstance(item, Constant) for item in items):
            raise NoSql(f"{macro} over a list of anything but constants")
        parts = []
        for item in items:
            bound = {**scope, node.variable: self.term(item, scope, depth)}
            parts.append(truth(self.term(predicate, bound, depth)).sql)
        if not parts:
            return self._parameters.term(macro == "all")
        return Term(f"({(' OR ' if macro == 'exists' else ' AND ').join(parts)})", "bool")


_FOLDS = {
    "exists": "CASE WHEN bool_or(p) THEN true WHEN bool_or(p IS NULL) THEN NULL ELSE false END",
    "all": "CASE WHEN NOT bool_and(p) THEN false WHEN bool_or(p IS NULL) THEN NULL ELSE true END",
    "exists_one": "CASE WHEN bool_or(p IS NULL) THEN NULL ELSE count(*) FILTER (WHERE p) = 1 END",
}


def _macro(node: Comprehension) -> tuple[str, Node] | None:
    """Which macro this comprehension was, and its predicate, by the shape that CEL's parser gives it."""
    match node.start, node.step:
        case Constant(value=False), Call(function="_||_", arguments=(Variable(name=name), predicate)):
            return ("exists", predicate) if name == node.accumulator else None
        case Constant(value=True), Call(function="_&&_", arguments=(Variable(name=name), predicate)):
            return ("all", predicate) if name == node.accumulator else None
        case Constant(value=0), Call(
            function="_?_:_",
            arguments=(predicate, Call(function="_+_", arguments=(Variable(name=name), Constant(value=1))), Variable()),
        ):
            return ("exists_one", predicate) if name == node.accumulator and _is_one(node.result) else None
    return None


def _is_one(result: Node) -> bool:
    match result:
        case Call(function="_==_", arguments=(Variable(), Constant(value=1))):
            return True
    return False
