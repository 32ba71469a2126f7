"""Enrolment: one person is one member, however many try at once."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretBytes

from fedele.db.database import Database
from fedele.domains.members import commands, queries
from fedele.domains.members.errors import IdentityInvalid, IdentityTaken, MemberErased
from fedele.domains.members.types import (
    Channel,
    Enrolment,
    Identity,
    MemberStatus,
    MonthDay,
    NewMember,
    Peppers,
    Purpose,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId

NOON = Moment(datetime(2026, 11, 21, 12, tzinfo=UTC))
PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper of the tests")})
ADA = Identity.parse("email", "ada@example.org")
ADA_PHONE = Identity.parse("phone", "+393471234567")
BO = Identity.parse("email", "bo@example.org")


async def enrol(database: Database, *identities: Identity, peppers: Peppers = PEPPERS, **known: Any) -> Enrolment:
    """Enrol somebody in a transaction of their own."""
    async with database.transaction() as tx:
        return await commands.enrol(tx, NewMember(identities=identities, **known), peppers, NOON)


async def test_a_new_member_has_a_profile_a_card_and_an_announcement(database: Database, admin: Any) -> None:
    """Everything known is kept, a card is issued, and MemberEnrolled names nothing personal."""
    enrolled = await enrol(
        database, ADA, display_name="Ada", locale="it", time_zone="Europe/Rome", birthday=MonthDay(12, 10),
        home_store=StoreId("store-1"), preferences={"diet": "vegan"},
    )  # fmt: skip
    member = await queries.get_member(database.reader, enrolled.member_id)
    assert (member.display_name, member.locale, member.time_zone) == ("Ada", "it", "Europe/Rome")
    assert (member.birthday, member.home_store, member.preferences) == (MonthDay(12, 10), "store-1", {"diet": "vegan"})
    assert member.status is MemberStatus.ACTIVE
    code = await queries.find_card_code(database.reader, enrolled.member_id)
    assert code is not None
    holder = await queries.find_by_code(database.reader, code.code.lower(), NOON)
    assert (holder.member_id, holder.revoked_at) == (enrolled.member_id, None)
    row = await admin.fetchrow("SELECT kind, payload::text FROM outbox")
    assert row["kind"] == "member.enrolled"
    assert "Ada" not in row["payload"]


async def test_enrolling_again_finds_the_same_member(database: Database) -> None:
    """The second time nothing is made and nothing announced; the profile stays as it was."""
    first = await enrol(database, ADA, display_name="Ada")
    second = await enrol(database, ADA, display_name="Somebody else")
    assert second == Enrolment(first.member_id, created=False)
    member = await queries.get_member(database.reader, first.member_id)
    assert member.display_name == "Ada"
    assert await database.reader.fetch_value("SELECT count(*) FROM outbox") == 1


async def test_twenty_at_once_make_one_member(database: Database) -> None:
    """A race of twenty enrolments of one address: one member, one card, one announcement."""
    results = await asyncio.gather(*(enrol(database, ADA) for _ in range(20)))
    assert len({result.member_id for result in results}) == 1
    assert sum(result.created for result in results) == 1
    for table in ("member", "member_profile", "member_identity", "outbox"):
        assert await database.reader.fetch_value(f"SELECT count(*) FROM {table}") == 1
    kinds = await database.reader.fetch("SELECT kind FROM card_code ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["rotating", "static"]


async def test_two_identities_in_opposite_order_do_not_deadlock(database: Database) -> None:
    """Ten enrolments name the address first, ten the number: locks are taken in one order."""
    orders = [(ADA, ADA_PHONE), (ADA_PHONE, ADA)] * 10
    results = await asyncio.gather(*(enrol(database, *order) for order in orders))
    assert len({result.member_id for result in results}) == 1


async def test_the_identities_not_yet_known_are_linked(database: Database, admin: Any) -> None:
    """Somebody known by address enrols with address and number: the number is theirs from now on."""
    first = await enrol(database, ADA)
    await enrol(database, ADA, ADA_PHONE)
    assert await queries.find_by_identity(database.reader, ADA_PHONE, PEPPERS) == first.member_id
    kinds = await admin.fetch("SELECT kind FROM outbox ORDER BY id")
    assert [row["kind"] for row in kinds] == ["member.enrolled", "member.identity_linked"]


async def test_identities_of_two_members_are_refused(database: Database) -> None:
    """Nobody becomes two people, and nothing is written."""
    await enrol(database, ADA)
    await enrol(database, ADA_PHONE)
    with pytest.raises(IdentityTaken):
        await enrol(database, ADA, ADA_PHONE, BO)
    assert await queries.find_by_identity(database.reader, BO, PEPPERS) is None


async def test_nobody_enrols_without_an_identity(database: Database) -> None:
    """A member that cannot be recognised again is refused."""
    with pytest.raises(IdentityInvalid):
        await enrol(database)
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 0


async def test_a_batch_names_the_same_person_twice(database: Database) -> None:
    """An import of three rows, two of one person, makes two members, and running it again makes none."""
    rows = [NewMember(identities=(ADA,)), NewMember(identities=(BO,)), NewMember(identities=(ADA, ADA_PHONE))]
    async with database.transaction(quiet=True) as tx:
        first = await commands.enrol_many(tx, rows, PEPPERS, NOON)
    async with database.transaction(quiet=True) as tx:
        second = await commands.enrol_many(tx, rows, PEPPERS, NOON)
    assert first[0].member_id == first[2].member_id != first[1].member_id
    assert [e.created for e in first] == [True, True, False]
    assert [e.created for e in second] == [False, False, False]
    assert [e.member_id for e in first] == [e.member_id for e in second]
    assert await database.reader.fetch_value("SELECT count(*) FROM outbox") == 0


async def test_linking_is_idempotent_and_refuses_anothers(database: Database) -> None:
    """True the first time, False after; another member's identity is refused; an erased member is closed."""
    ada, bo = await enrol(database, ADA), await enrol(database, BO)
    async with database.transaction() as tx:
        assert await commands.link_identity(tx, ada.member_id, ADA_PHONE, PEPPERS, NOON) is True
    async with database.transaction() as tx:
        assert await commands.link_identity(tx, ada.member_id, ADA_PHONE, PEPPERS, NOON) is False
    with pytest.raises(IdentityTaken):
        async with database.transaction() as tx:
            await commands.link_identity(tx, bo.member_id, ADA_PHONE, PEPPERS, NOON)
    async with database.transaction() as tx:
        await commands.erase(tx, bo.member_id, NOON)
    with pytest.raises(MemberErased):
        async with database.transaction() as tx:
            await commands.link_identity(tx, bo.member_id, Identity.parse("external:pos", "7"), PEPPERS, NOON)


