"""Ids at the API's edge. An id of a member's row carries (member_id, row_id); an id from the catalogue carries its key.

Unknown, foreign and malformed ids look alike: `find_…` gives None (queries), `…_of` raises NotFound (mutations).
"""

from uuid import UUID

import strawberry

from fedele.kernel.ids import MalformedId, MemberId, decode_id, encode_id
from fedele.kernel.refusal import NotFound

KEY_BYTES_MAX = 120


def member_id(value: MemberId) -> strawberry.ID:
    """A member's id: "member_…"."""
    return strawberry.ID(encode_id("member", value))


def find_member_id(text: str) -> MemberId | None:
    """The member of a staff argument, or None. Members never name themselves: their id is in the token."""
    try:
        (value,) = decode_id("member", text, 1)
    except MalformedId:
        return None
    return MemberId(value)


def member_id_of(text: str, field: str = "memberId") -> MemberId:
    """The member named by staff. Raises NotFound when the text is no member id."""
    value = find_member_id(text)
    if value is None:
        raise NotFound(what="member", field=field)
    return value


def row_id(prefix: str, owner: MemberId, row: UUID) -> strawberry.ID:
    """The id of something a member owns: "claim_…"."""
    return strawberry.ID(encode_id(prefix, owner, row))


def find_row(prefix: str, text: str, owner: MemberId) -> UUID | None:
    """The row, if the id is of this kind and this member's; else None."""
    try:
        id_owner, row = decode_id(prefix, text, 2)
    except MalformedId:
        return None
    return row if id_owner == owner else None


def find_owned_row(prefix: str, text: str) -> tuple[MemberId, UUID] | None:
    """For staff: whose row it is and which, or None."""
    try:
        id_owner, row = decode_id(prefix, text, 2)
    except MalformedId:
        return None
    return MemberId(id_owner), row


def row_of(prefix: str, text: str, owner: MemberId, field: str | None = None) -> UUID:
    """The row of a mutation's argument. Raises NotFound when it is unknown, malformed or another member's."""
    row = find_row(prefix, text, owner)
    if row is None:
        raise NotFound(what=prefix, field=field)
    return row


def key_id(prefix: str, key: str) -> strawberry.ID:
    """The id of something in the programme or the catalogue, which belongs to nobody: "reward_…" of its key."""
    return strawberry.ID(f"{prefix}_{key.encode().hex()}")


def find_key(prefix: str, text: str) -> str | None:
    """The key inside a catalogue id of this kind, or None."""
    head, separator, body = text.rpartition("_")
    if not separator or head != prefix or len(body) > KEY_BYTES_MAX * 2:
        return None
    try:
        key = bytes.fromhex(body).decode()
    except ValueError:
        return None
    return key if key_id(prefix, key) == text else None


def key_of(prefix: str, text: str, field: str | None = None) -> str:
    """The key of a mutation's argument. Raises NotFound when the text is no id of this kind."""
    key = find_key(prefix, text)
    if key is None:
        raise NotFound(what=prefix, field=field)
    return key
