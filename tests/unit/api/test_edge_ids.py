"""Ids at the edge: what was encoded is read back, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.api import ids
from fedele.kernel.ids import MalformedId, MemberId, decode_id, encode_id, new_id
from fedele.kernel.refusal import NotFound

uuids = st.uuids()
OWNER, OTHER, ROW = MemberId(new_id()), MemberId(new_id()), new_id()


@given(parts=st.lists(uuids, min_size=1, max_size=4))
def test_an_id_is_read_back(parts: list) -> None:  # type: ignore[type-arg]
    """Whatever the UUIDs, and only as what it is."""
    text = encode_id("claim", *parts)
    assert decode_id("claim", text, len(parts)) == tuple(parts)
    for prefix, count in (("offer", len(parts)), ("claim", len(parts) + 1), ("clai", len(parts))):
        with pytest.raises(MalformedId):
            decode_id(prefix, text, count)


@given(text=st.text(max_size=90))
def test_any_other_text_is_malformed(text: str) -> None:
    """Junk, spaces, capitals, another alphabet's digits: MalformedId and no other exception."""
    for candidate in (text, f"claim_{text}", f"claim_{'0' * 31}{text[:1]}", f"claim_{'A' * 64}"):
        try:
            parts = decode_id("claim", candidate, 2)
        except MalformedId:
            continue
        assert encode_id("claim", *parts) == candidate


def test_a_row_is_its_owners() -> None:
    """Another member's id, another kind's and junk are None in a query and NOT_FOUND in a mutation."""
    text = ids.row_id("claim", OWNER, ROW)
    assert ids.find_row("claim", text, OWNER) == ids.row_of("claim", text, OWNER) == ROW
    assert ids.find_owned_row("claim", text) == (OWNER, ROW)
    for prefix, candidate, owner in (("claim", text, OTHER), ("offer", text, OWNER), ("claim", "junk", OWNER)):
        assert ids.find_row(prefix, candidate, owner) is None
        with pytest.raises(NotFound) as caught:
            ids.row_of(prefix, candidate, owner, field="claimId")
        assert caught.value.field == "claimId"


@given(key=st.text(max_size=30))
def test_a_catalogue_key_is_read_back(key: str) -> None:
    """Any short text may be a key; an id of another kind is not one."""
    text = ids.key_id("reward", key)
    assert ids.find_key("reward", text) == key
    assert ids.find_key("offer", text) is None
    assert ids.find_key("reward", text.upper()) is None


@pytest.mark.parametrize("text", ["", "reward", "reward_zz", "reward_c3", "reward_" + "00" * 500, "_", "reward_ 61"])
def test_a_malformed_catalogue_id_is_none(text: str) -> None:
    """Not hexadecimal, not UTF-8, too long, spaced."""
    assert ids.find_key("reward", text) is None


def test_members_are_named_by_staff_alone() -> None:
    """A member's id reads back; another kind of id does not."""
    assert ids.find_member_id(ids.member_id(OWNER)) == OWNER
    assert ids.find_member_id(ids.row_id("claim", OWNER, ROW)) is None
    with pytest.raises(NotFound):
        ids.member_id_of("junk")
