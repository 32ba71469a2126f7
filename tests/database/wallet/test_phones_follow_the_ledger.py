"""PassKit as a phone speaks it: register, ask what changed, fetch, re-register, let go."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from fedele.db.database import counting
from fedele.domains.ledger import queries as ledger
from fedele.domains.members import commands as members
from fedele.domains.members.types import ProfileChange
from fedele.domains.wallet import commands, queries
from fedele.domains.wallet.commands import cards
from fedele.domains.wallet.types import Serial, card_serial
from fedele.kernel.ids import MemberId, new_id
from fedele.web.passkit import PassKit
from fedele.web.rate_gate import RateGate
from tests.fixtures.phones import Phone, Shop


async def points(shop: Shop, member_id: MemberId) -> str:
    """The ledger's balance, as Italian writes it."""
    balances = (await ledger.balances_by_member(shop.database.reader, [member_id], shop.now))[member_id]
    units = next((balance.available for balance in balances if balance.currency == "points"), 0)
    return f"{Decimal(units):,}".replace(",", ".")


async def test_a_settle_reaches_the_phone(shop: Shop) -> None:
    """Add the card, earn, be pushed to, ask, fetch: the card shows the ledger's balance."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id, "bb" * 32)
    assert phone.shows(serial) == "0"
    assert await phone.updated() == [serial]  # without a tag, everything is news
    assert await phone.updated() == []
    shop.later(60)
    await shop.earn(member_id, 12450)
    await shop.work()
    assert shop.push.told == ["bb" * 32]
    assert await phone.poll() == [serial]
    assert phone.shows(serial) == "12.450" == await points(shop, member_id)
    assert (await phone.fetch(serial)).status_code == 304
    assert await phone.updated() == []


async def test_the_download_is_never_behind_the_ledger(shop: Shop) -> None:
    """Before the worker has run, the re-fetched pass already shows the points: the member's version names it."""
    member_id = await shop.enrol()
    url = shop.links.url(card_serial(member_id))
    first = await shop.http.get(url)
    await shop.earn(member_id, 77)
    phone, serial = Phone(shop), card_serial(member_id)
    second = await shop.http.get(url)
    phone.keep(serial, second)
    assert phone.shows(serial) == "77"
    assert second.headers["etag"] != first.headers["etag"]


async def test_two_changes_in_one_second_are_two_dates(shop: Shop) -> None:
    """HTTP dates have whole seconds: a second change in the same second must not look like the first."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    for units in (10, 20, 30):
        await shop.earn(member_id, units)
        await shop.work()
        assert (await phone.fetch(serial)).status_code == 200
    assert phone.shows(serial) == "60"


async def test_what_does_not_change_the_card_wakes_no_phone(shop: Shop) -> None:
    """An event that leaves the card as it is raises no tag; a second delivery of one that did raises none either."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    await phone.updated()
    async with shop.database.transaction() as tx:
        await members.update_profile(tx, member_id, ProfileChange(time_zone="Asia/Tokyo"), shop.moment())
    await shop.work()
    assert await phone.updated() == []
    await shop.earn(member_id, 5)
    rows = await shop.admin.fetch("SELECT * FROM outbox")
    await shop.work()
    before = await queries.find_pass(shop.database.reader, member_id, serial)
    for row in rows:
        for handler in shop.handlers:
            if handler.event.kind == row["kind"]:
                await handler.run(handler.event.from_payload(row["payload"]), row["id"])
    assert await queries.find_pass(shop.database.reader, member_id, serial) == before


async def test_name_and_language_reach_the_card(shop: Shop) -> None:
    """A new name and another language are on the card; the tier's name is in that language too."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    assert phone.passes[serial]["organizationName"] == "Club Harvest Lane"
    async with shop.database.transaction() as tx:
        change = ProfileChange(display_name="Клара", locale="ru")
        await members.update_profile(tx, member_id, change, shop.moment())
    await shop.work()
    await phone.poll()
    assert phone.shows(serial, "member") == "Клара"
    assert phone.passes[serial]["organizationName"] == "Клуб Harvest Lane"


async def test_an_erased_members_card_is_voided(shop: Shop) -> None:
    """After erasure the phone gets a void card without code, name or balance."""
    phone, member_id = Phone(shop), await shop.enrol("Ada Lovelace")
    serial = await phone.add(member_id)
    async with shop.database.transaction() as tx:
        await members.erase(tx, member_id, shop.moment())
    await shop.work()
    await phone.poll()
    assert phone.passes[serial]["voided"] is True
    assert "Ada" not in str(phone.passes[serial])
    assert phone.passes[serial]["barcodes"] == []


async def test_the_export_names_passes_and_phones(shop: Shop) -> None:
    """A member's data export says which passes there are and since when phones hold them, and no secret."""
    phone, member_id, other = Phone(shop), await shop.enrol(), await shop.enrol()
    serial = await phone.add(member_id, "a-push-token")
    exported = await queries.export_personal_data(shop.database.reader, member_id)
    (told,) = exported["passes"]
    assert told["serial"] == serial
    assert len(told["onDevicesSince"]) == 1
    assert "a-push-token" not in str(exported)
    assert phone.passes[serial]["authenticationToken"] not in str(exported)
    assert await queries.export_personal_data(shop.database.reader, other) == {"passes": []}


