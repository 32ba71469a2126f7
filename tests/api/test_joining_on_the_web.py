"""`/join/{code}` as a browser asks for it, without scripts: every branch, and what is written in each."""

import re
from html import unescape
from typing import Any

import httpx
import orjson
import pytest

from fedele.domains.members.queries import find_member, list_consent_history, list_consents, list_contacts
from fedele.domains.members.types import Channel, Consent, Purpose
from fedele.domains.offers.errors import OfferClosed
from fedele.kernel.ids import MemberId
from fedele.web.join_state import SECONDS
from tests.fixtures.story import Story

MAIL = "nora@example.org"
PAGE = "/join/riverside"


def token_of(page: httpx.Response) -> str:
    """The token that stands in the form."""
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


class Visitor:
    """A browser with cookies and no scripts."""

    def __init__(self, story: Story, language: str = "it-IT,it;q=0.9", page: str = PAGE) -> None:
        self.story, self.path = story, page
        transport = story.client._transport
        headers = {"accept-language": language, "user-agent": "Mozilla/5.0 (Linux; Android 16; Pixel 9)"}
        self.client = httpx.AsyncClient(transport=transport, base_url="https://fedele.test", headers=headers)

    async def get(self, step: str = "") -> httpx.Response:
        """Open a page."""
        return await self.client.get(self.path + step)

    async def fill(self, contact: str = MAIL, **more: Any) -> httpx.Response:
        """Send the form."""
        sent = {"token": token_of(await self.get()), "contact": contact, "name": "Nora", **more}
        return await self.client.post(self.path, data=sent)

    def code(self, contact: str = MAIL) -> str:
        """What arrived."""
        code = self.story.otp.last_code(contact)
        assert code is not None, "no code was sent"
        return code.get_secret_value()

    async def confirm(self, code: str) -> httpx.Response:
        """Send the code."""
        return await self.client.post(
            f"{self.path}/code", data={"token": token_of(await self.get("/code")), "code": code}
        )

    async def join(self, contact: str = MAIL, **more: Any) -> httpx.Response:
        """All of it; the page with the card."""
        asked = await self.fill(contact, **more)
        assert asked.status_code == 303, asked.text
        confirmed = await self.confirm(self.code(contact))
        assert confirmed.status_code == 303, confirmed.text
        return await self.client.get(confirmed.headers["location"])

    async def members(self) -> list[MemberId]:
        """Everybody there is."""
        rows = await self.story.fedele.database.reader.fetch("SELECT member_id FROM member ORDER BY joined_at")
        return [MemberId(row["member_id"]) for row in rows]


@pytest.fixture
async def visitor(story: Story) -> Visitor:
    """Somebody in front of the window."""
    return Visitor(story)


def granted(consents: tuple[Consent, ...]) -> set[tuple[Purpose, Channel]]:
    """What is agreed to."""
    return {(one.purpose, one.channel) for one in consents if one.granted}


async def test_a_stranger_joins_and_holds_a_card(visitor: Visitor) -> None:
    """Form, code, card: a member with name, language, store and source; the pass behind the link is theirs."""
    page = await visitor.join(consent=["marketing"])
    (member_id,) = await visitor.members()
    reader = visitor.story.fedele.database.reader
    member = await find_member(reader, member_id)
    assert member is not None
    assert (member.display_name, member.locale, member.home_store) == ("Nora", "it", "store-367")
    source = await reader.fetch_value("SELECT source FROM member WHERE member_id = $1", member_id)
    assert source == "join:window:riverside"
    assert [one.value.get_secret_value() for one in await list_contacts(reader, member_id)] == [MAIL]
    link = unescape(re.findall(r'id="apple" href="([^"]+)"', page.text)[0])
    card = await visitor.client.get(link)
    assert (card.status_code, card.headers["content-type"]) == (200, "application/vnd.apple.pkpass")
    assert member_id.hex in link


async def test_a_leaflets_code_brings_its_offer_once(story: Story) -> None:
    """Who joins with it holds the offer, however often they join; who joins at the window does not."""
    reader = story.fedele.database.reader
    for _ in range(2):
        page = await Visitor(story, page="/join/autumn-leaflet").join()
        assert page.status_code == 200
        story.turn(minutes=11)
    await Visitor(story).join("other@example.org")
    claims = await reader.fetch("SELECT offer_key FROM offer_claim")
    assert [row["offer_key"] for row in claims] == ["first-baskets"]


