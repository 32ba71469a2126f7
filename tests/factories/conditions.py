"""Conditions of segments and facts of members, at random: what nobody would think of writing, with holes everywhere."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from fedele.domains.segments.conditions.names import FactNames
from fedele.domains.segments.types import RfmCuts
from fedele.kernel.ids import new_id

NOW = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)
NAMES = FactNames(
    NOW,
    "Europe/Rome",
    "EUR",
    {"points": 0, "credit": 2},
    "it-IT",
    RfmCuts(NOW - timedelta(days=3), (7, 20, 20, 90), (1, 1, 3, 8), (500, 4_000, 4_000, 90_000), 100),
)
WORDS = ("", "gold", "GOLD", "Gold-é", "zz", "marketing.push", "COFFEE", "it-IT", "Ünïcode 🙂", "a")
KEYS = ("diet", "size", "tags", "deep", "none", "flag", "é")
INTS = (0, 1, -1, 2, 3, 7, 30, 365, 2**31, 2**53, -(2**53) - 1, 2**63 - 1, -(2**63))
DOUBLES = (0.0, 0.5, 1.0, 3.0, 12.34, 100.0, -2.75, 1e150, 1e308, 5e-324, 0.1)

_INT_NAMES = (
    "member.purchases_count", "member.days_since_purchase", "member.days_since_joined", "member.birth_month",
    "member.days_since_birthday", "member.rfm_recency", "member.rfm_frequency", "member.rfm_monetary",
    "member.redemptions_12_months", "now.hour", "now.day", "member.purchases_90_days", "member.days_since_visit",
)  # fmt: skip
_DOUBLE_NAMES = (
    "member.spend_12_months", "member.spend_30_days", "member.usual_gap_days", "member.balances.points",
    "member.balances['credit']", "member.balances.nothing",
)  # fmt: skip
_TEXT_NAMES = ("member.tier", "member.locale", "member.country", "member.favourite_store", "now.weekday", "now.time")
_LIST_NAMES = ("member.categories", "member.consents", "member.segments", "member.badges", "member.stores")
_MOMENT_NAMES = ("now", "member.joined_at", "member.first_purchase_at")
_MAP_NAMES = ("member.attributes", "member.answers")
_PARTS = ("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours",
          "getMinutes", "getSeconds", "getMilliseconds")  # fmt: skip


def quoted(word: str) -> str:
    """A CEL literal."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _call(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda values: pattern.format(*values))


_int_literal = st.sampled_from([str(value) for value in INTS if value > -(2**63)])
_double_literal = st.sampled_from([repr(value) for value in DOUBLES])
_text_literal = st.sampled_from([quoted(word) for word in WORDS])
_moments = st.one_of(
    st.sampled_from(_MOMENT_NAMES),
    st.sampled_from(
        ["timestamp('2026-03-29T02:30:00+01:00')", "timestamp('2025-10-26T01:30:00.123456Z')",
         "timestamp('9998-12-31T23:59:59Z')", "timestamp('0002-01-01T00:00:00Z')"]
    ),
)  # fmt: skip
_durations = st.sampled_from(["duration('24h')", "duration('-1.5s')", "duration('90m')", "duration('8760h')"])
_item = st.deferred(lambda: st.one_of(st.just("x"), st.just("x.deep"), _dyns))


@st.composite
def _paths(draw: st.DrawFn) -> str:
    path = draw(st.sampled_from(_MAP_NAMES))
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)):
        path += f"['{key}']" if key == "é" or draw(st.booleans()) else f".{key}"
    return path


_dyns = st.one_of(_paths(), _paths(), st.sampled_from(["member.events_90_days.ride", "member.answers.diet"]))


