"""When many phones ask at once they share reads, and nobody is told anything older than the question."""

import asyncio

import pytest

from fedele.db.database import counting
from fedele.domains.wallet import queries
from fedele.domains.wallet.types import PassHead, Serial, card_serial
from fedele.kernel.ids import MemberId, new_id
from fedele.web.pass_heads import PassHeads
from tests.fixtures.phones import Shop


async def issued(shop: Shop, name: str = "Ada") -> tuple[MemberId, Serial]:
    """A member with a card."""
    member_id = await shop.enrol(name)
    serial = card_serial(member_id)
    assert (await shop.http.get(shop.links.url(serial))).status_code == 200
    return member_id, serial


async def test_forty_questions_are_a_few_statements(shop: Shop) -> None:
    """They share a read; each gets its own pass, and who has none gets None."""
    keys = [await issued(shop, f"Member {number}") for number in range(8)]
    nobody = MemberId(new_id())
    heads = PassHeads(shop.database)
    with counting() as statements:
        asked = [heads.find(*keys[number % 8]) for number in range(40)]
        found = await asyncio.gather(*asked, heads.find(nobody, card_serial(nobody)))
    assert len(statements) == 1
    assert [head.held.serial if head else None for head in found] == [
        *(keys[number % 8][1] for number in range(40)),
        None,
    ]


async def test_one_question_reads_as_a_single_one_did(shop: Shop) -> None:
    """Both ways of reading tell the same of the same pass."""
    keys = [await issued(shop), await issued(shop, "Bo")]
    await shop.earn(keys[0][0], 5)
    alone = [await queries.find_head(shop.database.reader, *key) for key in keys]
    assert list((await queries.find_heads(shop.database.reader, keys)).values()) == alone
    assert await queries.find_heads(shop.database.reader, keys[:1]) == {keys[0]: alone[0]}


async def test_what_is_told_is_never_older_than_the_question(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that began before a sale is not handed to who asks after it: they wait for the next."""
    key, heads = await issued(shop), PassHeads(shop.database)
    before = await queries.find_head(shop.database.reader, *key)
    assert before is not None
    began, go_on, real = asyncio.Event(), asyncio.Event(), queries.find_heads

    async def slow(*arguments: object) -> dict[tuple[MemberId, Serial], PassHead]:
        found = await real(*arguments)  # type: ignore[arg-type]
        began.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(queries, "find_heads", slow)
    first = asyncio.create_task(heads.find(*key))
    await began.wait()
    await shop.earn(key[0], 5)
    second = asyncio.create_task(heads.find(*key))
    go_on.set()
    old, new = await asyncio.gather(first, second)
    assert old == before
    assert new is not None
    assert new.member_version > before.member_version


async def test_a_fault_reaches_who_asked_and_nobody_after(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who shared the read hears of it; the next question is answered."""
    key, heads, real = await issued(shop), PassHeads(shop.database), queries.find_heads

    async def broken(*_arguments: object) -> dict[tuple[MemberId, Serial], PassHead]:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(queries, "find_heads", broken)
    heard = await asyncio.gather(*(heads.find(*key) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in heard] == [ConnectionError] * 3
    monkeypatch.setattr(queries, "find_heads", real)
    assert await heads.find(*key) is not None


async def test_a_phone_that_hangs_up_takes_nothing_from_the_others(shop: Shop) -> None:
    """Cancelled while it waits with another for the same pass: the other is answered."""
    key, heads = await issued(shop), PassHeads(shop.database)
    leaving, staying = asyncio.create_task(heads.find(*key)), asyncio.create_task(heads.find(*key))
    await asyncio.sleep(0)
    leaving.cancel()
    head = await staying
    assert head is not None
    assert head.held.serial == key[1]