async def test_an_offer_that_is_over_keeps_nobody_from_joining(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise cannot be kept any more: the member is there, and nothing is claimed."""

    async def refuse(*_arguments: Any) -> None:
        raise OfferClosed()

    monkeypatch.setattr("fedele.web.join.claim_offer", refuse)
    assert (await Visitor(story, page="/join/autumn-leaflet").join()).status_code == 200
    reader = story.fedele.database.reader
    assert await reader.fetch_value("SELECT count(*) FROM member") == 1
    assert await reader.fetch_value("SELECT count(*) FROM offer_claim") == 0


async def test_consents_are_kept_with_the_words_that_were_seen(visitor: Visitor) -> None:
    """Ticked: granted on each channel, with source, version, language and a digest of the text. Not ticked: nothing."""
    await visitor.join(consent=["marketing", "surveys", "location"])
    (member_id,) = await visitor.members()
    reader = visitor.story.fedele.database.reader
    wanted = {(Purpose.MARKETING, channel) for channel in (Channel.WALLET, Channel.EMAIL, Channel.SMS)}
    assert granted(await list_consents(reader, member_id)) == wanted, "what the page does not ask for is not granted"
    for line in await list_consent_history(reader, member_id):
        assert line.source == "join:window:riverside"
        assert re.fullmatch(r"club-2026-11:it:[0-9a-f]{12}", line.wording)


async def test_boxes_are_empty_until_they_are_ticked(visitor: Visitor) -> None:
    """Nothing is agreed to by leaving the page as it is."""
    page = await visitor.get()
    assert page.text.count('type="checkbox"') == 2
    assert "checked" not in page.text
    await visitor.join()
    (member_id,) = await visitor.members()
    assert await list_consents(visitor.story.fedele.database.reader, member_id) == ()


async def test_a_member_simply_gets_their_card(visitor: Visitor) -> None:
    """Joining again: the same member, profile and earlier consents as they were, new ones added."""
    await visitor.join(consent=["marketing"])
    again = Visitor(visitor.story, "ru", "/join/autumn-leaflet")
    page = await again.join(name="Somebody", consent=["personalization"])
    (member_id,) = await visitor.members()
    assert member_id.hex in page.text
    reader = visitor.story.fedele.database.reader
    member = await find_member(reader, member_id)
    assert member is not None
    assert (member.display_name, member.locale, member.home_store) == ("Nora", "it", "store-367")
    assert {purpose for purpose, _ in granted(await list_consents(reader, member_id))} == {
        Purpose.MARKETING, Purpose.PERSONALIZATION,
    }  # fmt: skip


async def test_a_number_joins_as_well(visitor: Visitor) -> None:
    """A number as people of the country write it."""
    await visitor.fill("(614) 555-0136")
    assert (await visitor.confirm(visitor.code("+16145550136"))).status_code == 303
    assert len(await visitor.members()) == 1


async def test_a_wrong_code_joins_nobody_and_the_right_one_still_does(visitor: Visitor) -> None:
    """422 in the reader's language; nothing was written; the next try counts."""
    await visitor.fill(consent=["marketing"])
    right = visitor.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    refused = await visitor.confirm(wrong)
    assert refused.status_code == 422
    assert "Il codice non è giusto" in refused.text
    assert 'role="alert"' in refused.text
    assert await visitor.members() == []
    assert (await visitor.get("/card")).headers["location"].startswith(f"{PAGE}?"), "no card without the code"
    assert (await visitor.confirm(right)).status_code == 303


async def test_a_code_may_be_typed_in_arabic_digits_and_groups(visitor: Visitor) -> None:
    """Phones with Arabic keyboards type ٠١٢."""
    await visitor.fill()
    typed = visitor.code().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert (await visitor.confirm(f"{typed[:3]} {typed[3:]}")).status_code == 303


async def test_an_expired_code_is_refused_and_a_new_one_works(visitor: Visitor) -> None:
    """Eleven minutes later."""
    await visitor.fill()
    old = visitor.code()
    visitor.story.turn(minutes=11)
    assert (await visitor.confirm(old)).status_code == 422
    assert await visitor.members() == []
    await visitor.join()
    assert len(await visitor.members()) == 1


async def test_the_code_sent_twice_says_twice_that_it_is_done(visitor: Visitor) -> None:
    """A double click: one member, one line of history, no error. Once the code has run out it is nobody's any more."""
    await visitor.fill(consent=["personalization"])
    code = visitor.code()
    token = token_of(await visitor.get("/code"))
    before = dict(visitor.client.cookies)
    for _ in range(2):
        visitor.client.cookies.clear()
        visitor.client.cookies.update(before)
        answer = await visitor.client.post(f"{PAGE}/code", data={"token": token, "code": code})
        assert answer.headers["location"].startswith(f"{PAGE}/card")
    (member_id,) = await visitor.members()
    assert len(await list_consent_history(visitor.story.fedele.database.reader, member_id)) == 1
    visitor.story.turn(minutes=11)
    assert (await visitor.confirm(code)).status_code == 422


async def test_what_is_no_address_is_said_beside_what_was_typed(visitor: Visitor) -> None:
    """422, the field marked, the name and the ticked box kept, no code sent, markup shown as text."""
    for contact in ("", "nora", "nora@", "12", "<script>@x"):
        answer = await visitor.fill(contact, consent=["marketing"])
        assert answer.status_code == 422, contact
        assert 'aria-invalid="true"' in answer.text
        assert 'value="Nora"' in answer.text
        assert 'value="marketing" checked' in answer.text
        assert "<script>@" not in answer.text
    assert await visitor.story.fedele.database.reader.fetch_value("SELECT count(*) FROM otp_challenge") == 0


async def test_a_name_is_kept_within_bounds(visitor: Visitor) -> None:
    """101 characters are too many."""
    answer = await visitor.fill(name="N" * 101)
    assert answer.status_code == 422
    assert "al massimo 100 caratteri" in answer.text


async def test_an_unknown_code_is_a_page_that_says_so(visitor: Visitor) -> None:
    """404, in the browser's language, for every step and both methods; nothing is written."""
    for step in ("", "/code", "/card"):
        answer = await visitor.client.get(f"/join/nowhere{step}")
        assert answer.status_code == 404
        assert "Questo codice non esiste" in answer.text
    assert (await visitor.client.post("/join/nowhere", data={"contact": MAIL})).status_code == 404
    assert visitor.story.otp.last_code(MAIL) is None


async def test_asking_too_often_says_how_long_to_wait(visitor: Visitor) -> None:
    """The seventh code within an hour: 429 with Retry-After and no code, whatever browser asks; later it works."""
    for _ in range(6):
        assert (await Visitor(visitor.story).fill()).status_code == 303
    last = visitor.code()
    refused = await visitor.fill()
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Troppi tentativi" in refused.text
    assert visitor.code() == last
    visitor.story.turn(hours=1)
    assert (await visitor.fill()).status_code == 303


async def test_guessing_ends_after_five_tries(visitor: Visitor) -> None:
    """The challenge is spent: the right code does not help any more."""
    await visitor.fill()
    right = visitor.code()
    for step in range(1, 6):
        assert (await visitor.confirm(f"{(int(right) + step) % 1_000_000:06d}")).status_code == 422
    assert (await visitor.confirm(right)).status_code == 422
    assert await visitor.members() == []


async def test_a_form_of_another_site_counts_for_nothing(visitor: Visitor) -> None:
    """No token, another browser's token, another Origin: 403, and no code is sent."""
    stolen = token_of(await Visitor(visitor.story).get())
    own = token_of(await visitor.get())
    for sent, headers in (
        ({"contact": MAIL}, {}),
        ({"contact": MAIL, "token": stolen}, {}),
        ({"contact": MAIL, "token": own}, {"origin": "https://evil.example"}),
        ({"contact": MAIL, "token": own}, {"origin": "null"}),
        ({"contact": MAIL, "token": own, "name": "N" * 9000}, {}),
    ):
        answer = await visitor.client.post(PAGE, data=sent, headers=headers)
        assert answer.status_code == 403, sent
    assert visitor.story.otp.last_code(MAIL) is None
    own_origin = {"origin": "https://fedele.test"}
    assert (
        await visitor.client.post(PAGE, data={"contact": MAIL, "token": own}, headers=own_origin)
    ).status_code == 303


async def test_a_changed_or_old_cookie_is_as_good_as_none(visitor: Visitor) -> None:
    """Every later step leads back to the first page."""
    await visitor.fill()
    sealed = visitor.client.cookies["fedele_join"]
    visitor.client.cookies.clear()
    flipped = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for text in (flipped, "nonsense", "é", ""):
        answer = await visitor.client.get(f"{PAGE}/code", headers={"cookie": f"fedele_join={text}".encode()})
        assert answer.headers["location"] == f"{PAGE}?lang=it"
    visitor.story.turn(seconds=SECONDS)
    answer = await visitor.client.get(f"{PAGE}/code", headers={"cookie": f"fedele_join={sealed}"})
    assert answer.headers["location"] == f"{PAGE}?lang=it"


async def test_the_next_at_a_shared_tablet_sees_no_card(visitor: Visitor) -> None:
    """Beginning anew forgets who was there before; until then the card may be opened again."""
    await visitor.join()
    assert (await visitor.get("/card")).status_code == 200
    fresh = await visitor.get()
    assert MAIL not in fresh.text
    for step in ("/card", "/code"):
        assert (await visitor.get(step)).status_code == 303, step


async def test_the_cookie_shows_nothing_and_no_script_reads_it(visitor: Visitor) -> None:
    """Sealed, HttpOnly, Secure, for these pages only."""
    answer = await visitor.fill()
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/join/"))
    assert MAIL not in cookie


async def test_closed_enrolment_sends_strangers_nothing(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page looks the same, so that it tells nobody who is a member; no code goes out."""

    async def closed(_moment: object) -> bool:
        return False

    monkeypatch.setattr(type(visitor.story.fedele.login), "_may_enrol", lambda _self, moment: closed(moment))
    assert (await visitor.fill()).status_code == 303
    assert visitor.story.otp.last_code(MAIL) is None


async def test_each_language_is_spoken(story: Story) -> None:
    """By Accept-Language; the programme's own where ours speaks none of theirs."""
    for language, locale, direction, words in (
        ("en-GB", "en", "ltr", "Send me a code"),
        ("it", "it", "ltr", "Mandami il codice"),
        ("ru", "ru", "ltr", "Пришлите мне код"),
        ("ar-EG", "ar", "rtl", "أرسلوا إليّ الرمز"),
        ("sv", "en", "ltr", "Send me a code"),
    ):
        page = await Visitor(story, language).get()
        assert f'<html lang="{locale}" dir="{direction}">' in page.text
        assert words in page.text
        assert "<style" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_address_overrules_the_browser(visitor: Visitor) -> None:
    """A link to another language, as the page offers."""
    page = await visitor.client.get(f"{PAGE}?lang=ar")
    assert '<html lang="ar" dir="rtl">' in page.text
    assert f'href="{PAGE}?lang=it"' in page.text


async def test_google_is_offered_only_where_it_is_configured(visitor: Visitor) -> None:
    """This deployment has no issuer."""
    page = await visitor.join()
    assert "wallet/google" not in page.text


async def test_what_the_pages_load_is_there(visitor: Visitor) -> None:
    """Style, script and the brand's colours, from this site."""
    page = await visitor.get()
    loaded = re.findall(r'(?:src|href)="(/(?:assets|join-brand)[^"]+)"', page.text)
    assert len(loaded) == 3
    for path in loaded:
        assert (await visitor.client.get(path)).status_code == 200
    brand = await visitor.client.get("/join-brand.css")
    assert "--brand: #0B5D3B" in brand.text
    cached = await visitor.client.get("/join-brand.css", headers={"if-none-match": brand.headers["etag"]})
    assert cached.status_code == 304


async def test_nothing_personal_is_left_in_stored_responses(visitor: Visitor) -> None:
    """The outbox says that somebody joined, not who."""
    await visitor.join(consent=["marketing"])
    rows = await visitor.story.fedele.database.reader.fetch("SELECT * FROM outbox")
    assert rows
    assert MAIL not in orjson.dumps([dict(row) for row in rows], default=str).decode()
