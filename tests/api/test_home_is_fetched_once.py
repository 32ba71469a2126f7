"""GET of a trusted document with its ETag: an unchanged member costs one small statement and no bytes."""

from typing import Any

from fedele.api.execution.operations import read_operations
from fedele.db.database import counting
from fedele.domains.members.commands import update_profile
from fedele.domains.members.types import ProfileChange
from tests.fixtures.api import Api

DEVICES = next(file for file in read_operations("member") if file.name == "ListDevices")
URL = f"/graphql?documentId={DEVICES.sha256}"


async def get(api: Api, headers: dict[str, str], etag: str = "", **more: str) -> Any:
    """A GET of the document as somebody, with what they kept."""
    return await api.client.get(URL, headers={**headers, "if-none-match": etag, **more})


async def test_an_unchanged_member_costs_one_statement(api: Api) -> None:
    """The second time: 304, no body, and only the member's version is read."""
    first = await get(api, api.member.headers)
    assert first.status_code == 200
    with counting() as statements:
        second = await get(api, api.member.headers, first.headers["etag"])
    assert (second.status_code, second.content) == (304, b"")
    assert len([sql for sql in statements if "programme_version" not in sql]) == 1, statements


async def test_whatever_changes_the_member_changes_the_etag(api: Api) -> None:
    """A new name raises the member's version; another language and another member are another answer."""
    etag = (await get(api, api.member.headers)).headers["etag"]
    assert (await get(api, api.stranger.headers, etag)).status_code == 200
    assert (await get(api, api.member.headers, etag, **{"accept-language": "ru"})).status_code == 200
    async with api.database.transaction() as tx:
        await update_profile(tx, api.member.member_id, ProfileChange(display_name="Ada Lovelace"), api.moment)
    assert (await get(api, api.member.headers, etag)).status_code == 200


async def test_nobody_and_staff_get_no_etag(api: Api) -> None:
    """Only a member's own state is fingerprinted."""
    assert "etag" not in (await get(api, {})).headers
    assert "etag" not in (await get(api, api.staff)).headers
