"""The member's own profile through the app's documents: what changes, what is refused and why, and being forgotten."""

from typing import Any

import pytest

from fedele.api.execution.operations import read_operations
from fedele.domains.members import queries
from tests.fixtures.api import Api

DOCUMENTS = {file.name: file.text for file in read_operations("member", "console")}


async def run(api: Api, name: str, headers: Any = None, **variables: Any) -> Any:
    """One of the app's own documents; its data."""
    answer = await api.ask(DOCUMENTS[name], headers, **variables)
    assert "errors" not in answer, answer
    return answer["data"]


async def run_staff(api: Api, name: str, headers: Any = None, **variables: Any) -> Any:
    """One of the console's documents; the whole answer."""
    return await api.ask_staff(DOCUMENTS[name], headers, **variables)


async def test_a_profile_is_read_and_changed(api: Api) -> None:
    """What was sent is what is read back; what was left out stays; null takes away."""
    change = {"displayName": "Countess", "birthday": "--02-29", "timeZone": "Asia/Kolkata"}
    payload = (await run(api, "UpdateProfile", input=change))["updateProfile"]
    assert payload["userErrors"] == []
    assert payload["member"]["displayName"] == "Countess"
    me = (await run(api, "GetProfile"))["me"]
    assert (me["displayName"], me["birthday"], me["timeZone"], me["locale"]) == (
        "Countess", "--02-29", "Asia/Kolkata", "it",
    )  # fmt: skip
    await run(api, "UpdateProfile", input={"birthday": None})
    me = (await run(api, "GetProfile"))["me"]
    assert (me["displayName"], me["birthday"]) == ("Countess", None)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"displayName": ""}, "PROFILE_INVALID", "displayName"),
        ({"locale": None}, "PROFILE_INVALID", "locale"),
        ({"picture": "http://plain.example/a.png"}, "PROFILE_INVALID", "picture"),
        ({"homeStore": "no-such-place"}, "PROFILE_INVALID", "homeStore"),
    ],
)
async def test_a_refused_change_names_the_field(api: Api, change: Any, code: str, field: str) -> None:
    """The code is for the program, the field for the form, and nothing was written."""
    payload = (await run(api, "UpdateProfile", input={"displayName": "X", **change}))["updateProfile"]
    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == (code, ["input", field])
    assert payload["member"] is None
    assert (await queries.get_member(api.database.reader, api.member.member_id)).display_name == "Ada"


async def test_undeclared_preferences_are_refused(api: Api) -> None:
    """The programme says which keys exist; anything but an object is refused too."""
    for given, code in (({"is_admin": True}, "PREFERENCE_UNKNOWN"), (["x"], "INVALID_INPUT"), ("x", "INVALID_INPUT")):
        payload = (await run(api, "UpdatePreferences", input={"preferences": given}))["updatePreferences"]
        assert [error["code"] for error in payload["userErrors"]] == [code]


async def test_consents_show_questions_and_answers(api: Api) -> None:
    """A question never asked reads as no; an answer is there at once, and for the service desk with its proof."""
    given = {"purpose": "MARKETING", "channel": "PUSH", "granted": True, "wording": "2026-11/it"}
    before = {(c["purpose"], c["channel"]): c for c in (await run(api, "GetProfile"))["me"]["consents"]}
    assert not any(consent["granted"] for consent in before.values())
    payload = (await run(api, "SetConsent", input=given))["setConsent"]
    assert payload["consent"]["granted"] is True
    after = {(c["purpose"], c["channel"]): c for c in (await run(api, "GetProfile"))["me"]["consents"]}
    assert after["MARKETING", "PUSH"]["granted"] is True
    me = (await run(api, "GetProfile"))["me"]["id"]
    seen = (await run_staff(api, "GetMember", id=me))["data"]["member"]
    assert [(c["source"], c["wording"]) for c in seen["consentHistory"]] == [("app", "2026-11/it")]


async def test_a_data_export_holds_what_is_known(api: Api) -> None:
    """Name, address and card are in it; another member's are not."""
    export = (await run(api, "RequestDataExport", input={}))["requestDataExport"]["export"]
    assert export["member"]["profile"]["displayName"] == "Ada"
    assert export["member"]["contacts"] == [{"kind": "email", "value": "ada@example.org"}]
    assert export["member"]["card"]["code"].startswith("FDL1")
    assert "bo@example.org" not in str(export)
    payload = (await run(api, "RequestDataExport", input={"parts": ["member", "secrets"]}))["requestDataExport"]
    assert (payload["export"], payload["userErrors"][0]["code"]) == (None, "INVALID_INPUT")


