"""Referrals pay both sides once the friend's first purchase has settled, and not a moment before."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.referrals import commands, errors, queries
from fedele.domains.referrals.types import Referral
from fedele.kernel.refusal import Refusal
from tests.factories.engagement import line, open_club
from tests.factories.referrals import REFERRAL, applies, code_of, sides, state_of


async def test_both_are_paid_when_the_return_window_of_the_first_purchase_is_over(database: Database) -> None:
    """Not at sign-up, not at the purchase, not a minute before the fourteenth midnight: then both, once."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    await applies(club, friend, (await code_of(club, referrer)).lower())
    assert await state_of(club, friend) == ("open", None)
    await club.buys(friend, line(2_000))
    club.now = club.now.replace(hour=21, minute=59) + timedelta(days=13)  # 23:59 in Rome
    await club.pays_due()
    assert await sides(club, referrer, friend) == (0, 0)
    club.turn(minutes=1)
    assert await queries.next_due(database.reader, club.now - timedelta(minutes=1)) == club.now
    await asyncio.gather(club.pays_due(), club.pays_due(), club.pays_due())
    await club.follow()
    assert await sides(club, referrer, friend) == (25, 10)
    await club.buys(friend, line(9_000))
    await club.pays_due()
    assert await sides(club, referrer, friend) == (25, 10)
    assert await state_of(club, friend) == ("settled", None)


async def test_a_purchase_below_the_minimum_or_given_back_does_not_count(database: Database) -> None:
    """19.99 counts for nothing; 50.00 that comes back in its window neither; the next one does, in its own time."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    await applies(club, friend, await code_of(club, referrer))
    await club.buys(friend, line(1_999))
    settled = await club.buys(friend, line(4_000), line(1_000, 2))
    club.turn(days=10)
    await club.returns(settled, (1, "1"))  # 10.00 is left of it
    await club.buys(friend, line(3_000))
    club.turn(days=5)
    await club.pays_due()
    assert await sides(club, referrer, friend) == (0, 0)
    club.turn(days=10)
    await club.pays_due()
    assert await sides(club, referrer, friend) == (25, 10)


async def test_a_refund_after_it_was_paid_takes_both_back(database: Database) -> None:
    """A part that leaves the minimum changes nothing; less than the minimum revokes both, once."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    await applies(club, friend, await code_of(club, referrer))
    settled = await club.buys(friend, line(2_000), line(500, 2))
    club.turn(days=20)
    await club.pays_due()
    await club.returns(settled, (2, "1"))
    assert await sides(club, referrer, friend) == (25, 10)
    await club.returns(settled, (1, "0.5"))
    assert await sides(club, referrer, friend) == (0, 0)
    await club.returns(settled, (1, "0.5"))
    assert await sides(club, referrer, friend) == (0, 0)
    assert await state_of(club, friend) == ("revoked", "REFUNDED")
    (brought,) = (await queries.overview_of(database.reader, await club.programme(), referrer, club.now)).brought
    assert brought.state == "revoked"


async def test_what_the_programme_keeps_on_refund_stays(database: Database) -> None:
    """With on_refund: keep."""
    club = await open_club(database, REFERRAL + "  on_refund: keep\n")
    referrer, friend = await club.member(), await club.member()
    await applies(club, friend, await code_of(club, referrer))
    settled = await club.buys(friend, line(2_000))
    club.turn(days=20)
    await club.pays_due()
    await club.returns(settled, (1, "1"))
    assert await sides(club, referrer, friend) == (25, 10)


async def test_revoked_before_it_was_heard_of_is_never_paid(database: Database, admin: Any) -> None:
    """The queue keeps no order: if the referrer's side hears of the refund first, the payment that follows is none."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    made = await applies(club, friend, await code_of(club, referrer))
    programme = await club.programme()
    async with database.transaction() as tx:
        await commands.follow_friend(tx, programme, referrer, made.id, "revoked", "REFUNDED", club.moment())
    async with database.transaction() as tx:
        await commands.pay_referrer(tx, programme, referrer, made.id, club.moment())
    assert await club.points(referrer) == 0


async def test_the_promise_of_the_day_of_applying_is_kept(database: Database) -> None:
    """A version that pays more begins after the code was applied: both get what was promised then."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    await applies(club, friend, await code_of(club, referrer))
    club.turn(days=1)
    await club.applies(REFERRAL.replace("amount: 25", "amount: 500"))
    await club.buys(friend, line(2_000))
    club.turn(days=20)
    await club.pays_due()
    assert await sides(club, referrer, friend) == (25, 10)


async def test_who_does_not_buy_in_time_is_not_paid_and_frees_the_place(database: Database) -> None:
    """After sixty days the referral expires, and a later purchase brings nothing."""
    club = await open_club(database, REFERRAL.replace("times_max: 10", "times_max: 1"))
    referrer, friend, next_friend = await club.member(), await club.member(), await club.member()
    code = await code_of(club, referrer)
    await applies(club, friend, code)
    await applies(club, next_friend, code)
    assert await state_of(club, next_friend) == ("refused", "REFERRAL_CAP_REACHED")
    club.turn(days=61)
    await club.pays_due()
    assert await state_of(club, friend) == ("expired", "EXPIRED")
    await club.buys(friend, line(5_000))
    club.turn(days=20)
    await club.pays_due()
    assert await club.points(referrer) == 0
    late = await club.member()
    await applies(club, late, code)
    assert await state_of(club, late) == ("open", None)


