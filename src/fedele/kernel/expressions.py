"""Conditions and amounts of the programme file, in CEL (Common Expression Language), checked when they are read.

An Environment declares names with their types ("member.tier" is a text). Names are flat dotted variables for CEL, so
its own checker finds a misspelt `member.teir`, which it could not do inside a map. Numbers with decimals reach CEL as
doubles; comparing them with literals is exact (both sides are the double nearest to the same decimal), and a computed
amount is read back to 6 decimals, which removes the noise of binary arithmetic. Value itself is multiplied as Decimal.
"""

import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_strings
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from fedele.kernel import syntax_tree
from fedele.kernel.chains import needed_texts
from fedele.kernel.checked import names_read

Kind: TypeAlias = Literal["bool", "int", "number", "text", "moment", "texts", "map", "maps"]
Result: TypeAlias = Literal["bool", "number"]
Value: TypeAlias = bool | Decimal

TEXT_LENGTH_MAX = 4_000
_AMOUNT_STEP = Decimal("0.000001")
_AMOUNT_MAX = Decimal(10) ** 12

_TYPES: dict[Kind, Any] = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "text": cel.Type.STRING,
    "moment": cel.Type.TIMESTAMP,
    "texts": cel.Type.List(cel.Type.STRING),
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "maps": cel.Type.List(cel.Type.Map(cel.Type.STRING, cel.Type.DYN)),
}
_ALLOWED = {"bool": ("BOOL", "DYN"), "number": ("INT", "DOUBLE", "UINT", "DYN")}


@dataclasses.dataclass(frozen=True, slots=True)
class Name:
    """One documented name that conditions may use."""

    key: str
    kind: Kind
    description: str


