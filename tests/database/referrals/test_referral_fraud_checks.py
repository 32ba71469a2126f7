"""Who tries to refer themselves, in any disguise, is refused or held, with the reason in the log."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from fedele.db.database import Database
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging.commands import register_device, unregister_device
from fedele.domains.messaging.types import DeviceInput, Permission, Platform, TargetKind
from fedele.domains.referrals import commands, errors, queries
from fedele.domains.referrals.types import ReferralId
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import Refusal
from tests.factories.engagement import Club, line, open_club
from tests.factories.referrals import REFERRAL, applies, code_of, mail, state_of


async def refused(club: Club, friend: MemberId, code: str, refusal: type[Refusal], **given: Any) -> None:
    """The code is refused with this reason; nothing is written but the log."""
    with pytest.raises(refusal):
        await applies(club, friend, code, **given)
    assert await queries.find_referral(club.database.reader, friend) is None
    newest = (await queries.checks_of(club.database.reader, friend))[0]
    assert (newest.outcome, newest.reason) == ("refused", refusal.code)


async def has_phone(club: Club, member_id: MemberId, token: str) -> None:
    """The member opens the app on this phone, and leaves it."""
    device = DeviceInput(TargetKind.FCM_TOKEN, token, Platform.ANDROID, permission=Permission.GRANTED)
    async with club.database.transaction() as tx:
        registered = await register_device(tx, member_id, device, club.moment())
    await club.follow()
    async with club.database.transaction() as tx:
        await unregister_device(tx, member_id, registered.device_id)


async def test_oneself_and_unknown_codes_are_refused(database: Database) -> None:
    """One's own code, and one that nobody has."""
    club = await open_club(database, REFERRAL)
    member = await club.member()
    await refused(club, member, await code_of(club, member), errors.ReferralSelf)
    await refused(club, member, "ZZZZ-ZZZZ", errors.ReferralCodeUnknown)


@pytest.mark.parametrize(
    ("theirs", "own"),
    [
        ("jane@gmail.com", "j.a.n.e@gmail.com"),
        ("jane@gmail.com", "Jane+shop@googlemail.com"),
        ("jane@example.org", "jane+1@example.org"),
    ],
)
async def test_another_spelling_of_a_mailbox_is_the_same_mailbox(database: Database, theirs: str, own: str) -> None:
    """Whether it is the referrer's own, or that of a third member."""
    club = await open_club(database, REFERRAL)
    referrer = await club.member(**mail(theirs))
    await refused(club, await club.member(**mail(own)), await code_of(club, referrer), errors.ReferralSameMailbox)
    stranger = await club.member()
    other = await club.member(**mail(own.replace("@", "+2@")))
    await refused(club, other, await code_of(club, stranger), errors.ReferralSameMailbox)


async def test_dots_matter_where_the_host_says_so(database: Database) -> None:
    """j.ane@example.org may well be somebody else."""
    club = await open_club(database, REFERRAL)
    referrer = await club.member(**mail("jane@example.org"))
    friend = await club.member(**mail("j.ane@example.org"))
    await applies(club, friend, await code_of(club, referrer))
    assert await state_of(club, friend) == ("open", None)


async def test_no_address_is_stored_in_clear(database: Database, admin: Any) -> None:
    """What members are compared by are keyed digests; the tables of referrals hold no readable trace."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(**mail("jane@gmail.com")), await club.member(**mail("bob@example.org"))
    await applies(club, friend, await code_of(club, referrer), device="an-installation-of-the-app")
    for table in ("referral_mark", "referral", "referral_brought", "referral_check"):
        text = str(await admin.fetch(f"SELECT * FROM {table}"))
        assert "jane" not in text
        assert "bob" not in text
        assert "installation" not in text


async def test_a_phone_that_both_used_holds_the_referral(database: Database) -> None:
    """Also when the referrer has left it since; the same if a number of the app's own says so."""
    club = await open_club(database, REFERRAL)
    referrer, friend, other = await club.member(), await club.member(), await club.member()
    code = await code_of(club, referrer)
    await has_phone(club, referrer, "token-of-a-shared-phone")
    await applies(club, friend, code, device="token-of-a-shared-phone")
    assert await state_of(club, friend) == ("held", "REFERRAL_SAME_DEVICE")
    await has_phone(club, other, "token-of-a-shared-phone")
    await applies(club, other, code)
    assert await state_of(club, other) == ("held", "REFERRAL_SAME_DEVICE")


