"""Documents by their hash: the wire shapes of Apollo, Relay and the specification, in all three modes."""

import hashlib
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest

from fedele.api.execution.documents import DocumentMode
from fedele.api.execution.manifest import ManifestInvalid, check_manifest, read_manifest, write_manifest
from fedele.api.execution.operations import OperationFile
from fedele.api.member.schema import build_member_schema
from tests.fixtures import schemas, slices

PUBLISHED = "query Greet { greeting }"
STRANGE = "query Strange { greeting clock }"
MODES = list(DocumentMode)


def sha256(text: str) -> str:
    """The hash as a client counts it."""
    return hashlib.sha256(text.encode()).hexdigest()


def client(mode: DocumentMode, **options: Any) -> httpx.AsyncClient:
    """A client of the stamp schema where PUBLISHED is published."""
    return schemas.client_of(schemas.app_of(slices.stamp_schema(), mode, built_in=[PUBLISHED], **options))


def shapes(text: str) -> dict[str, dict[str, Any]]:
    """The same document in every protocol's words."""
    return {
        "Apollo": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}},
        "specification": {"documentId": f"sha256:{sha256(text)}"},
        "bare documentId": {"documentId": sha256(text)},
        "Relay id": {"id": sha256(text)},
        "Relay doc_id": {"doc_id": sha256(text), "variables": {}},
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", shapes(PUBLISHED))
async def test_a_published_document_runs_by_its_hash(mode: DocumentMode, shape: str) -> None:
    """In every mode and every shape, by POST and by GET."""
    body = shapes(PUBLISHED)[shape]
    async with client(mode) as http:
        assert (await http.post("/graphql", json=body)).json() == {"data": {"greeting": "en"}}
        parameters = {k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in body.items()}
        assert (await http.get("/graphql", params=parameters)).json() == {"data": {"greeting": "en"}}


async def test_trusted_mode_refuses_every_other_text() -> None:
    """A stranger's text is refused with 403, whatever hash comes with it; the published text may be sent in full."""
    async with client(DocumentMode.TRUSTED) as http:
        headers = {"accept": "application/graphql-response+json"}
        for body in ({"query": STRANGE}, {"query": STRANGE, **shapes(STRANGE)["Apollo"]}):
            sent = await http.post("/graphql", json=body, headers=headers)
            assert sent.status_code == 403
            assert sent.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
            assert "data" not in sent.json()
        again = await http.post("/graphql", json=shapes(STRANGE)["Apollo"])
        assert again.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        assert (await http.post("/graphql", json={"query": PUBLISHED})).json() == {"data": {"greeting": "en"}}