class ExpressionMistake(ValueError):
    """The text is not a valid expression here. `line` and `column` count from 1 within the expression's own text."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


@dataclasses.dataclass(frozen=True, slots=True)
class ExpressionError:
    """An evaluation that gave no value: `missing` when something it needs is not known, else it went wrong."""

    message: str
    missing: bool


class Environment:
    """The names that one kind of expression may use, with their types. Made once; compiling needs it."""

    def __init__(self, key: str, *groups: tuple[Name, ...]) -> None:
        self.key = key
        self.names = {name.key: name for group in groups for name in group}

    @cached_property
    def _cel(self) -> Any:
        variables = {name.key: _TYPES[name.kind] for name in self.names.values()}
        return cel.NewEnv(variables=variables, extensions=[ext_math.ExtMath(), ext_strings.ExtStrings()])

    def compile(self, text: str, result: Result) -> "Expression":
        """Check and compile. Raises ExpressionMistake with words and the place of the mistake."""
        return Expression(text, self, result)

    def bind(self, values: Mapping[str, Any]) -> "Bindings":
        """Values for the declared names, converted once and used for many expressions. None means: not known.

        Raises KeyError for a name that is not declared here, so that a misspelt binding cannot go unnoticed.
        """
        if undeclared := [key for key in values if key not in self.names]:
            raise KeyError(f"kernel.vocabulary declares no {', '.join(undeclared)} for {self.key} expressions")
        plain = {key: _plain(value, self.names[key].kind) for key, value in values.items() if value is not None}
        return Bindings(self, plain)


class Bindings:
    """Converted values of one environment; see Environment.bind."""

    __slots__ = ("_activation", "environment", "values")

    def __init__(self, environment: Environment, values: dict[str, Any]) -> None:
        self.environment = environment
        self.values = values
        self._activation = environment._cel.Activation(values)


class Rows(list[Bindings]):
    """The sets of values of one table, say a basket's lines, which many conditions look at: their texts by name.

    Not to be changed once a condition has looked at it.
    """

    def __init__(self, rows: Iterable[Bindings]) -> None:
        super().__init__(rows)
        self.environment = self[0].environment if self else None
        self._texts: dict[str, frozenset[str] | None] = {}

    def texts(self, name: str) -> frozenset[str] | None:
        """The different texts under this name; None unless every row has one."""
        if name not in self._texts:
            values = [row.values.get(name) for row in self]
            are_texts = all(value.__class__ is str for value in values)
            self._texts[name] = frozenset(cast(list[str], values)) if are_texts else None
        return self._texts[name]


class Expression:
    """One compiled expression. Equal when text, environment and result are."""

    __slots__ = ("_constant", "_names", "_needs", "_program", "environment", "result", "text")

    def __init__(self, text: str, environment: Environment, result: Result) -> None:
        self.text, self.environment, self.result = text.strip(), environment, result
        self._constant = _decimal(self.text) if result == "number" else None
        self._program: Any = None
        self._names: frozenset[str] | None = None
        if self._constant is None:
            self._program = self._compile()
        # None: not asked yet, which most expressions never are.
        self._needs: tuple[tuple[str, frozenset[str]], ...] | None = None

    def _compile(self) -> Any:
        if not self.text:
            raise ExpressionMistake("is empty: write a condition, or leave the key out")
        if len(self.text) > TEXT_LENGTH_MAX:
            raise ExpressionMistake(f"is longer than {TEXT_LENGTH_MAX} characters")
        try:
            program = self.environment._cel.compile(self.text)
        except RuntimeError as error:
            raise _mistake(self.text, str(error), self.environment) from None
        if (kind := program.return_type().name()) not in _ALLOWED[self.result]:
            wanted = "a condition (true or false)" if self.result == "bool" else "a number"
            raise ExpressionMistake(f"gives {_words(kind)} where {wanted} is needed")
        return program

    @property
    def constant(self) -> Decimal | None:
        """The amount, if it is a plain number; None for what must be evaluated."""
        return self._constant

    @property
    def names(self) -> frozenset[str]:
        """The declared names that the expression reads."""
        if self._names is None:
            read = frozenset() if self._program is None else names_read(self._program.serialize())
            self._names = frozenset(read & self.environment.names.keys())
        return self._names

    @property
    def tree(self) -> syntax_tree.Node:
        """The checked expression as a tree, for who translates it."""
        if self._program is None:
            return syntax_tree.Constant(1, 1, self._constant)
        return syntax_tree.parse(self._program.serialize(), self.text)

    def evaluate(self, bindings: Bindings) -> Value | ExpressionError:
        """The value, or an ExpressionError that says why there is none. Never raises for what the data holds."""
        return self.evaluate_each((bindings,))[0]

    def evaluate_each(self, sets: Sequence[Bindings]) -> list[Value | ExpressionError]:
        """The value for each of these sets of values, in their order; see `evaluate`."""
        if self._constant is not None:
            return [self._constant] * len(sets)
        if isinstance(sets, Rows) and self.result == "bool" and self._refuted_everywhere(sets):
            return [False] * len(sets)
        found: list[Value | ExpressionError] = []
        is_condition, evaluate = self.result == "bool", self._program.eval
        for bindings in sets:
            if bindings.environment is not self.environment:
                kinds = f"bindings of {bindings.environment.key} given to an expression of {self.environment.key}"
                raise TypeError(kinds)
            if is_condition and self._refuted(bindings.values):
                found.append(False)
                continue
            value = evaluate(bindings._activation)
            plain = value.value()
            found.append(plain if is_condition and plain.__class__ is bool else self._other(value, plain))
        return found

    def _refuted(self, values: Mapping[str, Any]) -> bool:
        """Whether a text that the condition needs is another one: most rules fail so, and for a hundredth of the cost.

        CEL's `&&` is false as soon as one side is, even if the other is an error, so that the answer is the same.
        """
        for name, needed in self._texts_needed():
            value = values.get(name)
            if value.__class__ is str and value not in needed:
                return True
        return False

    def _refuted_everywhere(self, rows: "Rows") -> bool:
        """The same for all lines of a basket at once: one look at the texts that occur in them."""
        for name, needed in self._texts_needed():
            texts = rows.texts(name)
            if texts is not None and texts.isdisjoint(needed):
                return rows.environment is self.environment
        return False

    def _texts_needed(self) -> tuple[tuple[str, frozenset[str]], ...]:
        if self._needs is None:
            texts = {name.key for name in self.environment.names.values() if name.kind == "text"}
            self._needs = tuple((name, needed) for name, needed in needed_texts(self.text) if name in texts)
        return self._needs

    def _other(self, value: Any, plain: Any) -> Value | ExpressionError:
        """An amount, or the words for what is neither an amount nor a condition's answer."""
        if self.result == "number" and isinstance(plain, int | float) and not isinstance(plain, bool):
            return _amount(plain)
        return _failure(plain) if value.type() == cel.Type.ERROR else _wrong_kind(value.type().name(), self.result)

    def holds(self, bindings: Bindings) -> bool:
        """Whether a condition is true. What cannot be known does not hold."""
        return self.evaluate(bindings) is True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, str, str]:
        return self.text, self.environment.key, self.result

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True, slots=True)
class Typed:
    """Makes `Annotated[Expression, Typed(LINE, "bool")]` a pydantic field that reads the expression's text."""

    environment: Environment
    result: Result

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        names = ", ".join(sorted(self.environment.names))
        kind = "condition" if self.result == "bool" else "amount: a number or an expression"
        types = ["string", "boolean"] if self.result == "bool" else ["string", "number"]
        return {"type": types, "description": f"CEL {kind}. Names: {names}."}

    def _read(self, value: Any) -> Expression:
        if isinstance(value, Expression):
            value = value.text
        if isinstance(value, bool) and self.result == "bool":
            value = "true" if value else "false"
        elif isinstance(value, int | Decimal) and not isinstance(value, bool) and self.result == "number":
            value = format(Decimal(value), "f")
        if not isinstance(value, str):
            raise PydanticCustomError("expression", "must be a CEL expression in quotes")
        try:
            return Expression(value, self.environment, self.result)
        except ExpressionMistake as mistake:
            raise PydanticCustomError(
                "expression",
                "{words} (in the expression, line {line}, column {column})",
                {"words": mistake.message, "line": mistake.line, "column": mistake.column},
            ) from None


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > _AMOUNT_MAX:
        raise ExpressionMistake(f"is not a number between -{_AMOUNT_MAX} and {_AMOUNT_MAX}")
    return value


