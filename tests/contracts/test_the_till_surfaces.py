"""One suite for both ways into the till: GraphQL and its REST twin answer alike, refuse alike, and write once."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from fedele.api import ids
from fedele.api.execution.operations import read_operations
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.checkout.ports import Till
from fedele.domains.members.queries import find_card_code, find_rotating_code
from fedele.domains.programme.commands import apply
from fedele.kernel.ids import StoreId
from fedele.web.till import OPERATIONS, takes_input
from tests.factories.till_operations import sold_basket
from tests.factories.till_spending import with_pin
from tests.fixtures.api import Api, api, programme_text
from tests.fixtures.principals import PEPPERS, till_headers

__all__ = ["api"]
DOCUMENTS = {file.name: file.text for file in read_operations("till")}


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """An answer, whichever way it came: the payload, or the code that refused."""

    payload: Mapping[str, Any] | None
    code: str | None = None
    message: str | None = None
    field: tuple[str, ...] | None = None
    wait_seconds: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Surface:
    """A way into the till."""

    name: str
    api: Api

    async def ask(
        self, operation: str, body: dict[str, Any], key: str | None = None, headers: dict[str, str] | None = None,
        language: str = "en",
    ) -> Told:  # fmt: skip
        """Run an operation with the till's key (by default)."""
        sent = {**(self.api.till if headers is None else headers), "accept-language": language}
        return await (self._graphql if self.name == "graphql" else self._rest)(operation, body, key, sent)

    async def _graphql(self, name: str, body: dict[str, Any], key: str | None, headers: dict[str, str]) -> Told:
        (operation,) = [one for one in OPERATIONS if one.name == name]
        text = DOCUMENTS[operation.document]
        given = {"input": {**body, "idempotencyKey": key} if key else body} if takes_input(text) else body
        request = {"query": text, "variables": given}
        answer = (await self.api.client.post("/staff/graphql", json=request, headers=headers)).json()
        if answer.get("errors"):
            return Told(None, answer["errors"][0]["extensions"]["code"])
        payload = dict(answer["data"][operation.root])
        if refused := payload.pop("userErrors"):
            path = tuple(step for step in refused[0]["field"] or () if step != "input")
            wait = refused[0]["retryAfterSeconds"]
            return Told(None, refused[0]["code"], refused[0]["message"], path or None, wait)
        return Told(payload)

    async def _rest(self, name: str, body: dict[str, Any], key: str | None, headers: dict[str, str]) -> Told:
        sent = headers | ({"idempotency-key": key} if key else {})
        answer = await self.api.client.post(f"/till/v1/{name}", json=body, headers=sent)
        if answer.status_code == 200:
            assert answer.headers["content-type"] == "application/json"
            return Told(answer.json())
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["requestId"] == answer.headers["x-request-id"]
        field, wait = problem["field"], answer.headers.get("retry-after")
        return Told(
            None, problem["code"], problem["detail"], tuple(field) if field else None, int(wait) if wait else None
        )


@pytest.fixture(params=["graphql", "rest"])
def surface(request: pytest.FixtureRequest, api: Api) -> Surface:
    """GraphQL, then its twin."""
    return Surface(request.param, api)


async def card(surface: Surface) -> str:
    """The member's printed code."""
    found = await find_card_code(surface.api.database.reader, surface.api.member.member_id)
    assert found is not None
    return found.code


async def shown(surface: Surface) -> str:
    """What the member's app shows now."""
    database, member = surface.api.database, surface.api.member
    code = await find_rotating_code(database.reader, member.member_id, PEPPERS, surface.api.moment)
    assert code is not None
    return code.code


async def sell(surface: Surface, receipt: str = "R-1", **more: Any) -> Told:
    """Twenty lines of the member's."""
    basket = sold_basket(receipt, card=await card(surface), **more)
    return await surface.ask("settle", {"basket": basket}, key=f"key-{receipt}")


async def test_identify_quote_hold_settle_return(surface: Surface) -> None:
    """A whole visit: what was quoted is settled, what was held pays, what comes back is refunded."""
    assert (await sell(surface)).payload is not None
    seen = await surface.ask("scan", {"code": await shown(surface)})
    assert seen.payload is not None
    assert seen.payload["identifiedBy"] == "ROTATING_CODE"
    assert seen.payload["secondFacts"] == ["ROTATING_CODE"]
    member = seen.payload["member"]["id"]
    held = await surface.ask(
        "hold", {"card": await shown(surface), "points": [{"currency": "points", "amount": "100"}]}, key="hold"
    )
    assert held.payload is not None
    assert held.payload["hold"]["status"] == "OPEN"
    basket = sold_basket(
        "R-2", memberId=member, hold=held.payload["hold"]["id"],
        tenders=[{"kind": "POINTS", "amount": "1.00"}, {"kind": "CARD", "amount": "219.00"}],
    )  # fmt: skip
    quoted = await surface.ask("quote", {"basket": basket})
    assert quoted.payload is not None
    assert quoted.payload["quote"]["toPay"]["amount"] == "220.00"
    settle = {"basket": basket, "quote": quoted.payload["quote"]["hash"]}
    settled = await surface.ask("settle", settle, key="settle")
    assert settled.payload is not None
    assert settled.payload["settlement"]["burned"] == [{"currency": "points", "name": "points", "amount": "100"}]
    assert await surface.ask("settle", settle, key="settle") == settled
    token = settled.payload["settlement"]["receiptToken"]
    desk = await surface.ask("scan", {"code": token})
    assert desk.payload is not None
    assert desk.payload["purchaseId"] == settled.payload["settlement"]["purchaseId"]
    lines = {"purchaseId": desk.payload["purchaseId"], "lines": [{"number": 1}]}
    returned = await surface.ask("return", lines, key="return")
    assert returned.payload is not None
    assert returned.payload["returned"]["refund"] == {"amount": "1.50", "currency": "USD"}
    assert await surface.ask("return", lines, key="return") == returned


