"""The endpoints over HTTP: media types, sizes, tokens, pages, cross-origin calls, and a loop that stays free."""

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest

from fedele.api.execution.documents import DocumentMode
from fedele.web.app import WebOptions, build_app
from fedele.web.negotiation import language, media_type
from tests.fixtures import schemas

RESPONSE_JSON = "application/graphql-response+json"
MakeClient = Callable[..., httpx.AsyncClient]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"), ("*/*", "application/json"), (RESPONSE_JSON, RESPONSE_JSON),
        (f"{RESPONSE_JSON}, application/json;q=0.9", RESPONSE_JSON),
        (f"application/json, {RESPONSE_JSON};q=0.5", "application/json"),
        ("text/html, */*;q=0.1", "application/json"), ("text/html", None),
        ("application/json;q=0", None), ("junk;q=x", None),
    ],
)  # fmt: skip
def test_the_media_type_is_the_one_the_client_would_rather_have(accept: str | None, chosen: str | None) -> None:
    """q values count; wildcards mean the legacy type; nothing of ours means None."""
    assert media_type(accept) == chosen


@pytest.mark.parametrize(
    ("header", "chosen"),
    [("it", "it"), ("it-CH, en;q=0.8", "it"), ("de, ru;q=0.3, ar;q=0.7", "ar"), ("de", None), ("", None), (None, None)],
)
def test_the_language_is_the_best_that_is_spoken(header: str | None, chosen: str | None) -> None:
    """Regions fall back to their language; q values count."""
    assert language(header, ("en", "it", "ru", "ar")) == chosen


async def test_a_client_that_takes_neither_json_gets_406(make_client: MakeClient) -> None:
    """And learns which to accept."""
    async with make_client() as http:
        sent = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": "image/png"})
    assert (sent.status_code, sent.json()["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")


async def test_a_body_over_the_limit_is_refused_while_it_arrives(make_client: MakeClient) -> None:
    """413 at 64 KiB for members, whatever Content-Length claims; a till may send more."""
    async with make_client() as http:
        body = {"query": "{ __typename }", "variables": {"x": "y" * 70_000}}
        refused = await http.post("/graphql", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
        assert (await http.post("/staff/graphql", json=body)).json() == {"data": {"__typename": "Query"}}


async def test_a_wrong_token_is_401_with_a_code(make_client: MakeClient) -> None:
    """Before the document is looked at; with the challenge that HTTP asks for."""
    async with make_client() as http:
        sent = await http.post("/graphql", json={"query": "{ me { id } }"}, headers={"authorization": "Bearer forged"})
    assert (sent.status_code, sent.json()["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INVALID")
    assert sent.headers["www-authenticate"].startswith("Bearer")


async def test_request_ids_go_through(make_client: MakeClient) -> None:
    """A sane one is kept, another is replaced: it lands in logs and headers."""
    async with make_client() as http:
        for given, kept in (("a-sane.id_1", True), ("x\x7fy" * 5, False), ("short", False), ("z" * 65, False)):
            sent = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"x-request-id": given})
            assert (sent.headers["x-request-id"] == given) is kept


async def test_graphiql_is_served_from_here_alone(make_client: MakeClient) -> None:
    """No address of anybody else, a policy that forbids them, and every file it names is there; open mode only."""
    async with make_client() as http:
        page = await http.get("/graphql", headers={"accept": "text/html"})
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "default-src 'none'" in policy
        names = [part.split('"')[0] for part in page.text.split("/assets/graphiql/")[1:]]
        assert len(names) == 6
        for name in names:
            assert (await http.get(f"/assets/graphiql/{name}")).status_code == 200
        assert (await http.get("/assets/graphiql/LICENSE")).text.count("MIT") >= 1
    async with make_client(DocumentMode.TRUSTED) as http:
        refused = await http.get("/graphql", headers={"accept": "text/html"})
        assert refused.status_code == 406


async def test_only_named_origins_may_call_from_a_browser() -> None:
    """CORS is explicit: a named origin passes its preflight, another gets no permission."""
    options = WebOptions(cors_origins=("https://shop.example",))
    app = build_app(schemas.services_without_database(), schemas.authenticate, options=options)
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    async with schemas.client_of(app) as http:
        allowed = await http.options("/graphql", headers={"origin": "https://shop.example", **preflight})
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        refused = await http.options("/graphql", headers={"origin": "https://evil.example", **preflight})
        assert "access-control-allow-origin" not in refused.headers


async def test_the_loop_goes_on_serving_while_a_hostile_document_is_read(make_client: MakeClient) -> None:
    """Eight different ones at once: whoever waits for the loop meanwhile waits less than a quarter of a second.

    Counted in CPU time of this process, all its threads together, as other processes share the machine.
    """
    hostile = [
        "{ me { " + " ".join(f"x{i}: id" for i in range(60)) + " } " + "__typename " * 35 + f"y{n}: __typename }}"
        for n in range(8)
    ]
    async with make_client() as http:
        await http.post("/graphql", json={"query": "{ __typename }"})
        longest = 0.0
        running = asyncio.gather(*(http.post("/graphql", json={"query": text}) for text in hostile))
        while not running.done():
            before = time.process_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.process_time() - before)
        codes = {sent.json()["errors"][0]["extensions"]["code"] for sent in running.result()}
    assert codes <= {"DOCUMENT_TOO_COMPLEX", "UNAUTHENTICATED"}
    assert longest < 0.25
