"""No document of 64 KiB or less may hold the loop: each is measured in one pass before anything else walks it."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from fedele.api.execution.limits import Limits
from fedele.api.execution.prepared import DocumentInvalid, prepare
from fedele.api.member.schema import build_member_schema

# Wide enough that what a document asks for exists: an unknown field would end validation early.
SCHEMA = build_schema("""
    type Query { me: Member, node(id: ID!, list: [Int], filter: Filter): Member }
    input Filter { title: String, inner: Filter, many: [Filter] }
    type Member { id: ID!, a: Member, b: Member, c: Member, offers(first: Int, filter: Filter): [Member!]! }
""")
BLOCKED_SECONDS_MAX = 0.25
SIZE_MAX = 64 * 1024


def fragments(count: int, body: Callable[[int], str]) -> str:
    """`count` fragments on Member; `body(i)` is what fragment Fi selects."""
    return " ".join(f"fragment F{i} on Member {{ {body(i)} }}" for i in range(count))


def deep(opening: str, closing: str, count: int, leaf: str = "id") -> str:
    """Braces within braces."""
    return "{ me " + opening * count + f"{{ {leaf} }}" + closing * count + " }"


HOSTILE = {
    "a chain of fragments, each spreading the next twice": "{ me { ...F0 } } "
    + fragments(30, lambda i: f"...F{i + 1} ...F{i + 1}")
    + " fragment F30 on Member { id }",
    "a longer chain, to the limit of definitions": "{ me { ...F0 } } "
    + fragments(58, lambda i: f"...F{i + 1} ...F{i + 1} a{i}: id")
    + " fragment F58 on Member { id }",
    "fragments in a circle": "{ me { ...F0 } } " + fragments(3, lambda i: f"...F{(i + 1) % 3}"),
    "a fragment that spreads itself": "{ me { ...F0 } } fragment F0 on Member { ...F0 }",
    "a circle that nothing spreads": "{ me { id } } " + fragments(2, lambda i: f"...F{(i + 1) % 2}"),
    "every fragment spreads every later one": "{ me { ...F0 } } "
    + fragments(59, lambda i: " ".join(f"...F{j}" for j in range(i + 1, 59)) + " id"),
    "fragments side by side": "{ me { " + " ".join(f"...F{i}" for i in range(58)) + " } } "
    + fragments(58, lambda i: f"x{i}: id"),
    "fragments side by side, with subtrees": "{ me { " + " ".join(f"...F{i}" for i in range(40)) + " } } "
    + fragments(40, lambda i: "a { b { c { id } } }"),
    "a{b{c}} two hundred times": "{ " + "me { a { b { id } } } " * 200 + "}",
    "the same field to the limit of duplicates": "{ "
    + "me { a { b { c { id } } offers { id a { id } } } } " * 40 + "}",
    "duplicates within duplicates": "{ me { " + ("a { " + ("b { " + "c { id } " * 3 + "} ") * 3 + "} ") * 3 + "} }",
    "a thousand aliases": "{ me { " + " ".join(f"x{i}: id" for i in range(1000)) + " } }",
    "aliases to the limit, with subtrees": "{ me { "
    + " ".join(f"x{i}: a {{ b {{ c {{ id a {{ id }} b {{ id }} }} }} }}" for i in range(60)) + " } }",
    "levels without end": deep("{ a ", "}", 5_000),
    "levels to the parser's limit": deep("{ a ", "}", 150),
    "inline fragments within each other": "{ me { " + "... { " * 3_000 + "id" + " }" * 3_000 + " } }",
    "inline fragments side by side": "{ me { " + "... on Member { a { b { id } } } " * 250 + "} }",
    "directives on one field": "{ me { id " + "@include(if: true) " * 700 + "} }",
    "directives to the limit": "{ me { id " + "@include(if: true) " * 60 + "} }",
    "unknown directives": "{ me { id " + "@no " * 1_900 + "} }",
    "one huge name": "{ " + "a" * 65_000 + " }",
    "one huge string": '{ node(id: "' + "x" * 65_000 + '") { id } }',
    "a huge string of escapes": '{ node(id: "' + "\\u0041" * 10_800 + '") { id } }',
    "a huge block string": '{ node(id: """' + "\n  x" * 16_000 + '""") { id } }',
    "a huge number": "{ me { offers(first: " + "9" * 65_000 + ") { id } } }",
    "nothing but commas": "," * 65_000 + "{ me { id } }",
    "nothing but comments": "#\n" * 32_000 + "{ me { id } }",
    "one huge comment": "#" + "x" * 65_000 + "\n{ me { id } }",
    "unknown fields, each wanting a suggestion": "{ me { " + " ".join(f"offer{i}" for i in range(999)) + " } }",
    "unknown arguments": "{ me { offers(" + " ".join(f"firs{i}: 1" for i in range(390)) + ") { id } } }",
    "arguments without end": "{ me { offers(" + " ".join(f"a{i}: 1" for i in range(1_300)) + ") { id } } }",
    "lists within lists": "{ me { offers(first: " + "[" * 1_900 + "]" * 1_900 + ") { id } } }",
    "a wide object, to the limit":
    '{ me { offers(filter: {' + " ".join(f"k{i}: 1" for i in range(400)) + "}) { id } } }",
    "a wide object": '{ me { offers(filter: {' + " ".join(f"k{i}: 1" for i in range(1_200)) + "}) { id } } }",
    "objects within objects": "{ me { offers(filter: " + "{inner: " * 900 + "{}" + "}" * 900 + ") { id } } }",
    "operations without end": " ".join(f"query Q{i} {{ me {{ id }} }}" for i in range(600)),
    "operations times fragments": " ".join(f"query Q{i} {{ me {{ ...F0 }} }}" for i in range(30))
    + fragments(29, lambda i: f"...F{i + 1} x{i}: id") + " fragment F29 on Member { id }",
    "variables without end": "query(" + " ".join(f"$v{i}: Int" for i in range(1_200)) + ") { me { id } }",
    "variables used everywhere": "query(" + " ".join(f"$v{i}: Int" for i in range(60)) + ") { me { "
    + " ".join(f"x{i}: offers(first: $v{i}) {{ id }}" for i in range(60)) + " } }",
    "a thousand plain fields": "{ me { " + "a { id b { id } c { id } } " * 30 + "} }",
    "introspection within introspection": "{ __schema { "
    + "types { fields { type { " * 4 + "name" + " } } }" * 4 + " } }",
}  # fmt: skip


def seconds_for(schema: GraphQLSchema, text: str) -> tuple[float, str]:
    """CPU seconds that preparing takes, and how it ends."""
    with uncollected():
        started = time.process_time()
        try:
            prepare(schema, text, Limits())
            end = "runs"
        except DocumentInvalid as invalid:
            end = invalid.code
        return time.process_time() - started, end


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector, which would walk all that thousands of tests have left in this process."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_document_takes_a_quarter_of_a_second(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Parsed, measured, and refused or validated: in CPU time, the best of three, as others share the machine."""
    text = HOSTILE[name]
    assert len(text.encode()) <= SIZE_MAX + 100
    runs = [seconds_for(SCHEMA, text) for _ in range(3)]
    seconds, end = min(runs)
    with capsys.disabled():
        print(f"\n  {seconds * 1000:7.1f} ms  {len(text):6} B  {end:26} {name}", end="")
    assert seconds < BLOCKED_SECONDS_MAX


