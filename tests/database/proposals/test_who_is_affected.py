"""A plan says whom its changes touch, counted in the database, and what it would cost, from what members did."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fedele.api import ids
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.programme import app
from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.domains.ledger.queries import list_entries
from fedele.domains.programme.queries import check
from fedele.domains.programme.types import ProgrammeVersion
from fedele.domains.proposals.queries import dead_rules, weigh
from fedele.kernel.clock import Moment, moment_now
from tests.factories.members import enrolled
from tests.factories.till import NOON, PROGRAMME, at, basket, line, open_till

REWARDS = PROGRAMME + "rewards:\n  - {key: bag, type: free_product, name: Bag, cost: {currency: points, amount: 10}}\n"


async def touched(till: Any, text: str) -> dict[tuple[str, str], tuple[int, str]]:
    """Section and key of each answer → how many members, and the words."""
    old = await till.programmes.at(at(1).now)
    weighed = await weigh(till.database.reader, old, check(text, PROGRAMME_SECTIONS), at(1))
    return {(one.section, one.key): (one.members, one.words) for one in weighed.affected}


@pytest.fixture
async def shop(database: Database, admin: Any) -> Any:
    """Three members: one on gold, one on blue, one who only joined; one holds a reward, one a claimed offer."""
    till = await open_till(database, REWARDS)
    gold, blue, _ = [await enrolled(database) for _ in range(3)]
    await commands.settle(till, basket(line(1, 40000, category="FRESH"), member_id=gold), "a", at())
    await commands.settle(till, basket(line(1, 1000), member_id=blue), "b", at())
    await admin.execute(
        "INSERT INTO redemption (member_id, redemption_id, reward_key, programme_version, status, code, units,"
        " redeemed_at, usable_until) VALUES ($1, uuidv7(), 'bag', 1, 'held', 'C', 0, $2, $3)",
        gold,
        at().now,
        at(9).now,
    )
    await admin.execute(
        "INSERT INTO offer_claim (member_id, claim_id, offer_key, programme_version, claimed_at, usable_until)"
        " VALUES ($1, uuidv7(), 'week', 1, $2, $3)",
        blue,
        at().now,
        at(9).now,
    )
    return till


CASES = {
    "threshold": ("threshold: 300", "threshold: 900", ("tiers", "gold"), 1, "needs 900 instead of 300"),
    "multiplier of a tier": ("multiplier: 1.5", "multiplier: 1.2", ("tiers", "gold"), 1, "1.2 times instead of 1.5"),
    "tier goes": (
        "    - {key: gold, name: Gold, threshold: 300, multiplier: 1.5}\n", "", ("tiers", "gold"), 1, "which goes",
    ),
    "reward goes": (REWARDS[len(PROGRAMME):], "", ("rewards", "bag"), 1, "hold 1 of the reward 'bag', which goes"),
    "expiry": ("months: 12}, end_of", "months: 6}, end_of", ("currencies", "points"), 2, "keep the expiry"),
    "worth": ("worth: 0.01", "worth: 0.02", ("currencies", "points"), 2, "more than before"),
    "rule": ("name: Fresh, currency", "name: Fresher, currency", ("earning", "fresh"), 1, "the rule 'fresh'"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_each_change_says_whom_it_touches(shop: Any, case: str) -> None:
    """The count is of those whom it touches, and of nobody else; the words say how."""
    before, after, where, members, words = CASES[case]
    assert before in REWARDS
    found = await touched(shop, REWARDS.replace(before, after))
    assert found[where][0] == members, found
    assert words in found[where][1]


async def test_who_subscribed_and_who_is_under_way_are_touched(shop: Any, admin: Any) -> None:
    """A membership that goes, a challenge that changes: those who have it, those who did something for it of late."""
    member_id = await admin.fetchval("SELECT member_id FROM member LIMIT 1")
    await admin.execute(
        "INSERT INTO membership (member_id, membership_key, plan_key, state, auto_renew, joined_at, trial_used)"
        " VALUES ($1, 'prime', 'life', 'active', false, $2, false)",
        member_id,
        at().now,
    )
    await admin.execute(
        "INSERT INTO challenge_contribution (member_id, kind, challenge_key, source_id, source_kind, period,"
        " occurred_at, counted, amount, counted_values, programme_version)"
        " VALUES ($1, 'challenge', 'five', uuidv7(), 'purchase', '', $2, '{}', 1, '{}', 1)",
        member_id,
        at().now,
    )
    prime = "memberships: [{key: prime, name: P, plans: [{key: life, price: 30.00, lifetime: true}]}]\n"
    five = "challenges:\n  - {key: five, name: F, goal: {type: purchases, target: 5}, award: {reward: bag}}\n"
    old = check(REWARDS + prime + five, PROGRAMME_SECTIONS).programme(ProgrammeVersion(1), NOON)
    new = check(REWARDS + five.replace("target: 5", "target: 6"), PROGRAMME_SECTIONS)
    weighed = await weigh(shop.database.reader, old, new, at(1))
    assert {(one.section, one.key, one.members) for one in weighed.affected} == {
        ("memberships", "prime", 1),
        ("challenges", "five", 1),
    }


async def test_rules_that_give_nothing_are_found_with_what_stops_them(shop: Any) -> None:
    """ride and once were never tried; base gave of late, and is dead a year later, with when it last gave."""
    programme = await shop.programmes.at(at(1).now)
    dead = {rule.key: rule for rule in await dead_rules(shop.database.reader, programme, at(1), 90)}
    assert dead.keys() == {"ride", "once"}
    assert (dead["ride"].last_at, dead["ride"].outcomes) == (None, ())
    dead = {rule.key: rule for rule in await dead_rules(shop.database.reader, programme, at(365), 90)}
    assert dead["fresh"].last_at == at().now
    assert dict(dead["fresh"].outcomes) == {"awarded": 1, "condition": 1}


async def test_what_stopped_a_rule_years_ago_is_no_news(shop: Any, admin: Any) -> None:
    """A decision of two years before, under an earlier version, says nothing of what stops the rule now."""
    trace = [{"rule": "ride", "outcome": "cap_reached", "units": 0, "currency": "points", "details": {}}]
    for ago in ("2 years", "1 hour"):
        await admin.execute(
            "INSERT INTO evaluation (member_id, source_id, source_kind, programme_version, trace)"
            " SELECT member_id, uuidv7(-$1::text::interval), 'event', 1, $2 FROM member LIMIT 1",
            ago,
            trace,
        )
    programme = await shop.programmes.at(at(1).now)
    dead = {rule.key: rule for rule in await dead_rules(shop.database.reader, programme, at(1), 90)}
    assert dict(dead["ride"].outcomes) == {"cap_reached": 1}


async def test_what_touches_nobody_is_not_told(shop: Any) -> None:
    """A threshold that falls, a new rule, another name: no line."""
    for before, after in (
        ("threshold: 300", "threshold: 200"),
        ("name: Blue", "name: Azure"),
        ("name: Ride", "name: X"),
    ):
        assert await touched(shop, REWARDS.replace(before, after)) == {}


async def test_an_outstanding_worth_is_told_to_the_cent(shop: Any) -> None:
    """810 points at 0.01 → 0.02 are 8.10 more."""
    old = await shop.programmes.at(at(1).now)
    changed = check(REWARDS.replace("worth: 0.01", "worth: 0.02"), PROGRAMME_SECTIONS)
    (told,) = (await weigh(shop.database.reader, old, changed, at(1))).affected
    assert (told.units, str(told.worth)) == (810, "8.10")


async def test_plan_rerate_and_explain_on_the_command_line(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """plan tells changes, whom they touch and the cost; rerate the whole; explain why: for people and for scripts."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    till = await open_till(database)
    member_id = await enrolled(database)
    now = moment_now()
    sale = basket(line(1, 1000, category="FRESH", name="Pears"), member_id=member_id, occurred_at=now.now)
    settled = await commands.settle(till, sale, "a", Moment(now.now - timedelta(minutes=5)))
    file = tmp_path / "three.yaml"
    file.write_text(PROGRAMME.replace("multiplier: 2, group", "multiplier: 3, group"))

    async def fedele(*arguments: str) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
        assert result.exit_code == 0, result.stderr
        return result.stdout + result.stderr

    said = await fedele("plan", str(file))
    assert "rules[fresh].multiplier changes from 2 to 3" in said
    assert "1 member had something from the rule 'fresh'" in said
    assert "cost in the last 28 days: +10 points, worth +0.10 EUR, from all 1 members" in said
    planned = json.loads(await fedele("plan", str(file), "--json"))
    points = next(one for one in planned["cost"]["currencies"] if one["currency"] == "points")
    assert (points["sums"]["given"], points["sums"]["would"], points["unexplained"]) == (20, 30, 0)
    said = await fedele("rerate", str(file))
    assert "points: 20 given, 30 would be (+10), worth +0.10 EUR; 1 members gain, 0 lose" in said
    assert json.loads(await fedele("rerate", str(file), "--json"))["purchases"] == 1
    assert json.loads(await fedele("rerate", str(file), "--until", "2020-01-01", "--json"))["purchases"] == 0
    said = await fedele("explain", ids.row_id("purchase", member_id, settled.purchase_id))
    assert "Pears: 10.00 EUR at 1 for 1 × 2" in said
    entries = await list_entries(database.reader, member_id, 9)
    for entry in entries.items:
        told = json.loads(await fedele("explain", ids.row_id("entry", member_id, entry.id), "--json"))
        assert told["decided_by"] == 1
    result = await asyncio.to_thread(CliRunner().invoke, app, ["explain", "entry_nothing"])
    assert result.exit_code == 1
