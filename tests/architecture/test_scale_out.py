"""Every member-owned table can live on the member's own node: its keys begin with member_id."""

from typing import Any

# table → why it is not keyed by member
SHARED_TABLES = {
    "schema_version": "the migrations' own",
    "request": "idempotency, distributed by scope: a retry may not know the member yet",
    "schedule": "one row a piece of time-driven work; not about members",
    "worker": "one row a living worker; not about members",
    "programme_version": "programme text: small, replicated",
    "programme_withdrawal": "programme versions taken back: small, replicated",
    "api_key": "staff keys: few, replicated",
    "product": "the catalogue: replicated",
    "reward_stock": "one row a stocked reward: what several members reach for cannot be one member's",
    "offer_total": "one row an offer that ends: what several members reach for cannot be one member's",
    "offer_wakeup": "an instant at which an offer rings at a place: about the place, told to many members",
    "offer_standing": "who approved or ended an offer: a few rows, replicated",
    "weather_hour": "the sky over a grid cell, the same for everybody: small, replicated",
    "geofence": "the places of a programme version: replicated",
    "geofence_build": "one row a programme version: replicated",
    "product_popularity": "what sells now: counted by a job, small, replicated",
    "product_neighbour": "what is bought together: counted by a job, small, replicated",
    "feed_policy": "a policy that was fitted: a few rows, replicated",
    "feed_promotion": "which policy ranked from when: a few rows, replicated",
    "product_cost": "the catalogue: replicated",
    "fraud_sighting": "what rules by store or attribute count, of many members; distributed by the subject",
    "budget_pot": "a campaign's budget: what several members reach for cannot be one member's",
    "budget_slice": "the money of a budget, distributed by its pot",
    "budget_notice": "what was announced of a budget: a few rows a campaign",
    "reward_stock_change": "who put how many on the shelf: about the reward, not about members",
    "reward_reservation": "what is promised while it is paid: the reward's, and gone within minutes",
    "sweepstake": "one row a draw: what numbers the entries of several members cannot be one member's",
    "sweepstake_draw": "one row a draw that was made",
    "segment_refresh": "one row a segment; not about members",
    "rfm_cut": "cut points of the whole programme, a row a month: small, replicated",
    "reward_code": "the pool of codes of a reward: not a member's until one is given out",
    "journey_pause": "journeys that stand still: a few rows, replicated",
    "closing_day": "a row a day, keyed by the day: small, replicated",
    "closing_step": "a few rows a day: small, replicated",
    "closing_batch": "the batches of one close still to do, deleted when done: small, replicated",
    "trusted_document": "published documents: few, replicated",
    "ledger_checkpoint": "totals of the programme, not of a member; written by one job",
    "otp_challenge": "a login before anybody knows which member it is; distributed by its id",
    "rate_limit": "counters distributed by their key",
    "offline_sale": "the journal of a device's own numbers, distributed by store; names no member",
    "card_code": "look-up from a card's code to its member; distributed by the code",
    "member_identity": "look-up from an identity's digest to its member; distributed by the digest",
    "contest_result": "one row a contest that was decided; about many members",
    "gathering_seat": "one row a gathering: what several members reach for cannot be one member's",
    "surprise_day": "one row a surprise and day: what several members reach for cannot be one member's",
    "message_campaign_run": "one row a sending of a campaign: about the campaign, told to many members",
    "referral_code_owner": "look-up from a referral code to its member; distributed by the code",
    "push_target_owner": "look-up from a push target's digest to its member; distributed by the digest",
}
JOB_LIBRARY_PREFIX = "pgqueuer"

TABLES = """
SELECT c.relname AS name, EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'member_id' AND NOT a.attisdropped
) AS has_member
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""
KEYS = """
SELECT t.relname AS table_name, i.relname AS key_name, ARRAY(
    SELECT a.attname::text FROM unnest(x.indkey) AS k JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k
) AS columns
FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = 'public' AND x.indisunique
"""
FOREIGN_KEYS = """
SELECT t.relname AS table_name, c.conname AS key_name, ARRAY(
    SELECT a.attname::text FROM unnest(c.conkey) AS k JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k
) AS columns, f.relname AS target
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = 'public' AND c.contype = 'f'
"""


async def problems(connection: Any) -> list[str]:
    """What in the migrated schema could not be spread over nodes by member."""
    found = []
    tables = {row["name"]: row["has_member"] for row in await connection.fetch(TABLES)}
    exempt = {name for name in tables if name in SHARED_TABLES or name.startswith(JOB_LIBRARY_PREFIX)}
    owned = {name for name in tables if name not in exempt}
    found += [f"{name} has no member_id and is not listed as shared" for name in owned if not tables[name]]
    for row in await connection.fetch(KEYS):
        if row["table_name"] in owned and "member_id" not in row["columns"]:
            found.append(f"unique key {row['key_name']} of {row['table_name']} lacks member_id")
    for row in await connection.fetch(FOREIGN_KEYS):
        if row["table_name"] in owned and row["target"] in owned and "member_id" not in row["columns"]:
            found.append(f"foreign key {row['key_name']} of {row['table_name']} may cross members")
    for row in await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'S'"):
        if not row["relname"].startswith(JOB_LIBRARY_PREFIX):
            found.append(f"sequence {row['relname']} is shared by members: use UUIDv7")
    return sorted(found)


async def test_the_schema_can_be_spread_by_member(admin: Any) -> None:
    """Primary keys, unique keys and foreign keys of member-owned tables all carry member_id; no sequence is shared."""
    assert await problems(admin) == []


async def test_shared_tables_still_exist(admin: Any) -> None:
    """The list of exceptions names only tables that are there."""
    tables = {row["name"] for row in await admin.fetch(TABLES)}
    assert set(SHARED_TABLES) - tables == set()


async def test_the_check_can_see_a_table_that_cannot_scale(admin: Any) -> None:
    """A planted table with a key of its own and a sequence is reported."""
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute("CREATE TABLE planted (id bigserial PRIMARY KEY, member_id uuid, code text UNIQUE)")
    seen = await problems(admin)
    await transaction.rollback()
    assert len([line for line in seen if "planted" in line]) == 3
