"""Campaigns on a real database: judged once each, paced, refused when they would go to everybody, told in figures."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.commands import campaigns as sending
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.types import MessageAsked, Reason
from fedele.domains.programme.types import Programme
from fedele.domains.segments.commands import rebuild
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import NOON, make_device, make_member, make_messages, make_programme, make_template

ITALIANS = "member.locale == 'it'"


def programme(campaign: dict[str, Any], **changes: Any) -> Programme:
    """A programme with one campaign of this morning (11:00 in Rome; it is noon)."""
    given = {
        "key": "spring", "audience": {"when": ITALIANS}, "template": "news",
        "when": {"starts": "2026-11-20", "at": "11:00"},
    }  # fmt: skip
    templates = [
        make_template(key=key, on=None, channels=["push", "in_app"], title={"it": f"{key} per {{name}}"})
        for key in ("news", "other")
    ]
    settings = {"campaigns": [given | campaign], "quiet_hours": None, "pushes_per_day_max": None} | changes
    return make_programme(make_messages(*templates, **settings))


async def people(admin: Any, database: Database) -> dict[str, list[MemberId]]:
    """Forty Italians, of whom every fourth never agreed and every fifth has no phone; and ten who speak English."""
    cast: dict[str, list[MemberId]] = {"reached": [], "silent": [], "no_phone": [], "english": []}
    for number in range(40):
        consents = [] if number % 4 == 0 else [("marketing", "push")]
        refusals = [("marketing", "in_app")]
        member_id = await make_member(admin, consents=consents, refusals=refusals)
        if number % 5:
            await make_device(database, member_id, f"token-of-{number:04}")
        cast["silent" if number % 4 == 0 else "reached" if number % 5 else "no_phone"].append(member_id)
    for _ in range(10):
        cast["english"].append(await make_member(admin, locale="en"))
    await rebuild(database, programme({}), Moment(NOON))  # the facts that audiences are judged by
    return cast


async def run(database: Database, words: Programme, now: Any = NOON, batches_max: int = 25) -> int:
    """Let the worker's job run once."""

    async def programme_at(_when: Any) -> Programme:
        return words

    return await commands.run_campaigns(database, programme_at, Moment(now), batches_max)


async def run_of(admin: Any) -> dict[str, Any]:
    """The one sending."""
    return dict(await admin.fetchrow("SELECT * FROM message_campaign_run"))


async def test_a_campaign_reaches_whom_it_may_and_the_preview_said_so(admin: Any, database: Database) -> None:
    """Of 40 Italians the preview says how many get it and why the others do not; then exactly that happens, once."""
    cast = await people(admin, database)
    words = programme({})
    campaign = words.section(MessagesConfig).campaigns[0]
    preview = await queries.preview_campaign(database.reader, words, campaign, Moment(NOON))
    assert (preview.audience_count, preview.everyone_count, preview.refused) == (40, 50, False)
    assert (preview.now_count, preview.later_count) == (len(cast["reached"]), 0)
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 0
    assert await run(database, words) == 40
    pushed = {row["member_id"] for row in await admin.fetch("SELECT member_id FROM push_send")}
    assert pushed == set(cast["reached"])
    rows = await admin.fetch(
        "SELECT reason, count(*) AS n FROM message_decision WHERE channel = 'push' GROUP BY reason"
    )
    counted = {row["reason"]: row["n"] for row in rows}
    assert counted == {"allowed": len(pushed), "no_consent": len(cast["silent"]), "no_target": len(cast["no_phone"])}
    assert sum(preview.reasons.values()) == 40 - len(pushed)
    assert (await run_of(admin))["state"] == "done"
    assert await run(database, words, NOON + timedelta(minutes=5)) == 0
    assert await admin.fetchval("SELECT count(*) FROM push_send") == len(pushed)


