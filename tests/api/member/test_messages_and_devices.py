"""Messages and devices through the members' endpoint: the app's own documents, isolation, reasons for a no."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from fedele.api.context import Services
from fedele.api.execution.documents import DocumentMode, Documents
from fedele.api.execution.engine import Engine
from fedele.api.execution.limits import Limits
from fedele.api.execution.prepared import PreparedCache
from fedele.api.member.schema import build_member_schema
from fedele.db.database import Database, counting
from fedele.domains.auth.types import Anonymous, MemberPrincipal, Principal
from fedele.domains.messaging import commands
from fedele.domains.messaging.types import AmountValue
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.web.graphql import GraphQLEndpoint
from fedele.web.request_ids import RequestIds
from tests.factories.messaging import NOON, make_member, make_programme
from tests.fixtures import schemas

OPERATIONS = Path(__file__).parents[3] / "graphql" / "operations" / "member"
DEVICE = {
    "kind": "FCM_TOKEN",
    "value": "token-of-giulia-0001",
    "platform": "ANDROID",
    "permission": "GRANTED",
    "appVersion": "2.1",
    "locale": "it",
    "timeZone": "Europe/Rome",
}


class FixedProgramme:
    """The same programme at any moment."""

    async def at(self, when: Any) -> Any:
        """It."""
        return make_programme()


async def authenticate(request: Request) -> Principal:
    """The bearer is the member's id."""
    text = request.headers.get("authorization", "").removeprefix("Bearer ")
    return MemberPrincipal(MemberId(UUID(text))) if text else Anonymous()


@pytest.fixture
def client(database: Database) -> httpx.AsyncClient:
    """The members' endpoint over a real database, at noon in Rome."""
    schema = build_member_schema()
    cache = PreparedCache(schema._schema, Limits(), introspection=True)
    documents = Documents(cache, DocumentMode.OPEN, (), schemas.find_nothing)
    services = Services(database, FixedProgramme())  # type: ignore[arg-type]
    endpoint = GraphQLEndpoint(Engine(schema, documents, "test"), services, authenticate, lambda: Moment(NOON))
    route = Route("/graphql", endpoint.respond, methods=["GET", "POST"])
    return schemas.client_of(Starlette(routes=[route], middleware=[Middleware(RequestIds)]))


async def run(client: httpx.AsyncClient, member_id: MemberId, name: str, **variables: Any) -> Any:
    """Run one of the app's own documents, within the budget of statements that its first line promises."""
    document = (OPERATIONS / f"{name}.graphql").read_text()
    budget = int(document.partition("\n")[0].rpartition("<=")[2])
    with counting() as statements:
        answer = await client.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {member_id}"},
        )
    body = answer.json()
    assert "errors" not in body, body
    assert len(statements) <= budget, statements
    return body["data"]


async def announce(database: Database, member_id: MemberId) -> None:
    """Points were earned."""
    values = {"amount": AmountValue("points", 10), "balance": AmountValue("points", 90), "transaction": "0199"}
    async with database.transaction() as tx:
        await commands.announce(tx, make_programme(), member_id, "points.earned", values, new_id(), Moment(NOON))


async def test_a_phone_registers_shows_and_leaves(admin: Any, client: httpx.AsyncClient) -> None:
    """Registered, listed without its address, registered again as the same one, forgotten."""
    member_id = await make_member(admin)
    first = (await run(client, member_id, "RegisterDevice", input=DEVICE))["registerDevice"]
    again = (await run(client, member_id, "RegisterDevice", input=DEVICE))["registerDevice"]
    assert (first["userErrors"], again["device"]["id"]) == ([], first["device"]["id"])
    [listed] = (await run(client, member_id, "ListDevices"))["me"]["devices"]
    assert (listed["kind"], listed["permission"], listed["timeZone"]) == ("FCM_TOKEN", "GRANTED", "Europe/Rome")
    assert DEVICE["value"] not in str(listed)
    gone = await run(client, member_id, "UnregisterDevice", input={"deviceId": listed["id"]})
    assert gone["unregisterDevice"] == {"deviceId": listed["id"], "userErrors": []}
    assert (await run(client, member_id, "ListDevices"))["me"]["devices"] == []