def _amount(plain: int | float) -> Decimal | ExpressionError:
    value = Decimal(plain) if isinstance(plain, int) else Decimal(repr(plain))
    if not value.is_finite() or abs(value) > _AMOUNT_MAX:
        return ExpressionError(f"the amount {plain} is out of range", missing=False)
    return value if isinstance(plain, int) else value.quantize(_AMOUNT_STEP, ROUND_HALF_EVEN)


def _plain(value: Any, kind: Kind) -> Any:
    """A Python value as CEL takes it for this kind: Decimal → double, aware datetimes only, nested values cleaned."""
    match kind:
        case "number":
            return float(value)
        case "map" | "maps" | "texts":
            return _nested(value)
        case _:
            return value


def _nested(value: Any) -> Any:
    """Inside maps CEL takes no datetime and no Decimal: ISO text and doubles instead."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return float(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): _nested(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_nested(item) for item in value]
        case _:
            return str(value)


_MISSING_NAME = re.compile(r'No value with name "([^"]+)"')
_MISSING_KEY = re.compile(r'Key not found in map : "?([^"]*)"?')


def _failure(words: str) -> ExpressionError:
    if found := _MISSING_NAME.search(words) or _MISSING_KEY.search(words):
        return ExpressionError(f"{found[1]} is not known", missing=True)
    status, separator, rest = words.partition(": ")
    return ExpressionError(rest if separator and status.isupper() else words, missing=False)


def _wrong_kind(kind: str, result: Result) -> ExpressionError:
    wanted = "true or false" if result == "bool" else "a number"
    return ExpressionError(f"gave {_words(kind)} where {wanted} is needed", missing=False)


def _words(kind: str) -> str:
    return {
        "STRING": "a text",
        "INT": "a whole number",
        "DOUBLE": "a number with decimals",
        "BOOL": "true or false",
        "TIMESTAMP": "a moment in time",
        "DURATION": "a duration",
        "LIST": "a list",
        "MAP": "a map",
        "NULL": "nothing",
    }.get(kind, kind.lower())


_POSITION = re.compile(r"<input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_OVERLOAD = re.compile(r"no matching overload for '([^']+)' applied to '([^']*)'")


def _mistake(text: str, raw: str, environment: Environment) -> ExpressionMistake:
    """CEL's own complaint, in words that say what to do."""
    found = _POSITION.search(raw)
    if not found:
        return ExpressionMistake(raw.splitlines()[0] if raw else "cannot be compiled")
    line, column, words = int(found[1]), int(found[2]), found[3].removesuffix("[INVALID_ARGUMENT]").strip()
    if name := _UNDECLARED.search(words):
        written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
        if written[column - 1 : column] == ".":
            column -= len(name[1].rpartition(".")[0])
        return ExpressionMistake(_unknown_name(name[1], environment), line, max(column, 1))
    if overload := _OVERLOAD.search(words):
        return ExpressionMistake(_no_overload(overload[1], overload[2]), line, column)
    return ExpressionMistake(_syntax(text, line, column) or words[0].lower() + words[1:], line, column)


_SLIPS = (
    (re.compile(r"=(?![=~])"), "is no sign of CEL here: to compare, write == for equal or != for not equal"),
    (re.compile(r"(?i)and\b"), "is no word of CEL: write && instead"),
    (re.compile(r"(?i)or\b"), "is no word of CEL: write || instead"),
    (re.compile(r"(?i)not\b"), "is no word of CEL: write ! before what must not hold"),
)


def _syntax(text: str, line: int, column: int) -> str | None:
    """What people write who think in another language: a single =, and, or, not."""
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    here = written[max(column - 1, 0) :].lstrip()
    for slip, words in _SLIPS:
        if found := slip.match(here):
            return f"'{found[0]}' {words}"
    return None


def _unknown_name(name: str, environment: Environment) -> str:
    close = difflib.get_close_matches(name, environment.names, n=1, cutoff=0.6)
    family = sorted(key for key in environment.names if key.startswith(name.partition(".")[0] + "."))
    if close:
        return f"does not know the name '{name}'. Did you mean '{close[0]}'?"
    if family:
        return f"does not know the name '{name}'. There are: {', '.join(family)}"
    groups = sorted({key.partition(".")[0] for key in environment.names})
    return f"does not know the name '{name}'. Names here begin with: {', '.join(groups)}"


def _no_overload(operator: str, kinds: str) -> str:
    parts = {part.strip() for part in kinds.strip("()").split(",")}
    sign = operator.strip("_")
    if parts == {"int", "double"}:
        return f"'{sign}' mixes whole numbers and numbers with decimals: write 5.0 instead of 5, or 5 instead of 5.0"
    return f"'{sign}' cannot be used on {kinds.strip('()') or 'nothing'}"