async def test_a_new_pepper_finds_and_renews_old_digests(database: Database) -> None:
    """After a pepper was added, members are found under the old one, and their next enrolment moves them."""
    first = await enrol(database, ADA)
    both = Peppers(2, {1: PEPPERS.values[1], 2: SecretBytes(b"the next pepper of the tests")})
    assert await queries.find_by_identity(database.reader, ADA, both) == first.member_id
    assert (await enrol(database, ADA, peppers=both)).member_id == first.member_id
    only_new = Peppers(2, {2: both.values[2]})
    assert await queries.find_by_identity(database.reader, ADA, only_new) == first.member_id
    assert await database.reader.fetch_value("SELECT count(*) FROM member_identity") == 1


async def test_the_same_receipt_is_the_same_guest(database: Database) -> None:
    """A guest is made once by receipt, has neither card nor profile, and is not somebody who can log in."""
    async with database.transaction() as tx:
        first = await commands.create_guest(tx, StoreId("store-1"), "r-1", NOON)
        again = await commands.create_guest(tx, StoreId("store-1"), "r-1", NOON)
    assert (first.created, again) == (True, Enrolment(first.member_id, created=False))
    guest = await queries.get_member(database.reader, first.member_id)
    assert guest.status is MemberStatus.GUEST
    assert await queries.find_card_code(database.reader, first.member_id) is None


async def test_loaders_answer_for_many(database: Database) -> None:
    """Members, cards and consents by id come in one statement each; unknown ids are absent."""
    ada = await enrol(database, ADA, consents=((Purpose.MARKETING, Channel.PUSH),))
    bo = await enrol(database, BO)
    ids = [ada.member_id, bo.member_id, MemberId(UUID(int=7))]
    assert set(await queries.members_by_id(database.reader, ids)) == {ada.member_id, bo.member_id}
    assert set(await queries.card_codes_by_member(database.reader, ids)) == {ada.member_id, bo.member_id}
    consents = await queries.consents_by_member(database.reader, ids)
    assert queries.is_granted(consents[ada.member_id], Purpose.MARKETING, Channel.PUSH)
    assert not queries.is_granted(consents[ada.member_id], Purpose.MARKETING, Channel.EMAIL)
    assert not queries.is_granted(consents[bo.member_id], Purpose.MARKETING, Channel.PUSH)