def _ints(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(_INT_NAMES), _int_literal)
    if depth <= 0:
        return leaf
    inner = _ints(depth - 1)
    zones = st.sampled_from(["", "'Europe/Rome'", "'America/New_York'", "'Asia/Kathmandu'"])
    return st.one_of(
        leaf,
        _call("({} {} {})", inner, st.sampled_from("+-*/%"), inner),
        _call("(-{})", inner),
        _call("int({})", _doubles(depth - 1)),
        _call("size({})", st.one_of(_texts(depth - 1), st.sampled_from(_LIST_NAMES), _dyns)),
        _call("{}.{}({})", _instants(depth - 1), st.sampled_from(_PARTS), zones),
        _call("({} - {}).{}()", _moments, _moments, st.sampled_from(["getHours", "getMinutes", "getSeconds"])),
        _call("({} ? {} : {})", _bools(depth - 1), inner, inner),
    )


def _instants(depth: int) -> st.SearchStrategy[str]:
    return st.one_of(_moments, _call("({} {} {})", _moments, st.sampled_from("+-"), _durations))


def _doubles(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(_DOUBLE_NAMES[:3]), _double_literal)
    if depth <= 0:
        return leaf
    inner = _doubles(depth - 1)
    return st.one_of(
        leaf,
        _call("({} {} {})", inner, st.sampled_from("+-*/"), inner),
        _call("(-{})", inner),
        _call("double({})", _ints(depth - 1)),
        _call("({} ? {} : {})", _bools(depth - 1), inner, inner),
    )


def _texts(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(_TEXT_NAMES), _text_literal)
    if depth <= 0:
        return leaf
    inner = _texts(depth - 1)
    return st.one_of(
        leaf,
        _call("({} + {})", inner, inner),
        _call("{}.{}()", inner, st.sampled_from(["lowerAscii", "upperAscii"])),
        _call("string({})", _ints(depth - 1)),
        _call("({} ? {} : {})", _bools(depth - 1), inner, inner),
    )


def _bools(depth: int) -> st.SearchStrategy[str]:
    order = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    same = st.sampled_from(["==", "!="])
    literal = st.one_of(_int_literal, _double_literal, _text_literal, st.sampled_from(["true", "null"]))
    leaf = st.one_of(
        _call("{} {} {}", st.sampled_from(_INT_NAMES), order, _int_literal),
        _call("{} {} {}", st.sampled_from(_DOUBLE_NAMES), order, _double_literal),
        _call("{} {} {}", st.sampled_from(_TEXT_NAMES), order, _text_literal),
        _call("{} in {}", _text_literal, st.sampled_from(_LIST_NAMES)),
        _call("{} {} {}", _dyns, same, literal),
        _call("{} {} {}", _dyns, order, st.one_of(_int_literal, _double_literal, _text_literal)),
        _call("has({})", _paths().filter(lambda path: not path.endswith("]"))),
        st.sampled_from(["true", "false"]),
    )
    if depth <= 0:
        return leaf
    inner, texts, ints = _bools(depth - 1), _texts(depth - 1), _ints(depth - 1)
    listed = st.lists(_text_literal, max_size=3).map(lambda words: f"[{', '.join(words)}]")
    predicate = st.one_of(
        _call("x == {}", literal), _call("x < {}", _text_literal), _call("x in {}", st.sampled_from(_LIST_NAMES)),
        _call("x.startsWith({})", _text_literal), _call("{} == x", _dyns), _call("size(x) > {}", st.just("2")),
    )  # fmt: skip
    text_predicate = st.one_of(
        _call("x == {}", _text_literal), _call("x in {}", st.sampled_from(_LIST_NAMES)), _call("x < {}", texts),
        _call("x == {}", _dyns), _call("x == 'a' || {}", inner),
    )  # fmt: skip
    return st.one_of(
        leaf,
        _call("({} && {})", inner, inner),
        _call("({} || {})", inner, inner),
        _call("!({})", inner),
        _call("({} ? {} : {})", inner, inner, inner),
        _call("{} {} {}", ints, order, ints),
        _call("{} {} {}", _doubles(depth - 1), order, _doubles(depth - 1)),
        _call("{} {} {}", texts, order, texts),
        _call("{} {} {}", _instants(depth - 1), order, _instants(depth - 1)),
        _call("({} - {}) {} {}", _moments, _moments, order, _durations),
        _call("{} {} {}", _dyns, order, st.one_of(ints, texts, _dyns)),
        _call("{} {} {}", _dyns, same, st.one_of(ints, texts, _dyns, inner)),
        _call("{} in {}", texts, st.one_of(listed, _dyns, st.sampled_from(_LIST_NAMES))),
        _call("{} in [{}, {}]", _dyns, literal, literal),
        _call("{}.{}({})", texts, st.sampled_from(["contains", "startsWith", "endsWith"]), texts),
        _call("{}.{}({})", _dyns, st.sampled_from(["contains", "startsWith", "endsWith"]), _text_literal),
        _call("({} && {})", _dyns, inner),
        _call("{}.{}(x, {})", _dyns, st.sampled_from(["exists", "all", "exists_one"]), predicate),
        _call("{}.{}(x, {})", st.one_of(st.sampled_from(_LIST_NAMES)), st.sampled_from(["exists", "all", "exists_one"]),
              text_predicate),
        _call("{}.{}(x, {})", listed, st.sampled_from(["exists", "all"]), text_predicate),
        _call("dyn({}) {} {}", texts, same, ints),
    )  # fmt: skip