async def test_release_gives_back(surface: Surface) -> None:
    """Held, then released: the balance is as it was, and repeating says the same."""
    await sell(surface)
    before = await surface.ask("scan", {"code": await card(surface)})
    held = await surface.ask(
        "hold", {"card": await shown(surface), "points": [{"currency": "points", "amount": "50"}]}, key="hold"
    )
    assert held.payload is not None
    for _ in range(2):
        released = await surface.ask("release", {"holdId": held.payload["hold"]["id"]})
        assert released.payload is not None
        assert released.payload["hold"]["status"] == "RELEASED"
    after = await surface.ask("scan", {"code": await card(surface)})
    assert before.payload is not None
    assert after.payload is not None
    assert after.payload["member"]["balances"] == before.payload["member"]["balances"]


async def test_offline_sales_are_replayed(surface: Surface) -> None:
    """Two of three numbers, in the wrong order: both settled, one missing; again: known."""
    code = await card(surface)
    sales = [
        {
            "sequence": number, "idempotencyKey": f"offline-{number}",
            "basket": sold_basket(
                f"OFF-{number}", card=code,
                occurredAt=(surface.api.moment.now - timedelta(hours=number)).isoformat(),
            ),
        }
        for number in (3, 1)
    ]  # fmt: skip
    for outcome in ("SETTLED", "KNOWN"):
        told = await surface.ask("replay", {"device": "till-3", "sales": sales})
        assert told.payload is not None
        assert [(one["sequence"], one["outcome"]) for one in told.payload["results"]] == [(3, outcome), (1, outcome)]
        assert told.payload["missing"] == [{"first": 2, "last": 2}]
        assert told.payload["nextSequence"] == 4


async def test_refusals_have_one_code_one_field_and_the_readers_words(surface: Surface) -> None:
    """Whatever the way in: the same code, the same field, in Italian for whom asks in Italian."""
    await sell(surface)
    spends = {
        "basket": sold_basket(
            "R-9", card=await card(surface),
            tenders=[{"kind": "POINTS", "amount": "1.00"}, {"kind": "CARD", "amount": "219.00"}],
        )
    }  # fmt: skip
    refused = await surface.ask("settle", spends, key="spends", language="it")
    assert (refused.code, refused.field) == ("SECOND_FACT_NEEDED", ("basket", "card"))
    assert (refused.message or "").startswith("Per spendere")
    wrong = sold_basket("R-8", card=await card(surface), tenders=[{"kind": "CASH", "amount": "1.00"}])
    refused = await surface.ask("quote", {"basket": wrong})
    assert (refused.code, refused.field) == ("BASKET_INVALID", ("basket", "tenders"))
    refused = await surface.ask("scan", {"code": "FDL1NONSENSE"})
    assert refused.code == "CARD_CODE_MALFORMED"
    refused = await surface.ask("return", {"receipt": "nobody's", "lines": [{"number": 1}]}, key="r")
    assert refused.code == "PURCHASE_NOT_FOUND"
    refused = await surface.ask("release", {"holdId": "hold_00"})
    assert refused.code == "NOT_FOUND"
    refused = await surface.ask("hold", {"memberId": ids.member_id(surface.api.member.member_id)}, key="h")
    assert refused.code == "SECOND_FACT_NEEDED"


async def test_a_locked_pin_says_how_long_to_wait(surface: Surface) -> None:
    """Three wrong PINs: the fourth answer is 429 with the time to wait, in the header or in the error."""
    api = surface.api
    async with api.database.transaction() as tx:
        text = programme_text() + "\ntill: {second_fact: [pin], pin: {attempts_max: 3, lock_minutes: 30}}\n"
        await apply(tx, text, api.moment, sections=PROGRAMME_SECTIONS)
    await with_pin(Till(api.database, api.services.programmes), api.member.member_id)
    tenders = [{"kind": "POINTS", "amount": "1.00"}, {"kind": "CASH", "amount": "219.00"}]
    basket = sold_basket(memberId=ids.member_id(api.member.member_id), tenders=tenders, pin="111222")
    told = [await surface.ask("settle", {"basket": basket}, key=f"guess-{number}") for number in range(4)]
    assert [one.code for one in told] == ["PIN_WRONG"] * 3 + ["PIN_LOCKED"], told[0].message
    assert [one.wait_seconds for one in told] == [None] * 3 + [30 * 60]


