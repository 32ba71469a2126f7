"""Profiles, consents and cards: what changes, what is announced, and what is kept as proof."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from pydantic import SecretBytes

from fedele.db.database import Database
from fedele.domains.members import card, commands, queries
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.errors import CardCodeUnknown, MemberErased, MemberNotFound, ProfileInvalid
from fedele.domains.members.types import Channel, Identity, NewMember, Peppers, ProfileChange, Purpose
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

NOON = Moment(datetime(2026, 11, 21, 12, tzinfo=UTC))
LATER = Moment(NOON.now + timedelta(hours=1))
PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper of the tests")})
CONFIG = MembersConfig.model_validate({"preferences": {"diet": {"type": "choice", "choices": ["vegan", "any"]}}})


@pytest.fixture
async def ada(database: Database) -> MemberId:
    """A member."""
    async with database.transaction(quiet=True) as tx:
        new = NewMember(identities=(Identity.parse("email", "ada@example.org"),), display_name="Ada")
        return (await commands.enrol(tx, new, PEPPERS, NOON)).member_id


async def test_a_profile_change_is_announced_by_field_name_only(database: Database, admin: Any, ada: MemberId) -> None:
    """ProfileChanged tells which fields; the new name is nowhere in the outbox."""
    async with database.transaction() as tx:
        member = await commands.update_profile(tx, ada, ProfileChange(display_name="Countess", locale="fr"), LATER)
    assert (member.display_name, member.locale) == ("Countess", "fr")
    payload = await admin.fetchval("SELECT payload FROM outbox")
    assert payload["fields"] == ["display_name", "locale"]
    assert "Countess" not in str(payload)


async def test_a_refused_change_writes_nothing(database: Database, admin: Any, ada: MemberId) -> None:
    """One bad field refuses the whole change."""
    with pytest.raises(ProfileInvalid):
        async with database.transaction() as tx:
            await commands.update_profile(tx, ada, ProfileChange(display_name="Countess", locale="xx-nope"), LATER)
    assert (await queries.get_member(database.reader, ada)).display_name == "Ada"
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0


async def test_preferences_merge_and_go_away(database: Database, ada: MemberId) -> None:
    """A preference is set, kept through other changes, and taken away by None."""
    async with database.transaction() as tx:
        member = await commands.update_preferences(tx, ada, {"diet": "vegan"}, CONFIG, NOON)
    assert member.preferences == {"diet": "vegan"}
    async with database.transaction() as tx:
        member = await commands.update_preferences(tx, ada, {"diet": None}, CONFIG, LATER)
    assert member.preferences == {}


async def test_consent_keeps_its_history(database: Database, admin: Any, ada: MemberId) -> None:
    """Given, repeated, withdrawn: the present state is the last one; the history has the two changes, with wording."""

    async def set_push(granted: bool, moment: Moment) -> None:
        async with database.transaction() as tx:
            await commands.set_consent(
                tx, ada, Purpose.MARKETING, Channel.PUSH, granted, source="app", wording="2026-11/it", moment=moment
            )

    await set_push(True, NOON)
    await set_push(True, LATER)
    await set_push(False, LATER)
    (standing,) = await queries.list_consents(database.reader, ada)
    assert (standing.granted, standing.changed_at) == (False, LATER.now)
    history = await queries.list_consent_history(database.reader, ada)
    assert [(c.granted, c.changed_at, c.source, c.wording) for c in history] == [
        (True, NOON.now, "app", "2026-11/it"),
        (False, LATER.now, "app", "2026-11/it"),
    ]
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'member.consent_changed'") == 2


async def test_consent_history_cannot_be_rewritten(database: Database, admin: Any, ada: MemberId) -> None:
    """Neither the processes' role nor the owner changes or deletes a line of it."""
    async with database.transaction() as tx:
        await commands.set_consent(
            tx, ada, Purpose.SURVEYS, Channel.EMAIL, True, source="app", wording="1", moment=NOON
        )
    for statement in ("UPDATE consent_change SET granted = false", "DELETE FROM consent_change"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as tx:
                await tx.execute(statement)
        with pytest.raises(asyncpg.RestrictViolationError):
            await admin.execute(statement)


async def test_consents_at_once_keep_one_line_each_change(database: Database, ada: MemberId) -> None:
    """Twenty taps on the same switch are one change."""

    async def tap() -> None:
        async with database.transaction() as tx:
            await commands.set_consent(
                tx, ada, Purpose.MARKETING, Channel.SMS, True, source="app", wording="1", moment=NOON
            )

    await asyncio.gather(*(tap() for _ in range(20)))
    assert len(await queries.list_consent_history(database.reader, ada)) == 1


async def test_a_replaced_card_is_refused_by_name(database: Database, ada: MemberId) -> None:
    """The old code is known as revoked, the new one works, and both cannot be live."""
    old = await queries.find_card_code(database.reader, ada)
    assert old is not None
    async with database.transaction() as tx:
        new = await commands.replace_card_code(tx, ada, LATER)
    assert new.code != old.code
    assert (await queries.find_by_code(database.reader, old.code, LATER)).revoked_at == LATER.now
    assert (await queries.find_by_code(database.reader, new.code, LATER)).revoked_at is None


async def test_a_code_never_issued_is_unknown(database: Database) -> None:
    """Well-formed is not enough."""
    from fedele.domains.members.card import new_static_code

    with pytest.raises(CardCodeUnknown):
        await queries.find_by_code(database.reader, new_static_code(), NOON)


async def test_a_rotating_code_finds_its_member_for_a_moment(database: Database, ada: MemberId) -> None:
    """The app's code leads to the member now and to nobody in five minutes."""
    shown = await queries.find_rotating_code(database.reader, ada, PEPPERS, NOON)
    assert shown is not None
    assert NOON.now < shown.next_at < shown.valid_until <= NOON.now + timedelta(seconds=60)
    holder = await queries.find_by_code(database.reader, shown.code, NOON, PEPPERS)
    assert (holder.member_id, holder.rotating) == (ada, True)
    with pytest.raises(CardCodeUnknown):
        await queries.find_by_code(database.reader, shown.code, Moment(NOON.now + timedelta(minutes=5)), PEPPERS)
    with pytest.raises(CardCodeUnknown):  # whoever has not the deployment's secret can verify nothing
        await queries.find_by_code(database.reader, shown.code, NOON)


async def test_nothing_from_which_codes_could_be_made_is_stored(database: Database, admin: Any, ada: MemberId) -> None:
    """A copy of the table without the deployment's secret makes no rotating code: the secret is derived, not kept."""
    secret = await queries.find_rotating_secret(database.reader, ada, PEPPERS)
    assert secret is not None
    raw = secret.secret.get_secret_value()
    rows = await admin.fetch("SELECT to_jsonb(c)::text AS row FROM card_code c")
    assert not [row for row in rows if raw.hex() in row["row"]]
    other = Peppers(1, {1: SecretBytes(b"the pepper of somebody else")})
    theirs = await queries.find_rotating_code(database.reader, ada, other, NOON)
    assert theirs is not None
    with pytest.raises(CardCodeUnknown):
        await queries.find_by_code(database.reader, theirs.code, NOON, PEPPERS)


async def test_the_code_that_google_shows_is_the_apps(database: Database, ada: MemberId) -> None:
    """Google's wallet fills RFC 6238's digits into our pattern; a till reads the same member from it."""
    secret = await queries.find_rotating_secret(database.reader, ada, PEPPERS)
    assert secret is not None
    digits = card.totp(secret.secret.get_secret_value(), int(NOON.now.timestamp()) // secret.period_seconds)
    shown = secret.pattern.replace("{totp_value_0}", digits)
    holder = await queries.find_by_code(database.reader, shown, NOON, PEPPERS)
    assert (holder.member_id, holder.rotating) == (ada, True)


async def test_codes_outlive_a_change_of_the_deployments_secret(database: Database, ada: MemberId) -> None:
    """While the old pepper is still known, a code made under it is accepted, as a phone offline shows one."""
    shown = await queries.find_rotating_code(database.reader, ada, PEPPERS, NOON)
    assert shown is not None
    both = Peppers(2, {2: SecretBytes(b"the newer pepper of tests"), **PEPPERS.values})
    assert (await queries.find_by_code(database.reader, shown.code, NOON, both)).member_id == ada


async def test_a_lost_card_takes_its_rotating_codes_along(database: Database, ada: MemberId) -> None:
    """The code that was on the screen is refused by name at once, and the new one works."""
    shown = await queries.find_rotating_code(database.reader, ada, PEPPERS, NOON)
    assert shown is not None
    async with database.transaction() as tx:
        await commands.replace_card_code(tx, ada, NOON, "stolen")
    holder = await queries.find_by_code(database.reader, shown.code, NOON, PEPPERS)
    assert (holder.revoked_at, holder.revoked_because) == (NOON.now, "stolen")
    fresh = await queries.find_rotating_code(database.reader, ada, PEPPERS, NOON)
    assert fresh is not None
    assert (await queries.find_by_code(database.reader, fresh.code, NOON, PEPPERS)).revoked_at is None


async def test_unknown_and_erased_members_change_nothing(database: Database, admin: Any, ada: MemberId) -> None:
    """A command on nobody is refused and leaves no lock row behind; on an erased member it says so."""
    nobody = MemberId(new_id())
    with pytest.raises(MemberNotFound):
        async with database.transaction() as tx:
            await commands.update_profile(tx, nobody, ProfileChange(display_name="X"), NOON)
    assert await admin.fetchval("SELECT count(*) FROM member_version WHERE member_id = $1", nobody) == 0
    async with database.transaction() as tx:
        await commands.erase(tx, ada, NOON)
    with pytest.raises(MemberErased):
        async with database.transaction() as tx:
            await commands.update_profile(tx, ada, ProfileChange(display_name="X"), NOON)
