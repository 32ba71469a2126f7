"""Every movement of every account is explained as an addition that gives it exactly, in words of four languages."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from fedele.api.explaining_words import LANGUAGES, Speaker
from fedele.db.database import Database, counting
from fedele.domains.activity.queries import history_of
from fedele.domains.activity.types import ActivityEvent, Purchase
from fedele.domains.checkout.ports import Till
from fedele.domains.explaining.queries import explain_entry, explain_event, explain_purchase
from fedele.domains.explaining.types import Explanation
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import list_entries
from fedele.domains.ledger.types import Adjust, Burn, Capture, Earn, Expire, Hold, MoveExpiry, Release, Restore
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from tests.factories.history import DAYS, live_through
from tests.factories.till import NOON

POINTS = CurrencyKey("points")
END = NOON + timedelta(days=DAYS + 1)
LATER = NOON + timedelta(days=900)
INTERNAL = re.compile(r"[{}]|==|&&|line\.|member\.|None|Decimal")


async def move_everything(database: Database, member_id: MemberId) -> None:
    """What the till's history has not: corrections, holds, releases, captures, burns given back, units that expire."""
    moment = Moment(END)
    async with database.transaction() as tx:
        _, kept = await post(
            tx,
            member_id,
            [
                Earn(scope="t", key="e", currency=POINTS, units=500, source="import", reason={"import": "old.csv"},
                     expires_at=END + timedelta(days=9)),
                Hold(scope="t", key="h", currency=POINTS, units=120, reason={"hold_id": "x"}),
            ],
            moment,
        )  # fmt: skip
        burned, _, _, _ = await post(
            tx,
            member_id,
            [
                Burn(scope="t", key="b", currency=POINTS, units=90, reason={"reward": "bag"}),
                Release(scope="t", key="r", currency=POINTS, transaction_id=_id(kept), units=20),
                Capture(scope="t", key="c", currency=POINTS, transaction_id=_id(kept), units=100),
                Adjust(scope="t", key="a", currency=POINTS, units=-60, actor="anna", reason={"text": "a slip"}),
            ],
            moment,
        )
        await post(
            tx,
            member_id,
            [
                Restore(scope="t", key="back", currency=POINTS, transaction_id=_id(burned), units=40),
                Adjust(scope="t", key="up", currency=POINTS, units=33, actor="anna", reason={"text": "sorry"}),
                Adjust(scope="t", key="owe", currency=POINTS, units=-9_000, actor="anna", reason={"text": "fraud"},
                       mode="debt"),
                Adjust(scope="t", key="pay", currency=POINTS, units=9_050, actor="anna", reason={"text": "not fraud"},
                       expires_at=END + timedelta(days=9)),
                MoveExpiry(scope="t", key="m", currency=POINTS, changes=()),
            ],
            moment,
        )  # fmt: skip
    async with database.transaction() as tx:
        await post(tx, member_id, [Expire(scope="t", key="x", currency=POINTS)], Moment(LATER))


def _id(posting: Any) -> Any:
    assert posting.transaction_id is not None
    return posting.transaction_id


async def explanations(till: Till, member_id: MemberId) -> list[Explanation]:
    """Of every entry, purchase and event of the member."""
    reader = till.database.reader
    found: list[Explanation | None] = []
    entries = await list_entries(reader, member_id, 1_000)
    assert not entries.has_next
    found += [await explain_entry(reader, till.programmes, member_id, entry.id, LATER) for entry in entries.items]
    for one in await history_of(reader, member_id):
        if isinstance(one, Purchase):
            found.append(await explain_purchase(reader, till.programmes, member_id, one.id, LATER))
        elif isinstance(one, ActivityEvent):
            found.append(await explain_event(reader, till.programmes, member_id, one.id, LATER))
    assert None not in found
    return [told for told in found if told is not None]


