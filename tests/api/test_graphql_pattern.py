"""What every slice gets from the pattern: permissions, user errors, masked bugs, pages, lookahead, loaders."""

import json
from typing import Any

import httpx
import pytest
import strawberry
from structlog.testing import capture_logs

from fedele.api.permissions import UndeclaredPermission, declared_scopes, known_scope, query_field
from fedele.api.schema import build_schema
from tests.fixtures import schemas, slices

MEMBER = {"authorization": "Bearer member"}
STAFF = {"authorization": "Bearer staff"}


@pytest.fixture
async def client() -> Any:
    """A client of the stamp schema at /graphql."""
    async with schemas.client_of(schemas.app_of(slices.stamp_schema())) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    """POST and give the JSON back."""
    sent = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers or {})
    return sent.json()


@pytest.mark.parametrize(
    ("headers", "field", "code"),
    [
        ({}, "me", "UNAUTHENTICATED"), ({}, "till", "UNAUTHENTICATED"), ({}, "greeting", None),
        (MEMBER, "me", None), (MEMBER, "till", "FORBIDDEN"), (STAFF, "me", "FORBIDDEN"), (STAFF, "till", None),
    ],
)  # fmt: skip
async def test_root_fields_answer_only_those_they_declare(
    client: httpx.AsyncClient, headers: dict[str, str], field: str, code: str | None
) -> None:
    """Nobody, a member and staff each get what is theirs; every refusal has its code and the request's id."""
    body = await ask(client, "{ me { id } }" if field == "me" else f"{{ {field} }}", headers)
    if code is None:
        assert body["data"][field] is not None
        assert "errors" not in body
    else:
        assert body["data"] == {field: None}
        assert body["errors"][0]["extensions"]["code"] == code
        assert len(body["errors"][0]["extensions"]["requestId"]) == 32


async def test_one_refused_root_field_leaves_the_others(client: httpx.AsyncClient) -> None:
    """Root fields are nullable: what may be answered is."""
    body = await ask(client, "{ greeting me { id } }")
    assert body["data"] == {"greeting": "en", "me": None}


def test_a_root_field_that_declares_nothing_stops_the_server() -> None:
    """The control for deny-by-default: a planted field without `requires` cannot be served."""

    @strawberry.type
    class Query:
        @query_field(requires="member")
        async def declared(self) -> str | None:
            """Fine."""
            return None

        @strawberry.field
        async def hole(self) -> str | None:
            """Forgotten."""
            return "everything"

    with pytest.raises(UndeclaredPermission, match=r"Query\.hole"):
        build_schema(Query, None)


def test_a_scope_that_nobody_can_hold_is_a_typing_mistake() -> None:
    """ "members:reed" stops the import, instead of refusing everybody for ever."""
    with pytest.raises(UndeclaredPermission, match="members:reed"):
        known_scope("members:reed")


def test_permissions_are_read_back_from_the_schema() -> None:
    """What the SDL prints is what is checked."""
    assert declared_scopes(slices.stamp_schema()._schema) == {
        "Query.me": "member", "Query.greeting": "public", "Query.clock": "public", "Query.till": "till",
        "Query.later": "public",
        "Mutation.useStamps": "member",
    }  # fmt: skip


USE = """mutation($count: Int!) { useStamps(input: {count: $count}) {
    left userErrors { __typename code message field ... on UserError { message } } } }"""


async def test_a_refusal_becomes_a_user_error(client: httpx.AsyncClient) -> None:
    """Code, message and the way to the input field; the payload is otherwise empty; nothing at the top level."""
    body = await ask(client, USE, MEMBER, count=6)
    assert body == {
        "data": {
            "useStamps": {
                "left": None,
                "userErrors": [
                    {
                        "__typename": "UseStampsUserError",
                        "code": "STAMP_MISSING",
                        "message": "You need 6 stamps.",
                        "field": ["input", "count"],
                    }
                ],
            }
        }
    }
    assert (await ask(client, USE, MEMBER, count=2))["data"]["useStamps"] == {"left": 3, "userErrors": []}


async def test_refusals_speak_the_language_that_was_asked_for(client: httpx.AsyncClient) -> None:
    """Accept-Language chooses; what has no translation stays English."""
    headers = {**MEMBER, "accept-language": "it-CH, en;q=0.5"}
    known = await ask(client, USE, headers, count=-1)
    message = known["data"]["useStamps"]["userErrors"][0]["message"]
    assert message == "Count is below zero."
    nobody = await ask(client, "{ greeting }", headers)
    assert nobody["data"]["greeting"] == "it"


async def test_an_undeclared_refusal_is_our_bug_and_masked(client: httpx.AsyncClient) -> None:
    """The client cannot switch on a code that the enum does not have; the log says which one is missing."""
    with capture_logs() as logs:
        body = await ask(client, USE, MEMBER, count=0)
    assert body["data"] == {"useStamps": None}
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    bug = next(line for line in logs if line["event"] == "graphql.bug")
    assert "UNDECLARED" in str(bug["exc_info"])


