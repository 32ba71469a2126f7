"""From taps to a policy that ranks: fitted from what was seen, judged by what was shown, refused without proof."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.feed import commands
from fedele.domains.feed.errors import PolicyNotBetter, PolicyUnknown, PolicyUntested
from fedele.domains.feed.learning.jobs import forget_old, learn_when_due
from fedele.domains.feed.queries import POLICY, TooLittleSeen, build_feed, evaluate_policy, in_holdout, list_policies
from fedele.domains.feed.types import Situation
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.programme import grocer
from tests.factories.seen_cards import seen

NOW = Moment(datetime(2026, 11, 22, 9, tzinfo=UTC))
PROMOTIONS = "SELECT count(*) FROM feed_promotion"


async def policy_of(database: Database, member_id: MemberId) -> str:
    """Which policy ranks this member's feed."""
    facts = await find_facts(database.reader, grocer(), member_id, NOW.now)
    assert facts is not None
    situation = Situation(grocer(), member_id, NOW, "en", facts, None)
    return (await build_feed(database.reader, (), situation, 5)).policy.version


async def members(database: Database) -> tuple[MemberId, MemberId]:
    """One who is not in the holdout and one who is."""
    found: dict[bool, MemberId] = {}
    while len(found) < 2:
        member_id = await enrolled(database)
        found.setdefault(in_holdout(member_id), member_id)
    return found[False], found[True]


async def test_a_better_policy_is_learned_proven_and_ranks_for_all_but_the_holdout(
    database: Database, admin: Any
) -> None:
    """Taps follow how often a product was bought: the fitted policy says so, its lift is beyond doubt, it is promoted,
    and five in a hundred keep the hand-written one. The same policy cannot be promoted over itself. The way back needs
    no proof."""
    await seen(admin, NOW.now, 2_400, often=2.2)
    made = await commands.fit_policy(database, NOW)
    assert made.policy.factors["often"] > 3 * made.policy.factors["loud"]
    member_id, held_out = await members(database)
    assert await policy_of(database, member_id) == POLICY.version
    found = await commands.promote_policy(database, grocer(), None, "test", NOW)
    assert (found.policy, found.incumbent, found.better) == (made.policy.version, POLICY.version, True)
    assert found.lift.low > 0
    assert await policy_of(database, member_id) == made.policy.version
    assert await policy_of(database, held_out) == POLICY.version
    listed = await list_policies(database.reader)
    assert [(one.policy, one.ranks_since) for one in listed] == [(made.policy, NOW.now)]
    with pytest.raises(PolicyNotBetter, match=r"lift \+0\.0000"):
        await commands.promote_policy(database, grocer(), None, "test", NOW)
    assert await admin.fetchval(PROMOTIONS) == 1
    await commands.fall_back(database, "test", Moment(NOW.now + timedelta(hours=1)))
    assert await policy_of(database, member_id) == POLICY.version


async def test_a_policy_that_taps_do_not_speak_for_stays_where_it_is(database: Database, admin: Any) -> None:
    """Taps that follow nothing: whatever was fitted is refused with the figures, and nothing is written."""
    await seen(admin, NOW.now, 2_100, often=0.0)
    worse = {"often": 0.05, "loud": 6.0}
    await admin.execute("INSERT INTO feed_policy VALUES ('guess', $1, 0.35, $2, 1, 1)", worse, NOW.now)
    with pytest.raises(PolicyNotBetter, match="guess is not better than linear-2"):
        await commands.promote_policy(database, grocer(), "guess", "test", NOW)
    assert await admin.fetchval(PROMOTIONS) == 0


async def test_without_evidence_nothing_is_fitted_judged_or_promoted(database: Database, admin: Any) -> None:
    """Few cards seen, an unknown name, a policy that nothing was seen for: each is refused in its own words."""
    await seen(admin, NOW.now, 50, often=1.0)
    with pytest.raises(TooLittleSeen, match="50 cards seen"):
        await commands.fit_policy(database, NOW)
    with pytest.raises(PolicyUnknown):
        await evaluate_policy(database.reader, grocer(), "nobody", NOW)
    await admin.execute("INSERT INTO feed_policy VALUES ('early', '{}', 0.35, $1, 1, 1)", NOW.now)
    with pytest.raises(PolicyUntested, match="50 choices by 13 members"):
        await commands.promote_policy(database, grocer(), "early", "test", NOW)
    assert await admin.fetchval(PROMOTIONS) == 0


async def test_the_worker_fits_when_it_is_time_and_promotes_nothing(database: Database, admin: Any) -> None:
    """Once a week as the programme says; a fitted policy waits for a person. Events of half a year ago go."""
    await seen(admin, NOW.now, 2_100, often=1.5)

    async def programme_at(_when: datetime) -> Programme:
        return grocer()

    assert await learn_when_due(database, programme_at, NOW) is True
    assert await learn_when_due(database, programme_at, Moment(NOW.now + timedelta(days=6))) is False
    assert await learn_when_due(database, programme_at, Moment(NOW.now + timedelta(days=8))) is True
    assert await admin.fetchval(PROMOTIONS) == 0
    kept = await admin.fetchval("SELECT count(*) FROM feed_event")
    assert await forget_old(database, Moment(NOW.now + timedelta(days=170))) == 0
    assert await forget_old(database, Moment(NOW.now + timedelta(days=178))) == kept