@pytest.mark.parametrize("seed", [2, 3])
async def test_the_terms_of_every_explanation_add_up(database: Database, admin: Any, seed: int) -> None:
    """To the unit, for every kind of movement on every account; and every award, with what rounding and caps did."""
    till, people = await live_through(database, seed, members=3, steps=40)
    await move_everything(database, people[0])
    told = [one for member_id in people for one in await explanations(till, member_id)]
    kinds = {one.kind for one in told if one.subject == "entry"}
    assert kinds >= {"earn", "burn", "clawback", "hold", "release", "capture", "adjust", "restore", "expire"}
    for one in told:
        if one.subject == "entry":
            assert sum(term.amount for term in one.terms) == one.amount, (one.kind, one.account, one.terms)
            assert "asked" not in {term.kind for term in one.terms}, (one.kind, one.account, one.terms)
        for rule in one.rules:
            assert sum(term.amount for term in rule.terms) == (rule.amount if rule.terms else 0), rule
            assert bool(rule.terms) == bool(rule.trace.units)
            for term in rule.terms:
                lines = sum(part.kind == "line" for part in rule.terms)
                assert term.kind != "rounding" or abs(term.amount) < max(1, lines), rule
    rules = [rule for one in told for rule in one.rules if one.subject != "entry"]
    assert {term.kind for rule in rules for term in rule.terms} >= {"line", "event", "rounding", "cap"}
    given = sum(rule.trace.units for rule in rules)
    assert given == await admin.fetchval("SELECT sum(units) FROM award")


async def test_every_explanation_is_worded_in_four_languages(database: Database) -> None:
    """A title, a reason and a text for everything; nothing that only machines read, no hole in a sentence."""
    till, people = await live_through(database, 4, members=2, steps=40)
    await move_everything(database, people[0])
    said: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for member_id in people:
        for told in await explanations(till, member_id):
            for language in LANGUAGES:
                speaker = Speaker(told.programme, language)
                said[language] |= {speaker.title(told), *(speaker.term(term) for term in told.terms)}
                for rule in told.rules:
                    said[language].add(speaker.reason(rule.trace, rule.failed))
                    said[language] |= {speaker.term(term) for term in rule.terms}
    for language, texts in said.items():
        assert not [text for text in texts if not text.strip() or INTERNAL.search(text)], language
    assert len({len(texts) for texts in said.values()}) <= 2
    shared = said["en"] & (said["ru"] | said["ar"])
    assert all(not re.search(r"[a-z]{4}", text.lower().replace("base", "")) for text in shared if " " in text), shared


async def test_an_explanation_costs_a_handful_of_statements(database: Database) -> None:
    """However long the history is: six for an entry, four for a purchase or an event."""
    till, people = await live_through(database, 5, members=1, steps=60)
    entries = (await list_entries(database.reader, people[0], 500)).items
    happened = await history_of(database.reader, people[0])
    purchase = next(one for one in happened if isinstance(one, Purchase))
    await explain_entry(database.reader, till.programmes, people[0], entries[0].id, LATER)
    with counting() as statements:
        for entry in entries:
            await explain_entry(database.reader, till.programmes, people[0], entry.id, LATER)
    own = [sql for sql in statements if "programme_version" not in sql or "SELECT" not in sql[:7] or "award" in sql]
    assert len(own) <= 5 * len(entries)
    with counting() as statements:
        await explain_purchase(database.reader, till.programmes, people[0], purchase.id, LATER)
    assert len([sql for sql in statements if "max(version)" not in sql]) <= 4, statements


async def test_what_belongs_to_another_is_not_explained(database: Database) -> None:
    """The entry, purchase or event of somebody else is as unknown as one that never was."""
    till, people = await live_through(database, 6, members=2, steps=20)
    reader = database.reader
    entry = (await list_entries(reader, people[0], 1)).items[0]
    assert await explain_entry(reader, till.programmes, people[1], entry.id, LATER) is None
    purchase = next(one for one in await history_of(reader, people[0]) if isinstance(one, Purchase))
    assert await explain_purchase(reader, till.programmes, people[1], purchase.id, LATER) is None


async def test_the_version_that_decided_gives_the_words_and_the_arithmetic(database: Database) -> None:
    """A rule that was renamed and re-priced since is told as it was then."""
    from fedele.domains.checkout import commands
    from tests.factories.members import enrolled
    from tests.factories.programme import apply_programme
    from tests.factories.till import PROGRAMME, basket, line, open_till

    till = await open_till(database)
    member_id = await enrolled(database)
    settled = await commands.settle(till, basket(line(1, 1000, name="Pears"), member_id=member_id), "a", Moment(NOON))
    changed = PROGRAMME.replace("name: Base, currency", "name: Other, multiplier: 9, currency")
    await apply_programme(database, changed, NOON + timedelta(days=1))
    programmes = type(till.programmes)(database, till.programmes.sections)
    told = await explain_purchase(database.reader, programmes, member_id, settled.purchase_id, LATER)
    assert told is not None
    base = next(rule for rule in told.rules if rule.trace.rule == "base")
    assert told.decided_by == 1
    assert [(term.kind, term.amount) for term in base.terms] == [("line", Decimal(10))]
    assert Speaker(told.programme, "en").rule("base") == "Base"
    assert isinstance(told.programme, Programme)
