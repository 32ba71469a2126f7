"""The demo's year, imported like any user's file, against a second calculation that shares no code with fedele."""

import csv
import os
from pathlib import Path

import orjson
import pytest
from pydantic import SecretBytes

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.demo_data import SOURCE, load_demo_data
from fedele.db.database import Database
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.ledger.types import Adjust
from fedele.domains.members.queries import holders_by_identity
from fedele.domains.members.types import Identity, Peppers
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.queries import statuses_by_member
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from tests.stories.second_calculation import Account, calculate

pytest.importorskip("duckdb")

# All of the default demo's households with FEDELE_TEST_HOUSEHOLDS=200, in about a minute; a part of them by default.
HOUSEHOLDS = int(os.environ.get("FEDELE_TEST_HOUSEHOLDS", "40"))
PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper of the tests")})


async def test_every_member_has_what_a_second_calculation_says(database: Database, tmp_path: Path) -> None:
    """Earned, taken back, spendable and tier of every household agree to the unit, and the money to the cent."""
    programmes, moment = ProgrammeSource(database, PROGRAMME_SECTIONS), moment_now()
    data = await load_demo_data(database, programmes, tmp_path, peppers=PEPPERS, households=HOUSEHOLDS, moment=moment)
    assert data.households == HOUSEHOLDS
    households = _households(tmp_path)
    weeks = orjson.loads((tmp_path / "files.json").read_bytes())["weeks"]
    expected = calculate(list(households), weeks, moment.now)
    found = await _accounts(database, programmes, households, moment)
    assert {number: _compared(account) for number, account in expected.items()} == found
    summary = data.summaries["purchases"]
    assert summary.units["points"] == sum(a.earned - a.taken_back for a in expected.values())
    assert summary.read_minor["USD"] == sum(a.cents for a in expected.values())
    _covers_every_mechanic(expected)
    print(_figures(expected))


async def test_the_comparison_sees_one_point(database: Database, tmp_path: Path) -> None:
    """The control: one point given besides is found, in the member it was given to and nobody else."""
    programmes, moment = ProgrammeSource(database, PROGRAMME_SECTIONS), moment_now()
    await load_demo_data(database, programmes, tmp_path, peppers=PEPPERS, households=2, moment=moment)
    households = _households(tmp_path)
    weeks = orjson.loads((tmp_path / "files.json").read_bytes())["weeks"]
    wronged = next(iter(households))
    member_id = (await _members(database, [wronged]))[wronged]
    one_more = Adjust(
        scope="test", key="1", currency=CurrencyKey("points"), units=1, actor="test", reason={"why": "test"}
    )
    async with database.transaction() as tx:
        await post(tx, member_id, [one_more], moment)
    expected = {n: _compared(a) for n, a in calculate(list(households), weeks, moment.now).items()}
    found = await _accounts(database, programmes, households, moment)
    assert [number for number in expected if expected[number] != found[number]] == [wronged]


def _households(folder: Path) -> list[int]:
    with (folder / "members.csv").open() as file:
        return [int(row["member"]) for row in csv.DictReader(file)]


async def _members(database: Database, households: list[int]) -> dict[int, MemberId]:
    identities = {number: Identity.parse(f"external:{SOURCE}", str(number)) for number in households}
    holders = await holders_by_identity(database.reader, list(identities.values()), PEPPERS)
    return {number: holders[identity] for number, identity in identities.items()}


async def _accounts(
    database: Database, programmes: ProgrammeSource, households: list[int], moment: Moment
) -> dict[int, tuple[int | str, ...]]:
    """The same figures out of the database, by the queries that members are answered with."""
    members = await _members(database, households)
    ids = list(members.values())
    balances = await balances_by_member(database.reader, ids, moment.now)
    statuses = await statuses_by_member(database.reader, await programmes.at(moment.now), ids, moment)
    rows = await database.reader.fetch(
        """
        SELECT m.member_id, (SELECT count(*) FROM purchase p WHERE p.member_id = m.member_id) AS baskets,
               (SELECT sum(total_minor)::bigint FROM purchase p WHERE p.member_id = m.member_id) AS cents,
               (SELECT count(*) FROM purchase_return r WHERE r.member_id = m.member_id) AS returns,
               (SELECT count(*) FROM tier_change c WHERE c.member_id = m.member_id AND c.reason <> 'joined') AS changes,
               (SELECT coalesce(sum(units), 0)::bigint FROM award a WHERE a.member_id = m.member_id) AS earned,
               (SELECT coalesce(sum(clawed_back_units), 0)::bigint FROM award a
                 WHERE a.member_id = m.member_id) AS taken_back
          FROM member m WHERE m.member_id = ANY($1)
        """,
        ids,
    )
    counted = {row["member_id"]: row for row in rows}
    assert await verify(database.reader) == []
    found = {}
    for number, member_id in members.items():
        row, balance = counted[member_id], balances[member_id][0]
        assert balance.lifetime == row["earned"] - row["taken_back"]
        found[number] = (
            row["baskets"], row["returns"], row["cents"], row["earned"], row["taken_back"],
            balance.available, statuses[member_id].current, row["changes"],
        )  # fmt: skip
    return found


def _compared(account: Account) -> tuple[int | str, ...]:
    return (
        account.baskets, account.returns, account.cents, account.earned, account.taken_back,
        account.spendable, account.tier, account.tier_changes,
    )  # fmt: skip


def _covers_every_mechanic(expected: dict[int, Account]) -> None:
    """The year has caps, returns and changes of tier, so that agreement says something about them."""
    assert sum(account.capped_days for account in expected.values()) > 0
    assert sum(account.taken_back for account in expected.values()) > 0
    assert {account.tier for account in expected.values()} >= {"sprout", "harvest"}


def _figures(expected: dict[int, Account]) -> str:
    accounts = expected.values()
    return (
        f"{len(accounts)} households, {sum(a.baskets for a in accounts)} baskets, {sum(a.returns for a in accounts)}"
        f" returns, {sum(a.cents for a in accounts) / 100:.2f} USD, {sum(a.earned for a in accounts)} points earned,"
        f" {sum(a.taken_back for a in accounts)} taken back, {sum(a.spendable for a in accounts)} spendable,"
        f" {sum(a.capped_days for a in accounts)} capped days, tiers"
        f" {[(tier, sum(a.tier == tier for a in accounts)) for tier in ('sprout', 'harvest', 'orchard')]}"
    )