async def test_a_key_reused_for_another_sale_is_refused(surface: Surface) -> None:
    """The same key, another basket."""
    await sell(surface, "R-1")
    other = {"basket": sold_basket("R-2", card=await card(surface))}
    assert (await surface.ask("settle", other, key="key-R-1")).code == "IDEMPOTENCY_KEY_REUSED"


async def test_keys_and_scopes_are_the_same(surface: Surface) -> None:
    """Nobody, a member, another store's till: refused as in GraphQL, and nothing is written."""
    body = {"basket": sold_basket("R-1", card=await card(surface), store="store-1")}
    database = surface.api.database
    other = await till_headers(database, surface.api.moment, StoreId("store-2"))
    for headers, code in (({}, "UNAUTHENTICATED"), (other, "STORE_FORBIDDEN")):
        assert (await surface.ask("settle", body, key="k", headers=headers)).code == code
    assert await database.reader.fetch_value("SELECT count(*) FROM purchase") == 0


async def test_what_the_two_ways_write_is_one(api: Api) -> None:
    """A sale settled by REST is the stored answer of GraphQL under the same key, and the other way round."""
    rest, graphql = Surface("rest", api), Surface("graphql", api)
    assert await sell(rest, "R-1") == await sell(graphql, "R-1")
    assert await sell(graphql, "R-2") == await sell(rest, "R-2")
    assert await api.database.reader.fetch_value("SELECT count(*) FROM purchase") == 2


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "BAD_REQUEST"),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, 400, "BAD_REQUEST"),
        ({"content": b"code=1", "headers": {"content-type": "text/plain"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"json": {}}, 400, "IDEMPOTENCY_KEY_MISSING"),
        ({"json": {}, "headers": {"idempotency-key": "k"}}, 400, "BAD_USER_INPUT"),
        ({"json": {"basket": {"a\u0000": 1}}, "headers": {"idempotency-key": "k"}}, 400, "BAD_REQUEST"),
    ],
    ids=["cut", "no object", "no JSON", "no key", "no basket", "a character no text can hold"],
)
async def test_what_is_no_request_is_a_problem(api: Api, send: dict[str, Any], status: int, code: str) -> None:
    """Every bad request is problem+json with a code and the request id; nothing is a 500."""
    headers = api.till | send.pop("headers", {})
    answer: httpx.Response = await api.client.post("/till/v1/settle", headers=headers, **send)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["requestId"] == answer.headers["x-request-id"]


async def test_another_method_is_refused(api: Api) -> None:
    """These routes take POST."""
    assert (await api.client.get("/till/v1/settle", headers=api.till)).status_code == 405


async def test_openapi_describes_every_route_and_every_answer(api: Api) -> None:
    """The description is served, names each route, and real bodies and answers satisfy its schemas."""
    description = (await api.client.get("/till/v1/openapi.json")).json()
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {f"/till/v1/{one.name}" for one in OPERATIONS}
    rest = Surface("rest", api)
    basket = sold_basket("R-1", card=await card(rest))
    bodies = {"scan": {"code": await card(rest)}, "quote": {"basket": basket}, "settle": {"basket": basket}}
    for name, body in bodies.items():
        operation = description["paths"][f"/till/v1/{name}"]["post"]
        _check(body, operation["requestBody"]["content"]["application/json"]["schema"], description, name)
        told = await rest.ask(name, body, key="k" if name == "settle" else None)
        assert told.payload is not None
        _check(told.payload, operation["responses"]["200"]["content"]["application/json"]["schema"], description, name)
    keyed = {name for name, path in description["paths"].items() if path["post"].get("parameters")}
    assert keyed == {f"/till/v1/{name}" for name in ("hold", "settle", "return")}
    with pytest.raises(AssertionError):  # the control: a wrong answer does not satisfy it
        _check(
            {"settlement": {"guest": "no"}},
            operation["responses"]["200"]["content"]["application/json"]["schema"],
            description,
            "x",
        )


def _check(value: Any, schema: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> None:
    """A small reader of JSON Schema: what our description uses, and nothing else."""
    if "$ref" in schema:
        _check(value, whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]], whole, path)
        return
    if "anyOf" in schema:
        if value is not None:
            _check(value, schema["anyOf"][0], whole, path)
        return
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    assert isinstance(value, types[schema["type"]]), f"{path} is {value!r}, not {schema['type']}"
    if schema["type"] == "object" and "properties" in schema:
        assert set(schema.get("required", ())) <= set(value), f"{path} lacks {set(schema['required']) - set(value)}"
        assert set(value) <= set(schema["properties"]), f"{path} has {set(value) - set(schema['properties'])}"
        for name, item in value.items():
            _check(item, schema["properties"][name], whole, f"{path}.{name}")
    if schema["type"] == "array":
        for index, item in enumerate(value):
            _check(item, schema["items"], whole, f"{path}[{index}]")
    if "enum" in schema:
        assert value in schema["enum"], f"{path} is {value!r}"