async def test_a_target_that_cannot_be_one_is_refused_with_a_code(admin: Any, client: httpx.AsyncClient) -> None:
    """The app is told which field to look at; nothing is stored."""
    member_id = await make_member(admin)
    answer = (await run(client, member_id, "RegisterDevice", input=DEVICE | {"value": "x"}))["registerDevice"]
    assert answer["device"] is None
    [error] = answer["userErrors"]
    assert (error["code"], error["field"]) == ("MALFORMED_PUSH_TARGET", ["input", "value"])
    assert await admin.fetchval("SELECT count(*) FROM push_target") == 0


async def test_messages_are_read_seen_and_dismissed(admin: Any, database: Database, client: httpx.AsyncClient) -> None:
    """Two messages in the member's language; one is seen, one is dismissed and does not come back."""
    member_id = await make_member(admin, locale="ar")
    await announce(database, member_id)
    await announce(database, member_id)
    page = (await run(client, member_id, "ListMessages", first=1))["me"]["messages"]
    [edge] = page["edges"]
    assert (edge["node"]["title"], edge["node"]["display"], edge["node"]["seenAt"]) == ("لك 10 نقطة", "CARD", None)
    assert edge["node"]["deepLink"] == "grocer://activity/0199"
    assert page["pageInfo"]["hasNextPage"] is True
    rest = (await run(client, member_id, "ListMessages", after=page["pageInfo"]["endCursor"]))["me"]["messages"]
    [other] = rest["edges"]
    ids = [edge["node"]["id"], other["node"]["id"]]
    seen = await run(client, member_id, "MarkMessagesSeen", input={"messageIds": [*ids, "message_nonsense"]})
    assert seen["markMessagesSeen"]["newlySeen"] == 2
    for _ in range(2):
        done = await run(client, member_id, "DismissMessage", input={"messageId": ids[0]})
        assert done["dismissMessage"] == {"messageId": ids[0], "userErrors": []}
    left = (await run(client, member_id, "ListMessages"))["me"]["messages"]["edges"]
    assert [(edge["node"]["id"], edge["node"]["seenAt"] is not None) for edge in left] == [(ids[1], True)]


async def test_another_members_things_do_not_exist(admin: Any, database: Database, client: httpx.AsyncClient) -> None:
    """By node null, by mutation NOT_FOUND, and the owner still has them. The owner's own node is the control."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    await announce(database, giulia)
    device = (await run(client, giulia, "RegisterDevice", input=DEVICE))["registerDevice"]["device"]["id"]
    message = (await run(client, giulia, "ListMessages"))["me"]["messages"]["edges"][0]["node"]["id"]
    for thing in (device, message):
        for member_id, found in ((marco, False), (giulia, True)):
            answer = await client.post(
                "/graphql",
                json={"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": thing}},
                headers={"authorization": f"Bearer {member_id}"},
            )
            assert answer.json()["data"]["node"] == ({"id": thing} if found else None)
    for name, argument in (("UnregisterDevice", {"deviceId": device}), ("DismissMessage", {"messageId": message})):
        [payload] = (await run(client, marco, name, input=argument)).values()
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    seen = await run(client, marco, "MarkMessagesSeen", input={"messageIds": [message]})
    assert seen["markMessagesSeen"]["newlySeen"] == 0
    assert len((await run(client, giulia, "ListDevices"))["me"]["devices"]) == 1
    assert len((await run(client, giulia, "ListMessages"))["me"]["messages"]["edges"]) == 1


async def test_a_message_past_its_end_is_nowhere(admin: Any, database: Database, client: httpx.AsyncClient) -> None:
    """Neither in the list nor by its id."""
    member_id = await make_member(admin)
    await announce(database, member_id)
    message = (await run(client, member_id, "ListMessages"))["me"]["messages"]["edges"][0]["node"]["id"]
    await admin.execute("UPDATE in_app_message SET expires_at = $1", NOON - timedelta(seconds=1))
    assert (await run(client, member_id, "ListMessages"))["me"]["messages"]["edges"] == []
    answer = await client.post(
        "/graphql",
        json={"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": message}},
        headers={"authorization": f"Bearer {member_id}"},
    )
    assert answer.json()["data"]["node"] is None