async def test_who_has_bought_before_is_no_new_friend(database: Database) -> None:
    """A purchase before the code, even one that came back."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    settled = await club.buys(friend)
    await club.returns(settled, (1, "1"))
    await refused(club, friend, await code_of(club, referrer), errors.ReferralNotNew)


async def test_rings_of_any_length_are_refused(database: Database) -> None:
    """A brought B, B brought C: neither B nor C can have brought A."""
    club = await open_club(database, REFERRAL)
    first, second, third = await club.member(), await club.member(), await club.member()
    await applies(club, second, await code_of(club, first))
    await applies(club, third, await code_of(club, second))
    await refused(club, first, await code_of(club, second), errors.ReferralRing)
    await refused(club, first, await code_of(club, third), errors.ReferralRing)


async def test_two_who_apply_each_others_codes_at_once_are_found_out(database: Database) -> None:
    """Neither may see the other when applying; the referrer's side, whose own row tells, refuses under its lock."""
    club = await open_club(database, REFERRAL)
    one, other = await club.member(), await club.member()
    codes = await code_of(club, one), await code_of(club, other)
    await asyncio.gather(
        applies(club, one, codes[1], follow=False), applies(club, other, codes[0], follow=False), return_exceptions=True
    )
    await club.follow()
    for friend in (one, other):
        await club.buys(friend, line(5_000))
    club.turn(days=20)
    await club.pays_due()
    assert await club.points(one) + await club.points(other) in (0, 35)  # never both ways


async def test_the_referrers_side_sees_a_ring_that_applying_missed(database: Database) -> None:
    """The later half of such a pair, as if it had been applied at the same instant."""
    club = await open_club(database, REFERRAL)
    one, other = await club.member(), await club.member()
    await applies(club, one, await code_of(club, other))
    missed = ReferralId(new_id())
    async with database.transaction() as tx:
        await commands.admit(tx, await club.programme(), other, one, missed, None, club.moment())
    brought = await queries.find_brought(database.reader, one, missed)
    assert brought is not None
    assert (brought.state, brought.reason) == ("refused", "REFERRAL_RING")


async def test_haste_is_held_for_review(database: Database) -> None:
    """The third friend within a day waits for a person; the fourth, a day later, does not."""
    club = await open_club(database, REFERRAL.replace("applications_max: 1000", "applications_max: 2"))
    referrer = await club.member()
    code = await code_of(club, referrer)
    friends = [await club.member() for _ in range(4)]
    for friend in friends[:3]:
        await applies(club, friend, code)
    assert [(await state_of(club, friend))[0] for friend in friends[:3]] == ["open", "open", "held"]
    assert (await state_of(club, friends[2]))[1] == "REFERRAL_TOO_FAST"
    club.turn(days=1, minutes=1)
    await applies(club, friends[3], code)
    assert (await state_of(club, friends[3]))[0] == "open"


async def test_a_card_of_the_referrers_holds_it_before_anything_is_paid(database: Database) -> None:
    """The card is known only with the purchase: nobody is paid until a person has looked."""
    club = await open_club(database, REFERRAL)
    referrer, friend, honest = await club.member(), await club.member(), await club.member()
    code = await code_of(club, referrer)
    await club.buys(referrer, attributes={"card_fingerprint": "c1"})
    await applies(club, friend, code)
    await applies(club, honest, code)
    await club.buys(friend, line(5_000), attributes={"card_fingerprint": "c1"})
    await club.buys(honest, line(5_000), attributes={"card_fingerprint": "c2"})
    club.turn(days=20)
    await club.pays_due()
    assert await state_of(club, friend) == ("held", "REFERRAL_SAME_CARD")
    assert (await club.points(referrer), await club.points(friend), await club.points(honest)) == (25, 0, 10)


