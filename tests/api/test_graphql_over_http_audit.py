"""The GraphQL-over-HTTP specification, as npm's graphql-http audits it, over a real socket."""

import json
from pathlib import Path

import pytest

from tests.fixtures.schemas import bare_app
from tests.fixtures.served import run_node, serve


@pytest.mark.parametrize("path", ["/graphql", "/staff/graphql"])
def test_every_audit_passes(node_clients: Path, path: str) -> None:
    """All 61 of 61, of which "MAY" and "SHOULD" too, on both endpoints."""
    with serve(bare_app()) as base_url:
        results = json.loads(run_node(node_clients, "audit.mjs", base_url + path))
    failed = [result for result in results if result["status"] != "ok"]
    assert not failed, "\n".join(f"{result['id']} {result['name']}: {result['reason']}" for result in failed)
    assert len(results) == 61