@pytest.mark.parametrize("mode", [DocumentMode.OPEN, DocumentMode.APQ])
async def test_apollo_registers_a_text_on_the_way(mode: DocumentMode) -> None:
    """Unknown hash → the words Apollo looks for; then text and hash together; then the hash alone."""
    async with client(mode) as http:
        by_hash = shapes(STRANGE)["Apollo"]
        unknown = (await http.post("/graphql", json=by_hash)).json()["errors"][0]
        assert unknown["message"] == "PersistedQueryNotFound"
        assert unknown["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        assert "errors" not in (await http.post("/graphql", json={"query": STRANGE, **by_hash})).json()
        assert "errors" not in (await http.post("/graphql", json=by_hash)).json()


async def test_a_text_cannot_be_registered_under_another_hash() -> None:
    """Else one client could make all others run its document."""
    async with client(DocumentMode.APQ) as http:
        lie = {"query": STRANGE, **shapes(PUBLISHED)["Apollo"]}
        refused = (await http.post("/graphql", json=lie)).json()["errors"][0]
        assert refused["extensions"]["code"] == "PERSISTED_QUERY_MISMATCH"


async def test_a_document_published_later_is_found_without_a_restart() -> None:
    """A miss is asked again; a hit is kept."""
    asked: list[str] = []
    store: dict[str, str] = {}

    async def find(hashed: str) -> str | None:
        asked.append(hashed)
        return store.get(hashed)

    async with client(DocumentMode.TRUSTED, find_published=find) as http:
        body = shapes(STRANGE)["specification"]
        assert "errors" in (await http.post("/graphql", json=body)).json()
        store[sha256(STRANGE)] = STRANGE
        for _ in range(3):
            assert "errors" not in (await http.post("/graphql", json=body)).json()
    assert asked == [sha256(STRANGE)] * 2


async def test_introspection_is_for_open_mode_only() -> None:
    """Elsewhere the schema is not told."""
    query = {"query": "{ __schema { queryType { name } } }"}
    for mode, allowed in ((DocumentMode.OPEN, True), (DocumentMode.APQ, False), (DocumentMode.TRUSTED, False)):
        async with client(mode) as http:
            assert ("errors" not in (await http.post("/graphql", json=query)).json()) is allowed


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "abc"}, {"documentId": 7}, {"id": "x" * 64},
        {"extensions": {"persistedQuery": {"sha256Hash": []}}},
        {"query": 5}, {"query": ""}, {}, {"query": "{ greeting }", "variables": []}, [], [{"query": "{ greeting }"}],
    ],
)  # fmt: skip
async def test_what_is_no_request_gets_400_and_a_reason(body: Any) -> None:
    """Malformed ids and parameters, batches: refused before anything runs."""
    async with client(DocumentMode.OPEN) as http:
        sent = await http.post("/graphql", json=body)
    assert sent.status_code == 400
    assert sent.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_the_etag_saves_the_work_and_the_bytes() -> None:
    """GET of a hashed query: weak ETag, private, no-cache; If-None-Match → 304 without a body or an execution."""
    state = ["1"]

    async def fingerprint(_context: Any) -> str | None:
        return state[0]

    url = f"/graphql?documentId={sha256(PUBLISHED)}"
    async with client(DocumentMode.TRUSTED, fingerprint=fingerprint) as http:
        first = await http.get(url)
        etag = first.headers["etag"]
        assert etag.startswith('W/"')
        assert first.headers["cache-control"] == "private, no-cache"
        same = await http.get(url, headers={"if-none-match": etag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        other = await http.get(f"{url}&variables={quote('{}')}", headers={"if-none-match": etag})
        assert other.status_code == 200
        state[0] = "2"
        changed = await http.get(url, headers={"if-none-match": etag})
        assert (changed.status_code, changed.headers["etag"] == etag) == (200, False)


async def test_what_must_not_be_kept_has_no_etag() -> None:
    """Texts in full, errors, answers that change by themselves, and nobody's own state."""

    async def fingerprint(_context: Any) -> str | None:
        return "1"

    async with client(DocumentMode.OPEN, fingerprint=fingerprint) as http:
        assert "etag" not in (await http.get("/graphql", params={"query": PUBLISHED})).headers
        await http.post("/graphql", json={"query": STRANGE, **shapes(STRANGE)["Apollo"]})
        assert "etag" not in (await http.get("/graphql", params={"documentId": sha256(STRANGE)})).headers
        refused = "query Me { me { id } }"
        await http.post("/graphql", json={"query": refused, **shapes(refused)["Apollo"]})
        assert "etag" not in (await http.get("/graphql", params={"documentId": sha256(refused)})).headers
        assert "etag" not in (await http.post("/graphql", json=shapes(PUBLISHED)["specification"])).headers
    async with client(DocumentMode.OPEN) as http:
        assert "etag" not in (await http.get("/graphql", params={"documentId": sha256(PUBLISHED)})).headers


async def test_a_get_changes_nothing() -> None:
    """A mutation by GET is 405 in every media type, even a published one."""
    text = "mutation Use { useStamps(input: {count: 1}) { left } }"
    app = schemas.app_of(slices.stamp_schema(), DocumentMode.TRUSTED, built_in=[text])
    async with schemas.client_of(app) as http:
        for accept in ("application/json", "application/graphql-response+json"):
            headers = {"accept": accept, "authorization": "Bearer member"}
            sent = await http.get("/graphql", params={"documentId": sha256(text)}, headers=headers)
            assert (sent.status_code, sent.headers["allow"]) == (405, "POST")


def test_our_manifest_is_one_that_we_read_back() -> None:
    """`documents build` writes what `documents publish` reads; comments do not count in the hash."""
    operation = OperationFile("member", "Greet", "# queries <= 1\nquery Greet {\n  me { id }\n}\n")
    manifest = write_manifest([operation])
    (entry,) = read_manifest(manifest)
    assert (entry.sha256, entry.name, entry.body) == (
        operation.sha256,
        "Greet",
        "query Greet {\n  me {\n    id\n  }\n}",
    )
    check_manifest(build_member_schema()._schema, [entry])


@pytest.mark.parametrize(
    "manifest",
    [
        {sha256(PUBLISHED): PUBLISHED},
        [[sha256(PUBLISHED), PUBLISHED]],
        {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            {"id": sha256(PUBLISHED), "name": "Greet", "type": "query", "body": PUBLISHED}]},
        {f"sha256:{sha256(PUBLISHED)}": PUBLISHED},
    ],
)  # fmt: skip
def test_manifests_of_other_tools_are_read(manifest: Any) -> None:
    """Codegen's and Relay's objects, Relay's list, Apollo's manifest."""
    (entry,) = read_manifest(manifest)
    assert (entry.sha256, entry.name) == (sha256(PUBLISHED), "Greet")


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ({"x": PUBLISHED}, "not the sha256"), ({}, "neither"), ([1], "neither"), ({sha256("{"): "{"}, "Syntax Error"),
        ({"operations": [{"id": sha256(PUBLISHED)}]}, "its text"),
        ({sha256("{ greeting }"): "{ greeting }"}, "no named operation"),
    ],
)  # fmt: skip
def test_a_manifest_that_would_not_work_is_refused(manifest: Any, why: str) -> None:
    """With what is wrong, and before anything is published."""
    with pytest.raises(ManifestInvalid, match=why):
        read_manifest(manifest)


def test_a_manifest_for_another_schema_is_refused() -> None:
    """Every document that does not fit is named."""
    text = "query Lost { nowhere }"
    with pytest.raises(ManifestInvalid, match="Lost: Cannot query field 'nowhere'"):
        check_manifest(build_member_schema()._schema, read_manifest({sha256(text): text}))