async def test_a_person_approves_or_rejects_what_is_held(database: Database) -> None:
    """Approved: both are paid, whatever the suspicion. Rejected: neither is, and its place is free. Each once."""
    club = await open_club(database, REFERRAL.replace("times_max: 10", "times_max: 2"))
    referrer, trusted, rejected = await club.member(), await club.member(), await club.member()
    code = await code_of(club, referrer)
    await has_phone(club, referrer, "token-of-a-shared-phone")
    for friend in (trusted, rejected):
        await applies(club, friend, code, device="token-of-a-shared-phone")
        await club.buys(friend, line(5_000))
    club.turn(days=20)
    await club.pays_due()
    assert await club.points(referrer) == 0
    programme = await club.programme()
    async with database.transaction() as tx:
        await commands.approve_referral(tx, programme, trusted, "staff:anna", "One family", club.moment())
    async with database.transaction() as tx:
        await commands.reject_referral(tx, rejected, "staff:anna", "One person", club.moment())
    await club.follow()
    assert [await club.points(member) for member in (referrer, trusted, rejected)] == [25, 10, 0]
    assert await state_of(club, rejected) == ("refused", "REFERRAL_SAME_DEVICE")
    with pytest.raises(errors.ReferralNotHeld):
        async with database.transaction() as tx:
            await commands.reject_referral(tx, trusted, "staff:anna", "Again", club.moment())
    newest = (await queries.checks_of(database.reader, trusted))[0]
    assert (newest.outcome, newest.reason, newest.actor) == ("approved", "One family", "staff:anna")
    third = await club.member()
    await applies(club, third, code)  # has the rejected one's place
    assert await state_of(club, third) == ("open", None)


async def test_what_people_wrote_about_a_referral_goes_with_the_member(database: Database) -> None:
    """Erasure empties an operator's words; who decided what, and the rules' own codes, stay and cannot be changed."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    await has_phone(club, referrer, "token-of-a-shared-phone")
    await applies(club, friend, await code_of(club, referrer), device="token-of-a-shared-phone")
    async with database.transaction() as tx:
        await commands.reject_referral(tx, friend, "staff:anna", "Bob Rossi lives with her", club.moment())
    before = await queries.checks_of(database.reader, friend)
    async with database.transaction() as tx:
        await tx.publish(MemberErased(member_id=friend, occurred_at=club.moment().now))
    await club.follow()
    after = await queries.checks_of(database.reader, friend)
    assert [check.reason for check in before] == ["Bob Rossi lives with her", *(check.reason for check in after[1:])]
    assert [(check.outcome, check.reason, check.actor) for check in after[:1]] == [("rejected", "", "staff:anna")]
    for forbidden in ("reason = 'another'", "outcome = 'approved'", "actor = 'staff:bea'"):
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
            await database.call(f"UPDATE referral_check SET {forbidden} WHERE member_id = $1 RETURNING true", friend)
    with pytest.raises(asyncpg.RestrictViolationError):  # a code of the rules is nobody's words
        await database.call("UPDATE referral_check SET reason = '' WHERE outcome = 'held' RETURNING true")


async def test_guessing_is_stopped_after_ten_wrong_codes(database: Database, admin: Any) -> None:
    """The eleventh within the hour is not even looked up, though it be right; an hour later it is."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    code = await code_of(club, referrer)
    for number in range(10):
        with pytest.raises(errors.ReferralCodeUnknown):
            await applies(club, friend, f"WRONG{number}")
    with pytest.raises(errors.ReferralTooManyAttempts):
        await applies(club, friend, code)
    assert await admin.fetchval("SELECT count(*) FROM referral") == 0
    club.now += timedelta(hours=1, seconds=1)
    await applies(club, friend, code)
    assert (await state_of(club, friend))[0] == "open"