async def test_the_scanned_code_is_the_members(shop: Shop) -> None:
    """The barcode on the card finds the member at the till."""
    from fedele.domains.members import queries as member_queries

    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    (barcode,) = phone.passes[serial]["barcodes"]
    holder = await member_queries.find_by_code(shop.database.reader, barcode["message"], shop.moment())
    assert holder.member_id == member_id


async def test_serial_and_token_never_change(shop: Shop) -> None:
    """Issuing again, changes, another download: one serial, one token; the application's role cannot change them."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    token = phone.passes[serial]["authenticationToken"]
    await shop.earn(member_id, 1)
    await shop.work()
    await phone.poll()
    assert phone.passes[serial]["authenticationToken"] == token
    assert len(token) >= 16
    with pytest.raises(Exception, match="permission denied"):
        async with shop.database.transaction() as tx:
            await tx.execute("UPDATE pass SET authentication_token = 'another-token-of-enough-length'")


async def test_thirty_two_first_downloads_issue_one_pass(shop: Shop) -> None:
    """However many ask at once, there is one pass with one token, and every download is that one."""
    member_id = await shop.enrol()
    url = shop.links.url(card_serial(member_id))
    answers = await asyncio.gather(*(shop.http.get(url) for _ in range(32)))
    assert {answer.status_code for answer in answers} == {200}
    assert await shop.admin.fetchval("SELECT count(*) FROM pass") == 1
    assert await shop.admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'pass.issued'") == 1
    phone = Phone(shop)
    tokens = set()
    for answer in answers:
        phone.keep(card_serial(member_id), answer)
        tokens.add(phone.passes[card_serial(member_id)]["authenticationToken"])
    assert len(tokens) == 1


async def test_registering_again_updates_the_push_token(shop: Shop) -> None:
    """201 the first time, 200 after; the newest push token is the one that is told."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id, "old-token")
    assert (await phone.register(serial, "new-token")).status_code == 200
    await shop.earn(member_id, 1)
    await shop.work()
    assert shop.push.told == ["new-token"]


async def test_a_phone_that_lets_go_is_not_told_again(shop: Shop) -> None:
    """DELETE answers 200, also twice; afterwards no push goes out and nothing is listed. Adding again works."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    for _ in range(2):
        answer = await shop.http.delete(phone.registrations(serial), headers=phone.authorization(serial))
        assert answer.status_code == 200
    await shop.earn(member_id, 1)
    await shop.work()
    assert shop.push.told == []
    assert await phone.updated() == []
    assert (await phone.register(serial, "again")).status_code == 201
    assert await phone.updated() == [serial]


async def test_a_dead_push_address_is_forgotten(shop: Shop) -> None:
    """What APNs calls gone is not tried a second time; other phones keep being told."""
    member_id = await shop.enrol()
    await Phone(shop).add(member_id, "dead")
    await Phone(shop).add(member_id, "alive")
    shop.push.gone = {"dead"}
    for _ in range(2):
        await shop.earn(member_id, 1)
        await shop.work()
    assert sorted(shop.push.told) == ["alive", "alive", "dead"]


async def test_phones_with_two_slashes_are_served(shop: Shop) -> None:
    """Some phones say //v1/."""
    phone, member_id = Phone(shop, prefix="/wallet/apple//v1"), await shop.enrol()
    serial = await phone.add(member_id)
    assert await phone.poll() == [serial]


