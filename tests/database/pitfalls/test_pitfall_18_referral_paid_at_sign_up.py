"""Pitfall 18: a referral paid at sign-up; self-, device- and alias-referral; nothing revoked on refund.

One story per half of the pitfall, each with the naive programme's outcome beside it as a control.
"""

from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.referrals import errors
from tests.factories.engagement import line, open_club
from tests.factories.referrals import REFERRAL, applies, code_of, mail, sides, state_of

# What real code does: pays at once, asks nothing, takes nothing back. Declared, it is possible; it must be declared.
NAIVE = """
referral:
  referrer: {units: {currency: points, amount: 25}}
  friend: {units: {currency: points, amount: 10}}
  settles_after_days: 0
  on_refund: keep
  fraud: {device: ignore, email_alias: ignore, phone: ignore, card: ignore, ring: ignore, velocity: {then: ignore}}
"""


async def test_pitfall_18_nothing_is_paid_for_signing_up(database: Database, admin: Any) -> None:
    """A hundred accounts that never buy bring their maker nothing."""
    club = await open_club(database, REFERRAL.replace("times_max: 10", "times_max: 1000"))
    referrer = await club.member()
    code = await code_of(club, referrer)
    for _ in range(100):
        await applies(club, await club.member(), code, follow=False)
    await club.follow()
    club.turn(days=200)
    await club.pays_due()
    assert await club.points(referrer) == 0
    assert await admin.fetchval("SELECT count(*) FROM entry") == 0


async def test_pitfall_18_buying_and_returning_brings_nothing(database: Database) -> None:
    """Buy, be paid, return: nobody keeps anything. The control keeps everything."""
    for text, kept in ((REFERRAL, (0, 0)), (NAIVE, (25, 10))):
        club = await open_club(database)
        await club.applies(text)
        referrer, friend = await club.member(), await club.member()
        await applies(club, friend, await code_of(club, referrer))
        settled = await club.buys(friend, line(5_000))
        club.turn(days=20)
        await club.pays_due()
        assert await sides(club, referrer, friend) == (25, 10)
        await club.returns(settled, (1, "1"))
        assert await sides(club, referrer, friend) == kept


async def test_pitfall_18_disguises_do_not_help(database: Database) -> None:
    """One's own code, a tagged mailbox and a shared phone earn nothing. In the control the tag is enough."""
    club = await open_club(database, REFERRAL)
    referrer = await club.member(**mail("jane@gmail.com"))
    code = await code_of(club, referrer)
    with pytest.raises(errors.ReferralSelf):
        await applies(club, referrer, code)
    with pytest.raises(errors.ReferralSameMailbox):
        await applies(club, await club.member(**mail("jane+2@gmail.com")), code)
    first, second = await club.member(), await club.member()
    await applies(club, first, code, device="one-phone-for-all")
    await applies(club, second, code, device="one-phone-for-all")
    assert await state_of(club, second) == ("held", "REFERRAL_SAME_DEVICE")

    naive = await open_club(database)
    await naive.applies(NAIVE)
    fooled = await naive.member(**mail("rob@gmail.com"))
    disguised = await naive.member(**mail("rob+2@gmail.com"))
    await applies(naive, disguised, await code_of(naive, fooled))
    await naive.buys(disguised, line(100))
    assert await naive.points(fooled) == 25