async def test_a_sending_that_reaches_so_many_was_previewed_so(
    admin: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven at most: the preview names seven and the rest by its reason, in pages or not; then seven get it."""
    await people(admin, database)
    words = programme({"caps": {"members": 7}})
    campaign = words.section(MessagesConfig).campaigns[0]
    for size in (5, 2_000):
        monkeypatch.setattr("fedele.domains.messaging.queries.campaigns.PREVIEW_BATCH", size)
        preview = await queries.preview_campaign(database.reader, words, campaign, Moment(NOON))
        assert (preview.audience_count, preview.now_count, preview.later_count) == (40, 7, 0)
        assert preview.channels == {"push": 7}
        judged = 40 - preview.reasons[Reason.CAMPAIGN_FULL]
        assert sum(preview.reasons.values()) == 33
    await run(database, words)
    assert (await run_of(admin))["judged_count"] == judged
    assert await admin.fetchval("SELECT count(DISTINCT member_id) FROM push_send") == 7
    roomy = programme({"caps": {"members": 40}}).section(MessagesConfig).campaigns[0]
    assert (
        Reason.CAMPAIGN_FULL
        not in (await queries.preview_campaign(database.reader, words, roomy, Moment(NOON))).reasons
    )


async def test_killed_between_any_two_batches_it_reaches_everybody_once(
    admin: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies in mid-batch undoes the batch; the next goes on; two at once do not share one."""
    cast = await people(admin, database)
    words = programme({})
    monkeypatch.setattr(sending, "BATCH", 7)
    calls, real = 0, sending.send_many

    async def dying(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        said = await real(*args)
        if calls % 2:
            raise ConnectionError("killed")
        return said

    monkeypatch.setattr(sending, "send_many", dying)
    for _ in range(20):
        await asyncio.gather(run(database, words), run(database, words), return_exceptions=True)
    assert calls > 8, "the fault was not met: the test shows nothing"
    pushed = [row["member_id"] for row in await admin.fetch("SELECT member_id FROM push_send")]
    assert sorted(pushed) == sorted(cast["reached"])
    state = await run_of(admin)
    assert (state["state"], state["judged_count"], state["sent_count"]) == ("done", 40, len(pushed))


async def test_a_campaign_for_everybody_is_refused_unless_somebody_says_why(admin: Any, database: Database) -> None:
    """A segment that matches every member: refused and logged. With a reason it goes, and the reason stands."""
    await people(admin, database)
    all_of_them = {"audience": {"when": "member.purchases_count >= 0"}}
    assert await run(database, programme(all_of_them)) == 0
    refused = await run_of(admin)
    assert (refused["state"], refused["audience_count"], refused["everyone_count"]) == ("refused", 50, 50)
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 0
    reason = "Product recall: everybody has to know"
    excepted = programme({"key": "recall", "audience": {"everyone": {"reason": reason}}})
    assert await run(database, excepted) == 50
    kept = await admin.fetchval("SELECT exception_reason FROM message_campaign_run WHERE campaign_key = 'recall'")
    logged = await admin.fetchval("SELECT DISTINCT details->>'everyone' FROM message_decision")
    assert (kept, logged) == (reason, reason)


async def test_the_pace_is_kept(admin: Any, database: Database) -> None:
    """Sixty a minute: after a second not everybody was written to, after a minute everybody was."""
    await people(admin, database)
    words = programme({"per_minute_max": 60})
    await run(database, words)
    at_once = (await run_of(admin))["sent_count"]
    assert at_once <= 2
    await run(database, words, NOON + timedelta(minutes=1))
    assert (await run_of(admin))["state"] == "done"


async def test_a_member_gets_a_repeating_campaign_as_often_as_its_cap_says(admin: Any, database: Database) -> None:
    """Daily, at most once: tomorrow's sending passes over who had today's, and says so."""
    cast = await people(admin, database)
    words = programme({"when": {"starts": "2026-11-20", "at": "11:00", "repeats": "daily"}})
    await run(database, words)
    await run(database, words, NOON + timedelta(days=1))
    assert await admin.fetchval("SELECT count(*) FROM push_send") == len(cast["reached"])
    capped = await admin.fetchval("SELECT count(*) FROM message_decision WHERE reason = 'campaign_cap'")
    assert capped == len(cast["reached"])


async def test_why_and_why_not_are_answered_for_one_member(admin: Any, database: Database) -> None:
    """In the audience or not, which arm, and the ruling for each channel; afterwards the log says the same."""
    cast = await people(admin, database)
    words = programme({})
    campaign = words.section(MessagesConfig).campaigns[0]

    async def why(member_id: MemberId) -> tuple[bool, str]:
        found = await queries.explain_campaign(database.reader, words, campaign, member_id, Moment(NOON))
        push = next(reason for channel, _, reason, _ in found.rulings if channel == "push")
        return found.in_audience, push.value

    assert await why(cast["reached"][0]) == (True, "allowed")
    assert await why(cast["silent"][0]) == (True, "no_consent")
    assert (await why(cast["english"][0]))[0] is False
    await run(database, words)
    assert await why(cast["reached"][0]) == (True, "campaign_cap")
    [push] = [d for d in await queries.list_decisions(database.reader, cast["reached"][0]) if d.channel == "push"]
    assert (push.campaign_key, push.variant, push.reason) == ("spring", "all", Reason.ALLOWED)
    assert (push.details["today"], push.details["per_day"]) == (0, 3)


async def test_the_funnel_counts_from_reach_to_deed(admin: Any, database: Database) -> None:
    """Two variants and a holdout: sent, delivered, opened, clicked and converted, each where it belongs."""
    cast = await people(admin, database)
    words = programme(
        {
            "template": None, "holdout_percent": 30, "goal": {"kind": "redemption", "key": "coffee", "days": 7},
            "variants": [{"key": "a", "template": "news"}, {"key": "b", "template": "other"}],
        }
    )  # fmt: skip
    await run(database, words)
    await admin.execute("UPDATE push_send SET state = 'sent'")
    told = await admin.fetch(
        "SELECT member_id, contact_id, variant FROM message_decision WHERE outcome = 'sent' ORDER BY member_id"
    )
    assert {row["variant"] for row in told} == {"a", "b"}
    first = told[0]
    async with database.transaction() as tx:
        line = (first["contact_id"], "clicked", NOON + timedelta(hours=1))
        assert await commands.report(tx, first["member_id"], [line], Moment(NOON + timedelta(hours=1))) == 3
        assert await commands.report(tx, first["member_id"], [line], Moment(NOON + timedelta(hours=2))) == 0
        assert await commands.report(tx, cast["english"][0], [line], Moment(NOON)) == 0  # not hers
    held = await admin.fetchval("SELECT member_id FROM message_decision WHERE variant = 'holdout' LIMIT 1")
    for member_id, day in ((first["member_id"], 1), (held, 2), (told[1]["member_id"], 8)):
        await admin.execute(
            "INSERT INTO redemption (member_id, redemption_id, reward_key, programme_version, status, code, currency, "
            "units, redeemed_at, usable_until, used_at) "
            "VALUES ($1, $2, 'coffee', 1, 'used', $3, 'points', 0, $4, $4, $4)",
            member_id, new_id(), new_id().hex, NOON + timedelta(days=day),
        )  # fmt: skip
    campaign = words.section(MessagesConfig).campaigns[0]
    lines = await queries.campaign_funnel(database.reader, campaign, NOON - timedelta(days=1))
    pushes = {line.variant: line for line in lines if line.channel == "push"}
    sent = sum(line.sent for line in pushes.values())
    assert (sent, sum(line.delivered for line in pushes.values())) == (len(told), len(told))
    mine = pushes[first["variant"]]
    assert (mine.seen, mine.opened, mine.clicked, mine.converted) == (1, 1, 1, 1)
    assert (pushes["holdout"].sent, pushes["holdout"].converted) == (0, 1)
    assert sum(line.converted for line in pushes.values()) == 2, "the eighth day is beyond the goal"


async def test_a_template_that_left_the_programme_is_told_not_raised(admin: Any, database: Database) -> None:
    """A journey that names words of an older version goes on; the log says why nothing was said."""
    member_id = await make_member(admin)
    asked = MessageAsked(member_id=member_id, template="long-gone", source_id=new_id())
    async with database.transaction() as tx:
        [decision] = await commands.send(tx, programme({}), asked, Moment(NOON))
        again = await commands.send(tx, programme({}), asked, Moment(NOON))
    assert (decision.allowed, decision.reason) == (False, Reason.TEMPLATE_GONE)
    assert [d.contact_id for d in again] == [decision.contact_id]