def conditions(depth: int = 2) -> st.SearchStrategy[str]:
    """Texts of conditions; some are refused by CEL's checker, which is not our matter."""
    return _bools(depth)


def facts(seed: int) -> dict[str, Any]:
    """A row of member_facts, with as much missing as may be."""
    chance = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if chance.random() < 0.25 else value

    def words() -> list[str]:
        return sorted(set(chance.sample(WORDS, chance.randrange(5))))

    def count() -> int:
        return chance.choice((0, 0, 1, 2, 3, 7, 40, 365, 2**40))

    def day() -> date:
        return (NOW - timedelta(days=chance.randrange(500))).date()

    month = chance.randrange(1, 13)
    return {
        "member_id": new_id(), "version": 1, "as_of": NOW, "active": True,
        "joined_at": NOW - timedelta(microseconds=chance.randrange(10**14)), "joined_day": day(),
        "first_purchase_at": maybe(NOW - timedelta(seconds=chance.randrange(10**8))),
        "last_purchase_day": maybe(day()), "last_visit_day": maybe(day()), "last_redemption_day": maybe(day()),
        "purchases_count": count(), "purchases_30": count(), "purchases_90": count(), "purchases_365": count(),
        "spend_30": count() - count(), "spend_90": count(), "spend_365": count() * 17, "redemptions_365": count(),
        "usual_gap_days": maybe(chance.choice((0.0, 1.5, 30.25, 1e-3))), "birthday_month": maybe(month),
        "birthday_day": maybe(29 if month == 2 else chance.randrange(1, 31)), "tier": chance.choice(WORDS),
        "locale": maybe(chance.choice(("it-IT", "en", "ar-EG"))), "country": maybe(chance.choice(("IT", "EG"))),
        "time_zone": "Europe/Rome", "home_store": maybe(chance.choice(WORDS)), "memberships": words(),
        "badges": words(), "categories": words(), "departments": words(), "stores": words(), "channels": words(),
        "consents": words(), "segments": words(),
        "balances": {key: chance.randrange(10**6) for key in ("points", "credit", "old") if chance.random() < 0.6},
        "events": {key: chance.randrange(9) for key in ("ride", "visit") if chance.random() < 0.6},
        "attributes": _tree(chance, 3), "answers": _tree(chance, 2),
    }  # fmt: skip


def _tree(chance: random.Random, depth: int) -> dict[str, Any]:
    return {key: _value(chance, depth) for key in KEYS if chance.random() < 0.6}


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(7 if depth <= 0 else 10)
    match kind:
        case 0:
            return None
        case 1:
            return chance.random() < 0.5
        case 2:
            return chance.choice(INTS)
        case 3 | 4:
            return chance.choice(DOUBLES)
        case 5 | 6:
            return chance.choice(WORDS)
        case 7:
            return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
        case _:
            return _tree(chance, depth - 1)