async def test_sixty_four_friends_at_once_fill_a_cap_of_ten(database: Database, admin: Any) -> None:
    """All apply at the same moment, and rival workers follow: ten are admitted, fifty-four refused with the reason."""
    club = await open_club(database, REFERRAL)
    referrer = await club.member()
    code = await code_of(club, referrer)
    friends = [await club.member() for _ in range(64)]
    made = await asyncio.gather(*(applies(club, friend, code, follow=False) for friend in friends))
    programme = await club.programme()

    async def admit(one: Referral) -> None:
        async with database.transaction() as tx:
            await commands.admit(tx, programme, one.friend_id, referrer, one.id, None, club.moment())

    await asyncio.gather(*(admit(one) for one in made), *(admit(one) for one in made))
    await club.follow()
    rows = await admin.fetch("SELECT state, reason, count(*) AS n FROM referral GROUP BY 1, 2")
    assert {(row["state"], row["reason"]): row["n"] for row in rows} == {
        ("open", None): 10,
        ("refused", "REFERRAL_CAP_REACHED"): 54,
    }
    assert await admin.fetchval("SELECT count(*) FROM referral_check WHERE outcome = 'refused'") == 54
    for friend in friends:
        await club.buys(friend, line(2_000), follow=False)
    await club.follow()
    club.turn(days=20)
    await club.pays_due()
    assert await club.points(referrer) == 250


async def test_beyond_the_cap_the_friend_may_still_get_theirs(database: Database) -> None:
    """With over: friend_only the eleventh friend is paid, the referrer is not."""
    club = await open_club(database, REFERRAL.replace("times_max: 10", "times_max: 1") + "  over: friend_only\n")
    referrer, first, second = await club.member(), await club.member(), await club.member()
    code = await code_of(club, referrer)
    for friend in (first, second):
        await applies(club, friend, code)
        await club.buys(friend, line(2_000))
    club.turn(days=20)
    await club.pays_due()
    assert (await club.points(first), await club.points(second), await club.points(referrer)) == (10, 10, 25)


async def test_a_cap_of_the_year_begins_anew_in_january(database: Database) -> None:
    """At midnight of the programme's zone, not of UTC."""
    club = await open_club(database, REFERRAL.replace("times_max: 10", "times_max: 1"))
    referrer = await club.member()
    code = await code_of(club, referrer)
    club.now = club.now.replace(month=12, day=31, hour=22, minute=59)  # 23:59 in Rome
    first, second, third = await club.member(), await club.member(), await club.member()
    await applies(club, first, code)
    await applies(club, second, code)
    assert (await state_of(club, second))[0] == "refused"
    club.turn(minutes=1)
    await applies(club, third, code)
    assert (await state_of(club, third))[0] == "open"


async def test_one_friend_with_two_codes_at_once_has_one_referral(database: Database, admin: Any) -> None:
    """Whichever comes first counts; the other hears that one was applied already, and neither is paid twice."""
    club = await open_club(database, REFERRAL)
    one, other, friend = await club.member(), await club.member(), await club.member()
    codes = [await code_of(club, one), await code_of(club, other)]
    answers = await asyncio.gather(
        *(applies(club, friend, code, follow=False) for code in codes * 4), return_exceptions=True
    )
    await club.follow()
    assert await admin.fetchval("SELECT count(*) FROM referral") == 1
    assert await admin.fetchval("SELECT count(*) FROM referral_brought") == 1
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(refused) == 4
    assert {type(answer) for answer in refused} == {errors.ReferralAlreadyApplied}
    await club.buys(friend, line(2_000))
    club.turn(days=20)
    await club.pays_due()
    assert sorted([await club.points(one), await club.points(other)]) == [0, 25]


async def test_codes_are_short_unlike_each_other_and_stay(database: Database, admin: Any) -> None:
    """Twenty askers at once hear one code; no two members share one; erasure takes it from the look-up too."""
    from fedele.domains.members.commands import erase

    club = await open_club(database, REFERRAL)
    member = await club.member()
    codes = set(await asyncio.gather(*(code_of(club, member) for _ in range(20))))
    assert len(codes) == 1
    (code,) = codes
    assert len(code) == 8
    others = [await code_of(club, await club.member()) for _ in range(30)]
    assert len({*others, code}) == 31
    assert await queries.find_owner(database.reader, code) == member
    async with database.transaction() as tx:
        await erase(tx, member, club.moment())
    await club.follow()
    assert await queries.find_owner(database.reader, code) is None
    assert await admin.fetchval("SELECT count(*) FROM referral_mark WHERE member_id = $1", member) == 0


async def test_what_a_member_exports_names_no_friend(database: Database) -> None:
    """Their own code and what became of their friends, without a friend's id."""
    club = await open_club(database, REFERRAL)
    referrer, friend = await club.member(), await club.member()
    code = await code_of(club, referrer)
    await applies(club, friend, code)
    exported = await queries.export_personal_data(database.reader, referrer)
    assert exported["code"] == code
    assert [one["state"] for one in exported["brought"]] == ["open"]
    assert str(friend) not in str(exported)
    assert str(referrer) not in str(await queries.export_personal_data(database.reader, friend))


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ("  dates: {ends: 2026-05-03}\n", errors.ReferralClosed),
        ("  when: member.purchases_count > 0\n", errors.ReferralClosed),
        ("  joined_days_max: 3\n", errors.ReferralTooLate),
    ],
)
async def test_codes_are_taken_when_and_from_whom_the_programme_says(
    database: Database, admin: Any, more: str, refusal: type[Refusal]
) -> None:
    """Otherwise the refusal says why, and is in the log."""
    club = await open_club(database, REFERRAL + more)
    referrer, friend = await club.member(), await club.member(joined_at=club.now - timedelta(days=4))
    with pytest.raises(refusal):
        await applies(club, friend, await code_of(club, referrer))
    assert await admin.fetchval("SELECT count(*) FROM referral") == 0
    (check,) = await queries.checks_of(database.reader, friend)
    assert (check.outcome, check.reason) == ("refused", refusal.code)
