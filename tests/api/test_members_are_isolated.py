"""A member reaches nothing of another's, by any field that takes an id; a foreign id looks like one that never was.

The matrix is drawn from the schema: every position where a member may put an id must be reached by a shipped operation.
Each such operation is arranged as somebody else, then run by the member with those ids, and once more with ids of rows
that do not exist: the answers must be the same, and nothing of the other's may have changed.
"""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    parse,
    type_from_ast,
)
from graphql.language import ArgumentNode, Visitor, visit
from graphql.utilities import TypeInfo, TypeInfoVisitor

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.execution.operations import read_operations
from fedele.api.member.schema import NODES, build_member_schema
from fedele.api.permissions import MEMBER, query_field
from fedele.api.schema import build_schema
from fedele.kernel.ids import encode_id, new_id
from tests.fixtures import schemas
from tests.fixtures.api import Api
from tests.fixtures.operations import VARIABLES

OPERATIONS = {f"{file.folder}/{file.name}": file for file in read_operations("member")}
CORE = build_member_schema()._schema

# Kinds of nodes that nobody owns: they are the programme's or the catalogue's, the same for every member.
CATALOGUE_NODES: frozenset[str] = frozenset(
    {"offer", "reward", "product", "place", "survey", "tier", "challenge", "streak"}
)

# An operation whose variables or answer hold an id of this kind.
NODE_SEEN_IN = {
    "claim": "member/ClaimOffer",
    "device": "member/UnregisterDevice",
    "member": "member/GetProfile",
    "message": "member/DismissMessage",
    "redemption": "member/CancelRedemption",
    "supportcase": "member/ReopenCase",
}