@pytest.mark.parametrize("token", ["", "ApplePass", "ApplePass wrong-token-of-some-length", "Bearer {token}"])
async def test_without_the_passs_token_nothing_is_told(shop: Shop, token: str) -> None:
    """401 for a missing, wrong or misnamed token, on all three endpoints that ask for one; nothing is written."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    headers = {"authorization": token.format(token=phone.passes[serial]["authenticationToken"])}
    pass_type = shop.wallet.identity.pass_type_identifier
    stranger = f"/wallet/apple/v1/devices/stranger/registrations/{pass_type}/{serial}"
    for answer in (
        await shop.http.post(stranger, json={"pushToken": "x"}, headers=headers),
        await shop.http.delete(phone.registrations(serial), headers=headers),
        await shop.http.get(f"/wallet/apple/v1/passes/{pass_type}/{serial}", headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "ApplePass"
        assert answer.content == b""
    assert await shop.admin.fetchval("SELECT count(*) FROM pass_device") == 1


async def test_another_members_token_does_not_open_a_pass(shop: Shop) -> None:
    """A token opens its own pass only; an unknown serial looks just the same."""
    phone, ada, bo = Phone(shop), await shop.enrol(), await shop.enrol()
    serial, other = await phone.add(ada), await Phone(shop).add(bo)
    headers = phone.authorization(serial)
    pass_type = shop.wallet.identity.pass_type_identifier
    for foreign in (other, card_serial(MemberId(new_id())), Serial("card_rubbish"), Serial("rubbish")):
        answer = await shop.http.get(f"/wallet/apple/v1/passes/{pass_type}/{foreign}", headers=headers)
        assert (answer.status_code, answer.content) == (401, b""), foreign
    unknown = await shop.http.get(f"/wallet/apple/v1/passes/pass.other/{serial}", headers=headers)
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"pushToken": ""}', 400),
        (b'{"pushToken": "a\\u0000b"}', 400),
        (b'{"pushToken": "' + b"a" * 300 + b'"}', 400),
        (b'{"pushToken": "' + b"a" * 20_000 + b'"}', 413),
    ],
)
async def test_a_registration_must_be_sane(shop: Shop, body: bytes, status: int) -> None:
    """An empty, strange or huge push token is refused and nothing is written."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    answer = await shop.http.post(
        phone.registrations(serial).replace(phone.device, "another"), content=body, headers=phone.authorization(serial)
    )
    assert answer.status_code == status
    assert await shop.admin.fetchval("SELECT count(*) FROM pass_device") == 1