def test_without_the_limits_such_a_document_does_hold_the_loop() -> None:
    """The control: the same text, given to graphql-core as it is, takes many times what we let it take."""
    text = HOSTILE["a{b{c}} two hundred times"]
    with uncollected():
        started = time.process_time()
        validate(SCHEMA, parse(text))
        unlimited = time.process_time() - started
    limited, end = seconds_for(SCHEMA, text)
    assert end == "DOCUMENT_TOO_COMPLEX"
    assert unlimited > 5 * limited


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{ me { " + "a { " * 15 + "id" + " }" * 15 + " } }", "levels"),
        ("{ me { " + " ".join(f"x{i}: id" for i in range(61)) + " } }", "aliases"),
        ("{ me { id " + "@include(if: true) " * 61 + "} }", "directives"),
        ("{ " + "me { id } " * 42 + "}", "fields under the same name"),
        ("{ me { ...F0 } } " + fragments(60, lambda i: "id"), "definitions"),
        ("query(" + " ".join(f"$v{i}: Int" for i in range(61)) + ") { me { id } }", "variables"),
        ("{ me { offers(filter: " + "{inner: " * 11 + "{}" + "}" * 11 + ") { id } } }", "levels of input"),
        ("{ node(id: 1, list: [" + "1 " * 401 + "]) { id } }", "values"),
        ("{ me { offers(" + " ".join(f"a{i}: 1" for i in range(401)) + ") { id } } }", "arguments"),
        ("{ me { " + "... { id } " * 301 + "} }", "spreads"),
    ],
)
def test_each_limit_says_which_it_is(text: str, what: str) -> None:
    """The developer reads what there is too much of, and how much is allowed."""
    with pytest.raises(DocumentInvalid) as caught:
        prepare(SCHEMA, text, Limits())
    assert what in caught.value.errors[0].message or what == "spreads"
    assert caught.value.code == "DOCUMENT_TOO_COMPLEX"


def test_fields_count_after_fragments_are_spread() -> None:
    """Ten fragments that each spread the one before ten times are a billion fields in a few hundred bytes."""
    text = "{ me { ...F9 } } " + fragments(
        10, lambda i: "id" if i == 0 else " ".join(f"x{j}: a {{ ...F{i - 1} }}" for j in range(10))
    )
    with pytest.raises(DocumentInvalid) as caught:
        prepare(SCHEMA, text, Limits(aliases_max=10**9, depth_max=100))
    assert "fields" in caught.value.errors[0].message


def test_our_own_documents_and_introspection_are_within_the_limits() -> None:
    """GraphiQL's introspection passes; in the other modes the schema is not told, nor suggested."""
    from graphql import get_introspection_query

    schema = build_member_schema()._schema
    prepare(schema, get_introspection_query(), Limits())
    with pytest.raises(DocumentInvalid):
        prepare(schema, get_introspection_query(), Limits(), introspection=False)
    with pytest.raises(DocumentInvalid) as caught:
        prepare(schema, "{ mee { id } }", Limits(), introspection=False)
    assert "Did you mean" not in caught.value.errors[0].message