async def test_our_bugs_are_masked_and_logged_under_the_request_id(client: httpx.AsyncClient) -> None:
    """The client learns the request id and nothing of the exception; the log has both."""
    with capture_logs() as logs:
        sent = await client.post("/graphql", json={"query": "{ me { broken } }"}, headers=MEMBER)
    assert "secret" not in sent.text
    error = sent.json()["errors"][0]
    assert error["path"] == ["me", "broken"]
    assert error["extensions"]["code"] == "INTERNAL"
    bug = next(line for line in logs if line["event"] == "graphql.bug")
    assert bug["request_id"] == error["extensions"]["requestId"] == sent.headers["x-request-id"]
    assert "secret" in str(bug["exc_info"])


async def test_pages_go_on_where_they_ended(client: httpx.AsyncClient) -> None:
    """Keyset cursors; a foreign cursor and a size out of range are the caller's mistakes, not ours."""
    query = """query($first: Int!, $after: String) { me { stamps(first: $first, after: $after) {
        edges { node { number } } pageInfo { endCursor hasNextPage } } } }"""
    first = (await ask(client, query, MEMBER, first=3))["data"]["me"]["stamps"]
    assert [edge["node"]["number"] for edge in first["edges"]] == [1, 2, 3]
    assert first["pageInfo"]["hasNextPage"] is True
    rest = (await ask(client, query, MEMBER, first=3, after=first["pageInfo"]["endCursor"]))["data"]["me"]["stamps"]
    assert [edge["node"]["number"] for edge in rest["edges"]] == [4, 5]
    assert rest["pageInfo"]["hasNextPage"] is False
    for variables in ({"first": 3, "after": "nonsense"}, {"first": 0}, {"first": 101}):
        refused = await ask(client, query, MEMBER, **variables)
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "variables", "says"),
    [
        ("query($at: DateTime!) { later(at: $at) }", {"at": "2026-11-21T08:30:00"}, "needs an offset"),
        ("query($at: DateTime!) { later(at: $at) }", {"at": 7}, "ISO 8601"),
        ("query($at: DateTime!) { later(at: $at) }", {}, "'$at'"),
        ("query($at: DateTime) { later(at: $at) }", {"at": None}, "'at'"),
        ('{ later(at: "soon") }', {}, "soon"),
    ],
)
async def test_a_value_that_a_scalar_refuses_is_the_callers_mistake(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any], says: str
) -> None:
    """In a variable or in the document: the caller reads what is wrong with it, and nobody is woken as for a bug."""
    with capture_logs() as logs:
        body = await ask(client, query, **variables)
    error = body["errors"][0]
    assert error["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert says in error["message"]
    assert not [line for line in logs if line["event"] == "graphql.bug"]


async def test_the_nul_character_is_refused_before_anything_runs(client: httpx.AsyncClient) -> None:
    """PostgreSQL cannot keep it: a variable or a document that smuggles it in is malformed, by POST and by GET."""
    variables = {"at": "a\x00b"}
    query = "query($at: DateTime!) { later(at: $at) }"
    sent = await client.post("/graphql", json={"query": query, "variables": variables})
    assert (sent.status_code, "U+0000" in sent.text) == (400, True)
    got = await client.get("/graphql", params={"query": query, "variables": json.dumps(variables)})
    assert (got.status_code, "U+0000" in got.text) == (400, True)
    for escape in ("\\u0000", "\\u{0}"):
        sent = await client.post("/graphql", json={"query": f'{{ later(at: "{escape}") }}'})
        assert (sent.status_code, "U+0000" in sent.text) == (400, True)


async def test_lookahead_sees_through_fragments_aliases_and_conditions(client: httpx.AsyncClient) -> None:
    """The paths are those that will be answered, in the schema's names."""
    slices.SEEN.clear()
    query = """query($no: Boolean!) { me { s: stamps { ...Edges pageInfo @skip(if: true) { endCursor } } } }
        fragment Edges on StampConnection {
            e: edges { cursor @include(if: $no) node { ... on Stamp { n: number } } } }"""
    assert "errors" not in await ask(client, query, MEMBER, no=False)
    (seen,) = slices.SEEN
    assert seen == {"edges", "edges.node", "edges.node.number"}


async def test_a_loader_asks_once_for_many(client: httpx.AsyncClient) -> None:
    """Sibling fields share one statement; the same key is asked once; an unknown one is null."""
    slices.BATCHES.clear()
    body = await ask(client, "{ me { a: price(number: 1) b: price(number: 2) c: price(number: 1) } }", MEMBER)
    assert body["data"]["me"] == {"a": 10, "b": None, "c": 10}
    assert slices.BATCHES == [[1, 2]]


async def test_each_operation_is_one_structured_line(client: httpx.AsyncClient) -> None:
    """Name, hash, duration, statements and error codes; neither the text nor the variables."""
    with capture_logs() as logs:
        await client.post("/graphql", json={"query": "query Greet { greeting }"})
    (line,) = [line for line in logs if line["event"] == "graphql.operation"]
    assert (line["operation"], line["statements"], line["errors"]) == ("Greet", 0, [])
    assert line["milliseconds"] >= 0
    assert "greeting" not in str(line)
