"""Cursors that somebody changed are the caller's mistake in every list of staff, never a fault of ours."""

from fedele.kernel.ids import encode_id
from fedele.kernel.pages import encode_cursor
from tests.fixtures.api import Api

AT, ID = "2026-11-20T11:00:00+00:00", "01a202ac-f331-7084-b626-adeab08a7b77"
LISTS = {
    "entriesToModerate": "", "fraudCases": "", "journeyMembers": 'key: "none", ', "referrals": "",
    "reviewsToModerate": "", "segmentMembers": 'segment: "none", ', "supportCases": "",
}  # fmt: skip
CURSORS = [
    "nonsense",
    *(encode_cursor(*parts) for parts in [
        ("x",), ("x", ID), (AT, "x"), (AT, 7), (7, ID), (None, None), ("2026-11-20T11:00:00", ID), ("x", AT, ID),
        (0, "x", ID), (0, AT, "x"), (2**40, AT, ID), (None, AT, ID), (0, None, None), (7,), (None,),
    ]),
]  # fmt: skip


def listing(cursor: str) -> str:
    """One document that goes on in every list after this cursor, the redemptions of a member with them."""
    fields = [f'{name}({more}after: "{cursor}") {{ edges {{ cursor }} }}' for name, more in LISTS.items()]
    return (
        "query ($id: ID!) { " + " ".join(fields)
        + f' member(id: $id) {{ redemptions(after: "{cursor}") {{ edges {{ cursor }} }} }} }}'
    )  # fmt: skip


async def test_a_changed_cursor_is_the_callers_mistake(api: Api) -> None:
    """Each list refuses what it did not make, and says so; none of them is masked as a bug."""
    refused: set[str] = set()
    for cursor in CURSORS:
        answer = await api.ask_staff(listing(cursor), id=encode_id("member", api.member.member_id))
        errors = answer.get("errors", [])
        codes = {error["path"][-1]: error["extensions"]["code"] for error in errors}
        assert set(codes.values()) == {"BAD_USER_INPUT"}, (cursor, codes)
        refused |= set(codes)
    assert refused == {*LISTS, "redemptions"}


async def test_a_cursor_of_the_lists_own_is_taken(api: Api) -> None:
    """The control: each list goes on after what it may have made, and answers an empty page."""
    own = {name: encode_cursor(AT, ID) for name in ("entriesToModerate", "referrals", "reviewsToModerate")}
    own |= {name: encode_cursor(ID) for name in ("fraudCases", "journeyMembers", "segmentMembers")}
    own["supportCases"] = encode_cursor(1, AT, ID)
    fields = [f'{name}({LISTS[name]}after: "{cursor}") {{ edges {{ cursor }} }}' for name, cursor in own.items()]
    answer = await api.ask_staff("{ " + " ".join(fields) + " }")
    assert "errors" not in answer
    assert answer["data"] == {name: {"edges": []} for name in LISTS}