async def test_erasure_asks_for_the_word_and_then_forgets(api: Api) -> None:
    """Without the word nothing happens; with it the profile is empty, changes are refused, staff see a closed one."""
    payload = (await run(api, "RequestErasure", input={"confirmation": "yes"}))["requestErasure"]
    assert (payload["erased"], payload["userErrors"][0]["code"]) == (None, "INVALID_INPUT")
    me = (await run(api, "GetProfile"))["me"]
    assert me["displayName"] == "Ada"
    assert (await run(api, "RequestErasure", input={"confirmation": "ERASE"}))["requestErasure"]["erased"] is True
    assert (await run(api, "GetProfile"))["me"]["displayName"] is None
    payload = (await run(api, "UpdateProfile", input={"displayName": "Back"}))["updateProfile"]
    assert payload["userErrors"][0]["code"] == "MEMBER_ERASED"
    seen = (await run_staff(api, "GetMember", id=me["id"]))["data"]["member"]
    assert (seen["status"], seen["displayName"], seen["contacts"], seen["cardCode"]) == ("ERASED", None, [], None)


async def test_staff_find_members_exactly(api: Api) -> None:
    """By address in any case, number, card or external id: one member; by anything else none; by rubbish an error."""
    given = {"phone": "(201) 555-0123", "externalIds": [{"source": "pos", "value": "7"}]}
    created = (await run_staff(api, "CreateMember", input=given))["data"]["createMember"]
    assert (created["created"], created["userErrors"]) == (True, [])
    found = created["member"]["id"]
    for by in (
        {"phone": "+1 201 555 0123"},
        {"external": {"source": "pos", "value": "7"}},
        {"cardCode": created["member"]["cardCode"].lower()},
    ):
        (member,) = (await run_staff(api, "FindMembers", by=by))["data"]["members"]
        assert member["id"] == found
    for by in ({"email": "ada@example.or"}, {"external": {"source": "shop", "value": "7"}}):
        assert (await run_staff(api, "FindMembers", by=by))["data"]["members"] == []
    for by in ({"email": "ada"}, {"cardCode": "FDL1XXXX"}, {}, {"email": "a@b.org", "phone": "+393471234567"}):
        assert (await run_staff(api, "FindMembers", by=by))["errors"]


async def test_creating_a_member_again_finds_them(api: Api) -> None:
    """Idempotent by identity: the same member, created false, the profile as it was."""
    first = (await run_staff(api, "CreateMember", input={"email": "cy@example.org", "displayName": "Cy"}))["data"]
    again = (await run_staff(api, "CreateMember", input={"email": "CY@example.org", "displayName": "X"}))["data"]
    assert again["createMember"]["created"] is False
    assert again["createMember"]["member"]["id"] == first["createMember"]["member"]["id"]
    assert again["createMember"]["member"]["displayName"] == "Cy"


@pytest.mark.parametrize(
    ("given", "code"),
    [({}, "INVALID_INPUT"), ({"email": "x"}, "IDENTITY_INVALID"), ({"phone": "1"}, "IDENTITY_INVALID"),
     ({"email": "d@example.org", "homeStore": "nowhere"}, "PROFILE_INVALID"),
     ({"email": "ada@example.org", "externalIds": [{"source": "A b", "value": "1"}]}, "IDENTITY_INVALID")],
)  # fmt: skip
async def test_a_member_that_cannot_be_is_refused(api: Api, given: Any, code: str) -> None:
    """With its reason, and nobody was enrolled."""
    before = await api.database.reader.fetch_value("SELECT count(*) FROM member")
    payload = (await run_staff(api, "CreateMember", input=given))["data"]["createMember"]
    assert [error["code"] for error in payload["userErrors"]] == [code]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM member") == before


async def test_a_till_sees_no_member(api: Api) -> None:
    """A till's key may scan; it may neither read nor find nor enrol members."""
    member = (await run(api, "GetProfile"))["me"]["id"]
    asked: list[tuple[str, dict[str, Any]]] = [
        ("GetMember", {"id": member}),
        ("FindMembers", {"by": {"email": "ada@example.org"}}),
        ("CreateMember", {"input": {"email": "x@example.org"}}),
    ]
    for name, variables in asked:
        answer = await run_staff(api, name, headers=api.till, **variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], name
    node = await api.ask_staff("query Find($id: ID!) { node(id: $id) { id } }", api.till, id=member)
    assert node["errors"][0]["extensions"]["code"] == "FORBIDDEN"