async def test_a_pass_is_on_a_hundred_devices_at_most(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up devices cannot fill the table; known ones still update their token."""
    monkeypatch.setattr(cards, "DEVICES_MAX", 3)
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    phones = [Phone(shop, passes=phone.passes) for _ in range(3)]
    statuses = [(await each.register(serial, "token")).status_code for each in phones]
    assert statuses == [201, 201, 403]
    assert (await phone.register(serial, "token")).status_code == 200


async def test_links_open_only_with_their_key(shop: Shop) -> None:
    """A missing, wrong or other member's key, an unknown member or rubbish: 404, and no pass is issued."""
    ada, bo = await shop.enrol(), await shop.enrol()
    url, other = shop.links.url(card_serial(ada)), shop.links.url(card_serial(bo))
    for wrong in (
        url.partition("?")[0],
        url[:-1] + ("A" if url[-1] != "A" else "B"),
        f"{url.partition('?')[0]}?{other.partition('?')[2]}",
        shop.links.url(card_serial(MemberId(new_id()))),
        "/wallet/apple/passes/rubbish.pkpass?key=x",
    ):
        assert (await shop.http.get(wrong)).status_code == 404
    assert await shop.admin.fetchval("SELECT count(*) FROM pass") == 0


async def test_unchanged_passes_cost_neither_key_nor_card(shop: Shop) -> None:
    """A 304 takes one statement and no signature; a repeated download is the kept bytes."""
    phone, member_id = Phone(shop), await shop.enrol()
    serial = await phone.add(member_id)
    url = shop.links.url(serial)
    first = await shop.http.get(url)
    await shop.programmes.at(shop.now)
    with counting() as statements:
        unchanged = await shop.http.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert len(statements) <= 1, statements
    assert (await shop.http.get(url)).content == first.content
    for header in ('W/"another"', "*"):
        answer = await shop.http.get(url, headers={"if-none-match": header})
        assert answer.status_code == (304 if header == "*" else 200)
    for since in ("rubbish", "Sat, 21 Nov 2020 12:00:00 GMT"):
        assert (await shop.http.get(url, headers={"if-modified-since": since})).status_code == 200


async def test_every_process_makes_the_same_bytes(shop: Shop) -> None:
    """Two processes sign the same pass to the same bytes: the signing time is the change's, not the asking's."""
    member_id = await shop.enrol()
    url = shop.links.url(card_serial(member_id))
    first = await shop.http.get(url)
    shop.later(3600)
    second = PassKit(shop.database, shop.programmes, shop.assembler, shop.links, "pass.dev.fedele.card", shop.moment)
    transport = httpx.ASGITransport(Starlette(routes=list(second.routes())))
    async with httpx.AsyncClient(transport=transport, base_url="https://loyalty.example") as http:
        again = await http.get(url)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_later_commit_does_not_hide_an_earlier_change(shop: Shop) -> None:
    """One phone, two passes: the change that is made first and commits last is still reported.

    Control: by its time of change it lies below the tag that the phone had already been given.
    """
    phone, ada, bo = Phone(shop), await shop.enrol(), await shop.enrol()
    serial_ada, serial_bo = await phone.add(ada), await phone.add(bo)
    await phone.updated()
    await shop.admin.execute("DELETE FROM outbox")
    for member_id in (ada, bo):
        await shop.earn(member_id, 10)
    programme = await shop.programmes.at(shop.now)
    shop.later(10)
    async with shop.database.transaction() as slow:
        early = await commands.refresh_card(slow, shop.assembler, programme, ada, shop.moment())
        shop.later(10)
        async with shop.database.transaction() as quick:
            late = await commands.refresh_card(quick, shop.assembler, programme, bo, shop.moment())
        assert await phone.updated() == [serial_bo]
    assert early is not None
    assert late is not None
    assert early.updated_at < late.updated_at  # the control: "all rows newer than the tag" would leave it out
    assert await phone.poll() == [serial_ada]
    assert phone.shows(serial_ada) == "10"


async def test_no_update_is_lost_under_concurrent_commits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """32 tills settle at once beside the worker and a phone that keeps asking: it ends with the ledger's balance."""
    monkeypatch.setattr(shop.passkit, "_devices", RateGate(1_000_000, 60))  # it asks far oftener than a phone may
    phone, ada, bo = Phone(shop), await shop.enrol(), await shop.enrol()
    held = {await phone.add(member_id): member_id for member_id in (ada, bo)}
    handler = next(each for each in shop.handlers if each.event.kind == "points.earned")

    async def till(number: int) -> None:
        member_id = (ada, bo)[number % 2]
        await shop.earn(member_id, number + 1)
        event = handler.event(
            member_id=member_id, occurred_at=shop.now, currency="points", units=1, transaction_id=new_id(),
            spendable=0, source="purchase",
        )  # fmt: skip
        await handler.run(event, new_id())

    done = asyncio.Event()
    polls: list[Any] = []

    async def keep_asking() -> None:
        while not done.is_set():
            polls.append(await phone.poll())
            await asyncio.sleep(0)

    asking = asyncio.create_task(keep_asking())
    await asyncio.gather(*(till(number) for number in range(32)))
    done.set()
    await asking
    await phone.poll()
    for serial, member_id in held.items():
        assert phone.shows(serial) == await points(shop, member_id)
        row = await queries.find_pass(shop.database.reader, member_id, serial)
        assert row is not None
    assert await phone.updated() == []
    assert {phone.shows(serial) for serial in held} == {str(sum(range(1, 32, 2))), str(sum(range(2, 33, 2)))}


async def test_the_log_cannot_fill_the_disk(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Any flood is answered 200 and cut: by lines a request, characters a line, lines a minute, and bytes a body."""
    import structlog

    with structlog.testing.capture_logs() as lines:
        for _ in range(50):
            answer = await shop.http.post("/wallet/apple/v1/log", json={"logs": ["x\n" * 4000] * 3 + [None] * 100})
            assert answer.status_code == 413 or answer.status_code == 200
        for _ in range(50):
            logs = ["bad\nline\x1b[31m " + "y" * 400] * 30
            assert (await shop.http.post("/wallet/apple/v1/log", json={"logs": logs})).status_code == 200
        shop.later(60)
        await shop.http.post("/wallet/apple/v1/log", json={"logs": ["after a minute"]})
        assert (await shop.http.post("/wallet/apple/v1/log", json={"logs": "no list"})).status_code == 200
        assert (await shop.http.post("/wallet/apple/v1/log", content=b"no json")).status_code == 400
    said = [line["line"] for line in lines if line["event"] == "passkit.phone_says"]
    assert len(said) == 121
    assert all(len(line) <= 500 and line.isprintable() for line in said)
    assert said[-1] == "after a minute"
    assert any(line["event"] == "passkit.log_lines_dropped" for line in lines)
