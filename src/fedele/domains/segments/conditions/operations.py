"""CEL's operators and functions as SQL: what each gives for kinds of operands. An operand that is NULL is an error, and
gives NULL; see `translation`. A combination that is not here has no SQL, and the evaluator judges instead.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from zoneinfo import available_timezones

from fedele.domains.segments.conditions.translation import NoSql, Operation, Parameters, Term, as_dyn, truth

# Doubles hold every whole number up to here: comparing as doubles is then exact.
EXACT_INT_MAX = 2**53 - 1
_COMPARE = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
_DYN_ORDERED = ("int", "double", "text", "bool", "dyn")


def _and(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return Term(f"({truth(terms[0]).sql} AND {truth(terms[1]).sql})", "bool")


def _or(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return Term(f"({truth(terms[0]).sql} OR {truth(terms[1]).sql})", "bool")


def _not(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return Term(f"(NOT {truth(terms[0]).sql})", "bool")


def _choice(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    condition, yes, no = terms
    if yes.kind != no.kind:
        yes, no = as_dyn(yes), as_dyn(no)
    elif yes.kind == "balances":
        raise NoSql("a choice between maps")
    sql = truth(condition).sql
    finite = yes.finite and no.finite
    return Term(f"CASE WHEN {sql} THEN {yes.sql} WHEN NOT {sql} THEN {no.sql} END", yes.kind, finite)


def _equal(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    left, right = terms
    if left.kind == "dyn" or right.kind == "dyn":
        return _equal_dyn(left, right)
    if "balances" in (left.kind, right.kind):
        raise NoSql("a comparison of whole maps")
    if {left.kind, right.kind} == {"int", "double"}:
        left, right = _as_double(left), _as_double(right)
    if left.kind != right.kind:
        # Of different types, so different; an operand that is an error still is one.
        return Term(f"CASE WHEN ({left.sql}) IS NOT NULL AND ({right.sql}) IS NOT NULL THEN false END", "bool")
    if left.finite and right.finite:
        return Term(f"({left.sql} = {right.sql})", "bool")
    return Term(f"({left.sql} = {right.sql} AND {left.sql} <> 'NaN')", "bool")


def _equal_dyn(left: Term, right: Term) -> Term:
    value, other = (left, right) if left.kind == "dyn" else (right, left)
    if other.kind == "text" or other.kind == "bool" or other.kind == "null":
        return Term(f"({value.sql} = {as_dyn(other).sql})", "bool")
    if other.kind in ("moment", "duration"):
        return Term(f"CASE WHEN ({value.sql}) IS NOT NULL AND ({other.sql}) IS NOT NULL THEN false END", "bool")
    if other.kind == "texts" or other.kind == "balances":
        raise NoSql("a comparison of whole lists or maps")
    if _is_exact(other):
        number = f"(cel_number_v1({value.sql}) = {_as_double(other).sql})"
        return Term(f"CASE WHEN jsonb_typeof({value.sql}) = 'number' THEN {number} WHEN ({value.sql}) IS NOT NULL"
                    " THEN false END", "bool")  # fmt: skip
    return Term(f"cel_equal_v1({value.sql}, {as_dyn(other).sql})", "bool")


def _unequal(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return Term(f"(NOT {_equal(parameters, terms).sql})", "bool")


def _is_exact(term: Term) -> bool:
    """A literal number that compares exactly as a double with every number that JSON holds."""
    if term.literal is None or term.kind not in ("int", "double"):
        return False
    return term.kind == "double" or abs(term.literal[0]) <= EXACT_INT_MAX


def _compare(sign: str, parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    left, right = terms
    if left.kind == "dyn" or right.kind == "dyn":
        return _compare_dyn(sign, left, right)
    if {left.kind, right.kind} == {"int", "double"}:
        left, right = _as_double(left), _as_double(right)
    if left.kind != right.kind or left.kind not in ("int", "double", "text", "moment", "duration", "bool"):
        raise NoSql("an order of these")
    collation = ' COLLATE "C"' if left.kind == "text" else ""
    plain = f"{left.sql}{collation} {sign} {right.sql}"
    if left.finite and right.finite:
        return Term(f"({plain})", "bool")
    # NaN is neither less nor more than anything: false, while SQL puts it above everything.
    return Term(f"({plain} AND {left.sql} <> 'NaN' AND {right.sql} <> 'NaN')", "bool")


def _compare_dyn(sign: str, left: Term, right: Term) -> Term:
    if left.kind not in _DYN_ORDERED or right.kind not in _DYN_ORDERED:
        return Term("NULL::boolean", "bool")
    if left.kind == "dyn" and _is_exact(right):
        return Term(f"(cel_number_v1({left.sql}) {sign} {_as_double(right).sql})", "bool")
    if right.kind == "dyn" and _is_exact(left):
        return Term(f"({_as_double(left).sql} {sign} cel_number_v1({right.sql}))", "bool")
    return Term(f"(cel_compare_v1({as_dyn(left).sql}, {as_dyn(right).sql}) {sign} 0)", "bool")


def _as_double(term: Term) -> Term:
    if term.kind == "double":
        return term
    return Term(f"({term.sql})::float8", "double", literal=term.literal)


def _arithmetic(sign: str, parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    left, right = terms
    match left.kind, right.kind:
        case "int", "int":
            return Term(_whole(sign, left.sql, right.sql), "int")
        case "double", "double" if sign != "%":
            return Term(f"cel_double_v1('{sign}', {left.sql}, {right.sql})", "double", finite=False)
        case "text", "text" if sign == "+":
            return Term(f"({left.sql} || {right.sql})", "text")
        case "texts", "texts" if sign == "+":
            return Term(f"({left.sql} || {right.sql})", "texts")
        case "moment", "duration" if sign in "+-":
            return Term(f"cel_moved_v1({left.sql}, {'-' if sign == '-' else ''}({right.sql})::numeric)", "moment")
        case "duration", "moment" if sign == "+":
            return Term(f"cel_moved_v1({right.sql}, ({left.sql})::numeric)", "moment")
        case "moment", "moment" if sign == "-":
            return Term(f"cel_between_v1({left.sql}, {right.sql})", "duration")
        case "duration", "duration" if sign in "+-":
            return Term(f"cel_int_v1(({left.sql})::numeric {sign} ({right.sql}))", "duration")
    raise NoSql(f"'{sign}' of these")


def _whole(sign: str, left: str, right: str) -> str:
    """Whole numbers: out of range is an error, and so is a division by zero; both truncate towards zero."""
    if sign == "/":
        return f"cel_int_v1(div(({left})::numeric, nullif({right}, 0)::numeric))"
    if sign == "%":
        return f"cel_int_v1(mod(({left})::numeric, nullif({right}, 0)::numeric))"
    return f"cel_int_v1(({left})::numeric {sign} ({right})::numeric)"


def _negative(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    if term.kind == "int":
        return Term(f"cel_int_v1(-({term.sql})::numeric)", "int")
    if term.kind == "double":
        return Term(f"(-({term.sql}))", "double", term.finite)
    raise NoSql("a minus before this")


def _in(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    needle, hay = terms
    if hay.kind == "texts" and needle.kind == "text":
        # Without the question whether it is known, NULL = ANY of an empty array would be false.
        return Term(f"CASE WHEN ({needle.sql}) IS NOT NULL THEN {needle.sql} = ANY({hay.sql}) END", "bool")
    if hay.kind == "dyn" and needle.kind == "text":
        return Term(f"cel_in_v1({needle.sql}, {hay.sql})", "bool")
    raise NoSql("`in` of these")


def _text_of(term: Term) -> str:
    if term.kind == "text":
        return term.sql
    if term.kind == "dyn":
        return f"cel_text_v1({term.sql})"
    raise NoSql("a text function of what is no text")


def _contains(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return Term(f"(strpos({_text_of(terms[0])}, {_text_of(terms[1])}) > 0)", "bool")


def _starts(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return Term(f"starts_with({_text_of(terms[0])}, {_text_of(terms[1])})", "bool")


def _ends(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    whole, end = _text_of(terms[0]), _text_of(terms[1])
    return Term(f"(right({whole}, char_length({end})) = {end})", "bool")


def _lower(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    letters = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'"
    return Term(f"translate({_text_of(terms[0])}, {letters})", "text")


def _upper(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    letters = "'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"
    return Term(f"translate({_text_of(terms[0])}, {letters})", "text")


def _size(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    match term.kind:
        case "text":
            return Term(f"char_length({term.sql})::bigint", "int")
        case "texts":
            return Term(f"cardinality({term.sql})::bigint", "int")
        case "dyn":
            return Term(f"cel_size_v1({term.sql})", "int")
    raise NoSql("size() of this")


def _double(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    if term.kind not in ("int", "double"):
        raise NoSql("double() of this")
    return term if term.kind == "double" else Term(f"({term.sql})::float8", "double")


def _int(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    if term.kind == "int":
        return term
    if term.kind == "double":
        within = f"{term.sql} > -9223372036854775808::float8 AND {term.sql} < 9223372036854775807::float8"
        return Term(f"CASE WHEN {within} THEN trunc({term.sql})::bigint END", "int")
    raise NoSql("int() of this")


def _string(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    if term.kind in ("int", "bool"):
        return Term(f"({term.sql})::text", "text")
    if term.kind == "text":
        return term
    raise NoSql("string() of this")


def _dyn(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    return terms[0]


def _timestamp(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    if term.kind == "moment":
        return term
    text = term.literal[0] if term.literal and term.kind == "text" else None
    if text is None or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", text):
        raise NoSql("timestamp() of this")
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoSql("timestamp() of this") from None
    if not 1 < instant.year < 9999:  # the driver takes the ends of Python's calendar for infinities
        raise NoSql("so far a timestamp()")
    return Term(parameters.add(instant, "timestamptz"), "moment")


_MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}


def _duration(parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    (term,) = terms
    if term.kind == "duration":
        return term
    text = term.literal[0] if term.literal and term.kind == "text" else ""
    if not re.fullmatch(r"-?(\d{1,9}(\.\d{1,6})?(h|ms|us|m|s))+", text):
        raise NoSql("duration() of this")
    try:
        parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)", text)
        total = sum((Decimal(count) * _MICROSECONDS[unit] for count, unit in parts), Decimal(0))
    except InvalidOperation:
        raise NoSql("duration() of this") from None
    if total != int(total) or total > 9 * 10**15:
        raise NoSql("so fine or so long a duration")
    return Term(parameters.add(int(-total if text.startswith("-") else total), "bigint"), "duration")


# What a part of an instant is in SQL, and what CEL's counting from zero takes off.
_PARTS = {
    "getFullYear": "extract(year FROM {0})::bigint", "getMonth": "extract(month FROM {0})::bigint - 1",
    "getDate": "extract(day FROM {0})::bigint", "getDayOfMonth": "extract(day FROM {0})::bigint - 1",
    "getDayOfWeek": "extract(dow FROM {0})::bigint", "getDayOfYear": "extract(doy FROM {0})::bigint - 1",
    "getHours": "extract(hour FROM {0})::bigint", "getMinutes": "extract(minute FROM {0})::bigint",
    "getSeconds": "floor(extract(second FROM {0}))::bigint",
    "getMilliseconds": "mod(floor(extract(milliseconds FROM {0})), 1000)::bigint",
}  # fmt: skip
_LENGTHS = {
    "getHours": timedelta(hours=1), "getMinutes": timedelta(minutes=1), "getSeconds": timedelta(seconds=1),
}  # fmt: skip


def _part(function: str, parameters: Parameters, terms: tuple[Term, ...]) -> Term:
    term = terms[0]
    if term.kind == "duration" and len(terms) == 1 and function in _LENGTHS:
        return Term(f"(({term.sql}) / {_LENGTHS[function] // timedelta(microseconds=1)})", "int")
    zone = terms[1].literal[0] if len(terms) == 2 and terms[1].literal else "UTC"
    if term.kind != "moment" or (len(terms) == 2 and terms[1].literal is None) or zone not in available_timezones():
        raise NoSql(f"{function}() of this")
    local = f"(({term.sql}) AT TIME ZONE {parameters.add(zone, 'text')})"
    return Term(f"({_PARTS[function].format(local)})", "int")


OPERATIONS: Mapping[str, Operation] = {
    "_&&_": _and, "_||_": _or, "!_": _not, "_?_:_": _choice, "_==_": _equal, "_!=_": _unequal, "@in": _in,
    **{function: partial(_compare, sign) for function, sign in _COMPARE.items()},
    **{f"_{sign}_": partial(_arithmetic, sign) for sign in "+-*/%"},
    "-_": _negative, "contains": _contains, "startsWith": _starts, "endsWith": _ends, "lowerAscii": _lower,
    "upperAscii": _upper, "size": _size, "double": _double, "int": _int, "string": _string, "dyn": _dyn,
    "timestamp": _timestamp, "duration": _duration,
    **{function: partial(_part, function) for function in _PARTS},
}  # fmt: skip
