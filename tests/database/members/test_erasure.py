"""Erasure leaves nothing personal anywhere: every text of every table is searched, and a planted leak is found."""

from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.auth.commands import create_key
from fedele.domains.auth.handlers import forget_erased_members
from fedele.domains.auth.types import Scope
from fedele.domains.members import commands, queries
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.events import MemberErased
from fedele.domains.members.types import (
    Channel,
    Identity,
    MemberStatus,
    MonthDay,
    NewMember,
    ProfileChange,
    Purpose,
)
from fedele.kernel.ids import MemberId, StoreId, new_id
from tests.factories.auth import NOON, PEPPERS, later, make_login
from tests.fixtures.leaks import find_leaks

NAME = "Adelaide Kowalewska-Test"
MAIL = "adelaide.kowalewska@example.org"
PHONE = "+393471234567"
POS = "pos-card-445566"
PICTURE = "https://pictures.example/adelaide-445566.png"
NOTE = "allergic to hazelnuts 445566"
PERSONAL = (NAME, "Adelaide", MAIL, PHONE, POS, PICTURE, NOTE)


@pytest.fixture
async def adelaide(database: Database) -> MemberId:
    """A member with everything that can be known of one, who logged in, changed her profile and replaced her card."""
    config = MembersConfig.model_validate({"preferences": {"note": {"type": "text"}}})
    mail = Identity.parse("email", MAIL)
    async with database.transaction() as tx:
        new = NewMember(
            identities=(mail, Identity.parse("phone", PHONE), Identity.parse("external:pos", POS)),
            display_name="Adelaide", birthday=MonthDay(12, 10), home_store=StoreId("store-1"),
            consents=((Purpose.MARKETING, Channel.EMAIL),),
        )  # fmt: skip
        member_id = (await commands.enrol(tx, new, PEPPERS, NOON)).member_id
    change = ProfileChange(display_name=NAME, picture_url=PICTURE, background_url=PICTURE)
    async with database.transaction() as tx:
        await commands.update_profile(tx, member_id, change, NOON)
        await commands.update_preferences(tx, member_id, {"note": NOTE}, config, NOON)
        await commands.replace_card_code(tx, member_id, NOON)
    login = make_login(database)
    challenge = await login.request_code(mail, "192.0.2.1", NOON)
    assert challenge.code is not None
    await login.redeem_code(challenge.challenge_id, mail, challenge.code, "192.0.2.1", NOON)
    return member_id


async def erase(database: Database, member_id: MemberId) -> bool:
    """Erase, and run what listens."""
    async with database.transaction() as tx:
        erased = await commands.erase(tx, member_id, later(days=1))
    event = MemberErased(member_id=member_id, occurred_at=later(days=1).now)
    await forget_erased_members(database).run(event, new_id())
    return erased


async def test_nothing_personal_is_left_in_any_table(database: Database, admin: Any, adelaide: MemberId) -> None:
    """Before, the search finds her in the tables made for that and in no other; after, nowhere."""
    found = {table for table, _ in await find_leaks(admin, PERSONAL)}
    assert found == {"member_profile", "member_contact"}
    code = await queries.find_card_code(database.reader, adelaide)
    assert code is not None
    assert await erase(database, adelaide) is True
    assert await find_leaks(admin, (*PERSONAL, code.code)) == []
    for table in ("member_profile", "member_contact", "member_identity", "member_consent", "refresh_family"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize(
    "plant",
    [
        "UPDATE member SET source = 'note for " + NAME + "'",
        "INSERT INTO outbox (member_id, id, kind, payload, occurred_at)"
        " SELECT member_id, member_id, 'x', jsonb_build_object('to', '" + MAIL + "'), now() FROM member",
        "INSERT INTO request (scope, key, input_hash, response)"
        " VALUES ('s', 'k', '\\x00', '{\"deep\": [{\"phone\": \"" + PHONE + "\"}]}')",
        "UPDATE api_key SET secret_digest = convert_to('" + MAIL + "', 'UTF8')",
    ],
)
async def test_the_search_finds_a_planted_leak(database: Database, admin: Any, adelaide: MemberId, plant: str) -> None:
    """The control: in a text column, inside jsonb, in a stored response, in bytes."""
    async with database.transaction() as tx:
        await create_key(tx, "console", {Scope.MEMBERS_READ}, NOON)
    await erase(database, adelaide)
    assert await find_leaks(admin, PERSONAL) == []
    await admin.execute(plant)
    assert len(await find_leaks(admin, PERSONAL)) >= 1


async def test_what_is_left_is_a_closed_membership(database: Database, admin: Any, adelaide: MemberId) -> None:
    """Status, dates and the consent history stay; the card is refused as revoked; erasing again changes nothing."""
    code = await queries.find_card_code(database.reader, adelaide)
    assert code is not None
    await erase(database, adelaide)
    assert await erase(database, adelaide) is False
    member = await queries.get_member(database.reader, adelaide)
    assert (member.status, member.display_name, member.birthday, member.preferences) == (
        MemberStatus.ERASED, None, None, {},
    )  # fmt: skip
    holder = await queries.find_by_code(database.reader, code.code, later(days=2))
    assert holder.revoked_at == later(days=1).now
    assert holder.status is MemberStatus.ERASED
    assert len(await queries.list_consent_history(database.reader, adelaide)) == 1
    assert await queries.list_consents(database.reader, adelaide) == ()
    for identity in (Identity.parse("email", MAIL), Identity.parse("external:pos", POS)):
        assert await queries.find_by_identity(database.reader, identity, PEPPERS) is None
    events = await admin.fetch("SELECT kind FROM outbox WHERE kind = 'member.erased'")
    assert len(events) == 1


async def test_erasure_touches_nobody_else(database: Database, adelaide: MemberId) -> None:
    """Another member keeps profile, card, consents and identities."""
    async with database.transaction() as tx:
        new = NewMember(identities=(Identity.parse("email", "bo@example.org"),), display_name="Bo",
                        consents=((Purpose.MARKETING, Channel.PUSH),))  # fmt: skip
        bo = (await commands.enrol(tx, new, PEPPERS, NOON)).member_id
    before = await queries.export_personal_data(database.reader, bo)
    await erase(database, adelaide)
    assert await queries.export_personal_data(database.reader, bo) == before