Ask = Callable[[dict[str, Any]], Awaitable[Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """The same operation with the owner's ids, asked by both, and with ids that never were, asked by the member."""

    owner: Any
    foreign: Any
    unknown: Any

    def problems(self) -> list[str]:
        """What gives the other member away."""
        found = []
        if self.foreign != self.unknown:
            found.append(f"a foreign id is answered otherwise than an unknown one: {self.foreign} / {self.unknown}")
        if self.owner == self.foreign:
            found.append(f"the owner is answered the same: the test sees nothing: {self.owner}")
        return found


def positions(schema: GraphQLSchema) -> set[str]:
    """Every place where a client writes an id: "Member.explain(entry)", "ClaimOfferInput.offerId"."""
    found = set()
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
            for key, field in kind.fields.items():
                found |= {
                    f"{kind}.{key}({a})" for a, arg in field.args.items() if get_named_type(arg.type).name == "ID"
                }
        elif isinstance(kind, GraphQLInputObjectType):
            found |= {f"{kind}.{key}" for key, f in kind.fields.items() if get_named_type(f.type).name == "ID"}
    return found


def reached(text: str) -> set[str]:
    """The id positions that a document fills from its variables."""
    document, info = parse(text), TypeInfo(CORE)
    found: set[str] = set()
    names: list[str] = []
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    definitions = operation.variable_definitions or ()
    types = {d.variable.name.value: get_named_type(type_from_ast(CORE, d.type)) for d in definitions}

    def inputs(kind: Any, seen: frozenset[str]) -> Iterator[str]:
        if isinstance(kind, GraphQLInputObjectType) and kind.name not in seen:
            for key, field in kind.fields.items():
                inner = get_named_type(field.type)
                if inner.name == "ID":
                    yield f"{kind}.{key}"
                yield from inputs(inner, seen | {kind.name})

    class Arguments(Visitor):
        def enter_argument(self, node: ArgumentNode, *_rest: Any) -> None:
            if isinstance(node.value, VariableNode):
                kind = types[node.value.name.value]
                if kind is not None and kind.name == "ID":
                    found.add(f"{info.get_parent_type()}.{names[-1]}({node.name.value})")
                found.update(inputs(kind, frozenset()))

        def enter_field(self, node: Any, *_rest: Any) -> None:
            names.append(node.name.value)

        def leave_field(self, *_rest: Any) -> None:
            names.pop()

    visit(document, TypeInfoVisitor(info, Arguments()))
    return found


WITH_IDS = sorted(name for name, file in OPERATIONS.items() if reached(file.text))
# Their ids are the catalogue's, the same for everybody: there is no foreign one. A test below holds that it is so.
OF_THE_CATALOGUE = (
    "member/AnswerSurvey",
    "member/ChooseAutoReward",
    "member/ClaimOffer",
    "member/ExplainOffer",
    "member/JoinChallenge",
    "member/JoinGathering",
    "member/LeaveGathering",
    "member/RedeemReward",
    "member/VoteForEntry",
)


def with_unknown_ids(value: Any) -> Any:
    """The same variables, every member-owned id in them replaced by one of the same owner for a row that never was."""
    if isinstance(value, dict):
        return {key: with_unknown_ids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_unknown_ids(item) for item in value]
    owned = owner_of(value) if isinstance(value, str) else None
    return encode_id(value.rpartition("_")[0], owned, new_id()) if owned else value


def owner_of(text: str) -> UUID | None:
    """The member inside an id of a member's row, or None for other texts."""
    match = re.fullmatch(r"[a-z_]+_([0-9a-f]{64})", text)
    return UUID(match[1][:32]) if match else None


def neutral(answer: Any, variables: Any) -> str:
    """An answer without what the client itself has sent: echoed ids tell nothing."""
    text = str({key: value for key, value in answer.items() if key != "extensions"})
    for sent in re.findall(r"[a-z_]+_[0-9a-f]{64}", str(variables)):
        text = text.replace(sent, "<id>")
    return re.sub(r"'requestId': '[^']*'", "", text)


async def compare(as_owner: Ask, as_member: Ask, variables: dict[str, Any]) -> Answers:
    """Ask in the order member, member, owner: the owner's use may consume what it names."""
    unknown_variables = with_unknown_ids(variables)
    foreign = neutral(await as_member(variables), variables)
    unknown = neutral(await as_member(unknown_variables), unknown_variables)
    return Answers(neutral(await as_owner(variables), variables), foreign, unknown)


def test_every_position_of_an_id_is_reached() -> None:
    """A new field that takes an id needs a shipped operation that uses it; `node` has its own test."""
    covered = {position for name in WITH_IDS for position in reached(OPERATIONS[name].text)}
    assert positions(CORE) - covered == {"Query.node(id)"}


@pytest.mark.parametrize("name", OF_THE_CATALOGUE)
async def test_an_id_of_the_catalogue_holds_no_member(name: str, api: Api) -> None:
    """None of its ids carries a member, so what is left out below can leak nothing of anybody's."""
    variables = await VARIABLES[name](api)
    assert with_unknown_ids(variables) == variables


@pytest.mark.parametrize("name", [name for name in WITH_IDS if name not in OF_THE_CATALOGUE])
async def test_a_foreign_id_looks_like_an_unknown_one(name: str, api: Api) -> None:
    """By every shipped operation that takes an id of a member's row."""
    owner = dataclasses.replace(api, member=api.stranger, stranger=api.member)
    variables = await VARIABLES[name](owner)
    assert with_unknown_ids(variables) != variables, "it names nothing of a member's: the test would show nothing"
    text = OPERATIONS[name].text
    before = await versions(api)

    async def as_member(values: dict[str, Any]) -> Any:
        answer = await api.ask(text, **values)
        assert await versions(api) == before, "something of the owner's was changed"
        return answer

    async def as_owner(values: dict[str, Any]) -> Any:
        return await owner.ask(text, **values)

    assert (await compare(as_owner, as_member, variables)).problems() == []


async def versions(api: Api) -> Any:
    """The stranger's version: it rises with every change of anything of theirs."""
    sql = "SELECT version FROM member_version WHERE member_id = $1"
    return await api.database.reader.fetch_value(sql, api.stranger.member_id)


@pytest.mark.parametrize("prefix", sorted({kind.prefix for kind in NODES} - CATALOGUE_NODES))
async def test_a_node_is_its_owners_alone(prefix: str, api: Api) -> None:
    """An id of every kind that `node` knows: theirs for the owner, null for the member."""
    owner = dataclasses.replace(api, member=api.stranger, stranger=api.member)
    operation = NODE_SEEN_IN[prefix]  # a new kind of node needs an operation that names or shows one
    variables = await VARIABLES[operation](owner)
    pattern = rf"{prefix}_(?:[0-9a-f]{{32}})+\b"
    seen = re.findall(pattern, str(variables)) or re.findall(
        pattern, str(await owner.ask(OPERATIONS[operation].text, **variables))
    )
    assert seen
    node = "query($id: ID!) { node(id: $id) { id } }"
    for text in seen:
        assert await owner.ask(node, id=text) == {"data": {"node": {"id": text}}}
        assert await api.ask(node, id=text) == {"data": {"node": None}}


async def test_the_matrix_sees_a_leak() -> None:
    """The control: a field that looks up the row of whoever the id names is found out; a right one is not."""

    @strawberry.type
    class Query:
        @query_field(requires=MEMBER)
        async def leaky(self, info: Info, id: strawberry.ID) -> str | None:
            """Forgets to compare the owner."""
            owned = ids.find_owned_row("thing", id)
            return "theirs" if owned in things else None

        @query_field(requires=MEMBER)
        async def right(self, info: Info, id: strawberry.ID) -> str | None:
            """Compares it."""
            row = ids.find_row("thing", id, info.context.member_id)
            return "mine" if (info.context.member_id, row) in things else None

    other, row = new_id(), new_id()
    things = {(other, row)}
    app = schemas.app_of(build_schema(Query, None))
    async with schemas.client_of(app) as http:

        def asking(field: str) -> Ask:
            async def ask(variables: dict[str, Any]) -> Any:
                body = {"query": f"query($id: ID!) {{ {field}(id: $id) }}", "variables": variables}
                return (await http.post("/graphql", json=body, headers={"authorization": "Bearer member"})).json()

            return ask

        async def the_owner(_variables: dict[str, Any]) -> Any:
            return {"data": "theirs, as the owner sees it"}

        variables = {"id": encode_id("thing", other, row)}
        assert (await compare(the_owner, asking("leaky"), variables)).problems() != []
        assert (await compare(the_owner, asking("right"), variables)).problems() == []
