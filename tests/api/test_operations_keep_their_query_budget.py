"""Every file in graphql/operations runs, without errors, in no more statements than its first line allows."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from fedele.api.execution.operations import MEMBER_FOLDERS, STAFF_FOLDERS, OperationFile, read_operations
from fedele.db.database import counting
from tests.fixtures.api import Api
from tests.fixtures.operations import VARIABLES

OPERATIONS = {f"{file.folder}/{file.name}": file for file in read_operations(*MEMBER_FOLDERS, *STAFF_FOLDERS)}


def test_every_operation_has_a_budget_and_variables() -> None:
    """A file without `# queries <= N`, or without an entry in tests/fixtures/operations.py, would not be tested."""
    assert [name for name, file in OPERATIONS.items() if file.queries_max is None] == []
    assert sorted(OPERATIONS) == sorted(VARIABLES)


def test_every_operation_is_named_as_its_file() -> None:
    """`ClaimOffer.graphql` holds `mutation ClaimOffer` and nothing else."""
    for file in OPERATIONS.values():
        assert file.body.count("query ") + file.body.count("mutation ") >= 1
        assert f" {file.name}" in file.body.partition("{")[0]


def refusals(value: Any) -> list[Any]:
    """Every userErrors entry in an answer."""
    if isinstance(value, list):
        return [found for item in value for found in refusals(item)]
    if isinstance(value, dict):
        return [*value.get("userErrors", []), *(found for item in value.values() for found in refusals(item))]
    return []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_an_operation_keeps_its_budget(name: str, api: Api) -> None:
    """It answers without an error, top level or user's, and sends no more statements than it says."""
    file: OperationFile = OPERATIONS[name]
    headers = {"member": api.member.headers, "console": api.staff, "till": api.till}[file.folder]
    path = "/graphql" if file.folder in MEMBER_FOLDERS else "/staff/graphql"
    variables = await VARIABLES[name](api)
    await api.services.programmes.at(api.moment.now)  # read once a process, not once an operation
    with counting() as statements, capture_logs() as logs:
        sent = await api.client.post(path, json={"query": file.text, "variables": variables}, headers=headers)
    body = sent.json()
    assert "errors" not in body, body["errors"]
    assert refusals(body["data"]) == []
    (line,) = [line for line in logs if line["event"] == "graphql.operation"]
    # Where nobody listens for new versions, a process asks for their number once a second, whoever is being served.
    polls = sum("AS programme_version" in sql for sql in statements)
    assert line["statements"] - polls <= (file.queries_max or 0), "\n---\n".join(statements)
