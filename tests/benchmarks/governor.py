"""How many decisions the governor makes in a second: `python -m tests.benchmarks governor[=MEMBERS]`.

    governor_rulings_s     the pure rule alone, facts in hand, push and e-mail under one budget
    governor_preview_s     members judged by a what-if preview: audience paged, facts read in SQL, ruled
    governor_recorded_s    decisions recorded: locked, ruled, held to consent and budget by the statement, queued
    governor_recorded_vs_insert   the same over a bare INSERT of as many rows of that table in the same batches
    governor_members       how many members there are: 50,000, or as many as are given (`governor=1000000`)

A third of the members never agreed, a tenth has no phone; everybody has two contacts of this week behind them.
"""

import time
from datetime import UTC, datetime
from typing import Any

from fedele.db.database import Database, connect, open_database
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import Ask, Contact, ContactFacts, rule
from fedele.domains.messaging.types import MessageAsked
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.benchmarks.ledger_earn import fresh_database
from tests.factories.messaging import make_messages, make_programme, make_template

MEMBERS = 50_000
RECORDED = 20_000
RULINGS = 20_000
BATCH = 200
NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)
IDS = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
FILL = f"""
INSERT INTO member (member_id, status, source, joined_at, recorded_at)
SELECT {IDS}, 'active', 'app', now(), now() FROM generate_series(1::bigint, $1) n;
INSERT INTO member_version (member_id) SELECT {IDS} FROM generate_series(1::bigint, $1) n;
INSERT INTO member_profile (member_id, locale, time_zone)
SELECT {IDS}, 'it', CASE n % 20 WHEN 0 THEN 'Asia/Bangkok' ELSE 'Europe/Rome' END FROM generate_series(1::bigint, $1) n;
INSERT INTO member_consent (member_id, purpose, channel, granted, changed_at)
SELECT {IDS}, 'marketing', channel, true, now()
  FROM generate_series(1::bigint, $1) n, unnest(ARRAY['push', 'email']) channel WHERE n % 3 > 0;
INSERT INTO push_target (member_id, target_id, kind, value, platform, permission, registered_at, last_seen_at)
SELECT {IDS}, {IDS}, 'fcm_token', 'token-of-phone-' || n, 'android', 'granted', now(), now()
  FROM generate_series(1::bigint, $1) n WHERE n % 10 > 0;
INSERT INTO message_decision (member_id, source_id, template_key, channel, purpose, outcome, reason, decided_at)
SELECT {IDS}, gen_random_uuid(), 'news', 'push', 'marketing', 'sent', 'allowed', '2026-11-18 11:00Z'::timestamptz
  FROM generate_series(1::bigint, $1) n, generate_series(1, 2) twice;
"""
BARE = """
INSERT INTO message_decision (member_id, source_id, template_key, channel, purpose, outcome, reason, decided_at)
SELECT member_id, $2, 'bare', 'push', 'marketing', 'suppressed', 'allowed', $3 FROM unnest($1::uuid[]) AS m (member_id)
"""


def words() -> Programme:
    """A programme with one campaign to whoever there is."""
    campaign = {
        "key": "all", "audience": {"everyone": {"reason": "a benchmark asks everybody"}}, "template": "news",
        "when": {"starts": "2026-11-20", "at": "10:00"},
    }  # fmt: skip
    template = make_template(key="news", on=None, channels=["push", "email"])
    return make_programme(make_messages(template, pushes_per_day_max=None, campaigns=[campaign]))


async def measure(url: str, count: int = MEMBERS) -> dict[str, float]:
    """The figures, on a fresh database of this server (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_governor")
    admin = await connect(own)
    for statement in FILL.split(";\n"):
        if statement.strip():
            await admin.execute(statement.replace("$1", str(count)))
    await admin.execute("VACUUM ANALYZE")
    database = open_database(own, size=4, role="fedele_app")
    try:
        figures = {"governor_members": float(count), "governor_rulings_s": _rulings()}
        return figures | await _preview(database, count) | await _recorded(database, admin, count)
    finally:
        await database.close()
        await admin.close()


def _rulings() -> float:
    """The pure rule, on one core."""
    config = words().section(MessagesConfig)
    template = config.find("news")
    assert template is not None
    ask = Ask.of(template)
    facts = ContactFacts(
        True, "Europe/Rome", frozenset({(Purpose.MARKETING, Channel.PUSH), (Purpose.MARKETING, Channel.EMAIL)}),
        targets_count=1, permitted_count=1, reachable=frozenset({Channel.EMAIL}),
        contacts=(Contact(Channel.PUSH, NOON), Contact(Channel.EMAIL, NOON)),
    )  # fmt: skip
    began = time.perf_counter()
    for _ in range(RULINGS):
        rule(ask, facts, config, NOON)
    return round(RULINGS / (time.perf_counter() - began))


async def _preview(database: Database, members: int) -> dict[str, float]:
    programme = words()
    campaign = programme.section(MessagesConfig).campaigns[0]
    began = time.perf_counter()
    found = await queries.preview_campaign(database.reader, programme, campaign, Moment(NOON))
    took = time.perf_counter() - began
    assert found.now_count + found.later_count + sum(found.reasons.values()) >= found.audience_count == members
    return {"governor_preview_s": round(members / took)}


async def _recorded(database: Database, admin: Any, all_members: int) -> dict[str, float]:
    """Decisions of both channels, in the batches that campaigns have."""
    programme, source_id = words(), new_id()
    limit = min(RECORDED, all_members)
    rows = await admin.fetch("SELECT member_id FROM member ORDER BY member_id LIMIT $1", limit)
    members = [MemberId(row["member_id"]) for row in rows]
    began = time.perf_counter()
    count = 0
    for start in range(0, limit, BATCH):
        asked = [
            MessageAsked(member_id=m, template="news", source_id=source_id) for m in members[start : start + BATCH]
        ]
        async with database.transaction() as tx:
            count += sum(map(len, await commands.send_many(tx, programme, asked, Moment(NOON))))
    took = time.perf_counter() - began
    began = time.perf_counter()
    for start in range(0, limit, BATCH):
        async with database.transaction() as tx:
            await tx.execute(BARE, members[start : start + BATCH], new_id(), NOON)
            await tx.execute(BARE, members[start : start + BATCH], new_id(), NOON)
    bare = time.perf_counter() - began
    assert count == 2 * limit
    return {
        "governor_recorded_s": round(count / took),
        "governor_recorded_vs_insert": round(took / bare, 1),
    }
