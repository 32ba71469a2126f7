"""What support does for a member who writes a letter: forget them, or copy all that is known of them."""

from typing import Any

from fedele.api import ids
from fedele.api.execution.operations import STAFF_FOLDERS, read_operations
from fedele.domains.auth.commands import create_key
from fedele.domains.auth.types import Scope
from fedele.kernel.ids import MemberId, new_id
from tests.fixtures.api import Api

DOCUMENTS = {file.name: file.text for file in read_operations(*STAFF_FOLDERS)}


async def erases(api: Api, member_id: str, confirmation: str = "ERASE") -> Any:
    """Support's operation; its payload."""
    asked = {"memberId": member_id, "confirmation": confirmation}
    answer = await api.ask_staff(DOCUMENTS["EraseMember"], input=asked)
    assert "errors" not in answer, answer
    return answer["data"]["eraseMember"]


async def known_of(api: Api, member_id: str) -> Any:
    """The copy of what is known of a member."""
    answer = await api.ask_staff(DOCUMENTS["ExportMemberData"], memberId=member_id)
    assert "errors" not in answer, answer
    return answer["data"]["memberData"]


async def test_support_hands_out_a_copy_and_forgets(api: Api) -> None:
    """The copy names the address; after the erasure nothing does, the member's token sees nobody, and a repeat is
    harmless."""
    member_id = ids.member_id(api.member.member_id)
    assert "ada@example.org" in str(await known_of(api, member_id)).lower()
    assert await erases(api, member_id) == {"erased": True, "userErrors": []}
    assert await erases(api, member_id) == {"erased": True, "userErrors": []}
    assert "ada@example.org" not in str(await known_of(api, member_id)).lower()
    rows = await api.database.reader.fetch("SELECT kind FROM outbox WHERE kind = 'member.erased'")
    assert len(rows) == 1


async def test_no_mistaken_call_forgets_anybody(api: Api) -> None:
    """Without the word, of nobody, or by a key that may only read: refused, and the member is as they were."""
    member_id, nobody = ids.member_id(api.member.member_id), ids.member_id(MemberId(new_id()))
    assert [one["code"] for one in (await erases(api, member_id, "erase"))["userErrors"]] == ["INVALID_INPUT"]
    assert [one["code"] for one in (await erases(api, nobody))["userErrors"]] == ["MEMBER_NOT_FOUND"]
    assert await known_of(api, nobody) is None
    async with api.database.transaction() as tx:
        made = await create_key(tx, "desk", {Scope.MEMBERS_READ}, api.moment)
    reading = {"authorization": f"Bearer {made.text.get_secret_value()}"}
    for name, variables in (
        ("EraseMember", {"input": {"memberId": member_id, "confirmation": "ERASE"}}),
        ("ExportMemberData", {"memberId": member_id}),
    ):
        answer = await api.ask_staff(DOCUMENTS[name], reading, **variables)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    status = "SELECT status FROM member WHERE member_id = $1"
    assert await api.database.reader.fetch_value(status, api.member.member_id) == "active"
