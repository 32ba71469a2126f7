"""Cards at Google: our client against a server made from Google's own discovery document, and signed callbacks."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretBytes

from fedele.adapters.apple_wallet.design import load_design
from fedele.adapters.google_wallet.callbacks import CallbackInvalid, Callbacks, verify
from fedele.adapters.google_wallet.opening import GoogleSide, open_google
from fedele.adapters.google_wallet.save_links import CredentialsError
from fedele.adapters.wallet_preview.samples import sample_card
from fedele.domains.members.types import RotatingSecret
from fedele.domains.wallet.ports import GoogleBusy, GoogleMessage, GoogleRefused
from fedele.domains.wallet.types import CardState, PassSubject
from fedele.kernel.ids import new_id
from tests.factories.wallet import DESIGNS, LANGUAGES, PASSES, card_state
from tests.fakes.google_wallet import ISSUER, KINDS, LocalGoogleWallet, error, faults_of, paths_in_document
from tests.fixtures.served import serve

NOW = 1_795_000_000_000
ROTATING = RotatingSecret("FDG1ABCDEFGHJKMN{totp_value_0}", SecretBytes(b"twenty bytes of secret"), 30, 8)


@pytest.fixture(scope="module")
def google() -> LocalGoogleWallet:
    """Google, for the file."""
    return LocalGoogleWallet()


@pytest.fixture(scope="module")
def url(google: LocalGoogleWallet) -> Iterator[str]:
    """Where it is served."""
    with serve(google.app()) as served:
        yield served


@pytest.fixture
async def side(google: LocalGoogleWallet, url: str) -> AsyncIterator[GoogleSide]:
    """Our side of it, with nothing written yet."""
    google.held.clear()
    google.asked.clear()
    google.written.clear()
    google.next.clear()
    google.messages.clear()
    google.verdicts.clear()
    async with httpx.AsyncClient() as client:
        yield open_google(google.account(url), ISSUER, "https://loyalty.example", client, url)


def held(google: LocalGoogleWallet) -> dict[str, Any]:
    """The one loyalty object there is."""
    (one,) = google.held["loyaltyObject"].values()
    return one


@pytest.mark.parametrize("design", [name for name in DESIGNS if "-" not in name])
async def test_every_design_is_taken_in_every_language(
    side: GoogleSide, google: LocalGoogleWallet, design: str
) -> None:
    """Class and object hold to the discovery document; the class is written once for all its cards."""
    for locale in LANGUAGES:
        await side.cards.write(card_state(design=design, locale=locale), ROTATING, notify=False)
    assert google.asked.count(("POST", "loyaltyClass")) == 1
    assert [one["id"] for one in google.held["loyaltyClass"].values()] == [f"{ISSUER}.{design}"]
    assert held(google)["loyaltyPoints"]["balance"]["string"]


FURTHER = [name for name in DESIGNS if "-" in name]


def further(design: str, locale: str = "it", **changes: Any) -> CardState:
    """A reward's or a ticket's pass, as the sample of its design."""
    card = sample_card(load_design(PASSES / design), locale)
    return dataclasses.replace(card, subject_key="five-off", **changes)


@pytest.mark.parametrize("design", FURTHER)
async def test_rewards_and_tickets_are_taken_in_every_language(
    side: GoogleSide, google: LocalGoogleWallet, design: str
) -> None:
    """Offers and event tickets hold to the discovery document: class, then object, with the code and its end."""
    kind = "eventTicket" if design.endswith("ticket") else "offer"
    for locale in LANGUAGES:
        card = further(design, locale)
        await side.cards.write(card, None, notify=False)
        [one] = google.held[f"{kind}Object"].values()
        assert one["state"] == "ACTIVE"
        assert one["classId"] == f"{ISSUER}.{design}.five-off"
        assert one["barcode"]["value"] == card.card_code
        assert datetime.fromisoformat(one["validTimeInterval"]["end"]["date"]) == card.expires_at
    assert google.held["loyaltyClass"] == {}
    [made] = google.held[f"{kind}Class"].values()
    assert made["reviewStatus"] == "UNDER_REVIEW"
    words = made["eventName"] if kind == "eventTicket" else made["localizedTitle"]
    assert words["defaultValue"]["value"]


@pytest.mark.parametrize("design", ["grocer-coupon", "grocer-ticket"])
@pytest.mark.parametrize(("ended", "state"), [("used", "COMPLETED"), ("expired", "EXPIRED"), ("withdrawn", "INACTIVE")])
async def test_what_is_over_says_so_and_has_no_code(
    side: GoogleSide, google: LocalGoogleWallet, design: str, ended: Any, state: str
) -> None:
    """Google moves it away from the live passes; of an erased member, even without words, no new class is written."""
    await side.cards.write(further(design), None, notify=False)
    kind = "eventTicket" if design.endswith("ticket") else "offer"
    google.asked.clear()
    bare = {"voucher": None, "ticket": None, "display_name": None} if ended == "withdrawn" else {}
    await side.cards.write(further(design, voided=True, ended=ended, **bare), None, notify=False)
    [one] = google.held[f"{kind}Object"].values()
    assert one["state"] == state
    assert {"barcode", "ticketHolderName", "validTimeInterval"}.isdisjoint(one)
    assert ("PUT", f"{kind}Class") not in google.asked


async def test_a_rewards_new_words_reach_its_class(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """The class is written again when the programme changed the reward, and not for every holder."""
    for number in range(3):
        await side.cards.write(further("grocer-coupon", display_name=f"Member {number}"), None, notify=False)
    assert [asked for asked in google.asked if asked[1] == "offerClass"] == [
        ("PUT", "offerClass"),
        ("POST", "offerClass"),
    ]
    voucher = further("grocer-coupon").voucher
    assert voucher is not None
    renamed = dataclasses.replace(voucher, name="Nuovo", names=(("it", "Nuovo"), ("en", "New")))
    await side.cards.write(further("grocer-coupon", voucher=renamed), None, notify=False)
    [made] = google.held["offerClass"].values()
    assert made["title"] == "New"
    assert made["localizedTitle"]["translatedValues"] == [{"language": "it", "value": "Nuovo"}]


async def test_the_card_names_the_passes_beside_it(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """Linked offers exist before they are named: Google refuses those that do not. Tickets are linked objects."""
    member = card_state().member_id
    offer, seat = (PassSubject(kind, member, new_id()).serial for kind in ("reward", "ticket"))
    with pytest.raises(GoogleRefused, match="not found"):
        await side.cards.write(card_state(linked=(offer, seat)), None, notify=False)
    await side.cards.write(further("grocer-coupon", serial=offer), None, notify=False)
    await side.cards.write(card_state(linked=(offer, seat)), None, notify=False)
    assert held(google)["linkedOfferIds"] == [f"{ISSUER}.{offer}"]
    assert held(google)["linkedObjectIds"] == [f"{ISSUER}.{seat}"]
    assert len(held(google)["merchantLocations"]) == 10


async def test_a_message_is_added_and_stays(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """addMessage announces it; a later writing keeps it on the card, in silence."""
    message = GoogleMessage("m-1", "Open late", "Until ten tonight.")
    await side.cards.write(card_state(), None, notify=False)
    await side.cards.add_message(card_state(), message, notify=True)
    await side.cards.write(card_state(), None, notify=False, message=message)
    one = f"{ISSUER}.{card_state().serial}"
    said = {"id": "m-1", "header": "Open late", "body": "Until ten tonight."}
    assert google.messages == [(one, {**said, "messageType": "TEXT_AND_NOTIFY"})]
    assert held(google)["messages"] == [{**said, "messageType": "TEXT"}]


@pytest.mark.parametrize(
    ("status", "usable"), [("DRAFT", False), ("rejected", False), ("UNDER_REVIEW", True), ("approved", True)]
)
async def test_a_class_that_google_rejected_is_not_used(
    side: GoogleSide, google: LocalGoogleWallet, status: str, usable: bool
) -> None:
    """No object is written under a draft or a rejected class; the reviewer's words and the remedy are told."""
    name = f"{ISSUER}.grocer"
    google.verdicts[name] = {"reviewStatus": status, "review": {"comments": "The logo is blurred."}}
    if usable:
        await side.cards.write(card_state(), None, notify=False)
        assert len(google.written) == 1
    else:
        with pytest.raises(GoogleRefused, match="The logo is blurred"):
            await side.cards.write(card_state(), None, notify=False)
        assert google.written == []
    review = await side.cards.review("card", "grocer")
    assert review is not None
    assert (review.usable, review.approved) == (usable, status == "approved")
    assert await side.cards.review("card", "cafe") is None


async def test_a_card_is_inserted_then_replaced_whole(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """PUT, and POST where there is none; what a voided card no longer says is gone at Google too."""
    await side.cards.write(card_state(), None, notify=False)
    assert held(google)["accountName"] == "Chiara Bianchi"
    google.asked.clear()
    await side.cards.write(card_state(voided=True), ROTATING, notify=False)
    assert google.asked == [("PUT", "loyaltyObject")]
    assert held(google)["state"] == "INACTIVE"
    assert {"accountName", "barcode", "rotatingBarcode", "loyaltyPoints"}.isdisjoint(held(google))


async def test_the_rotating_code_takes_the_printed_ones_place(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """Google makes the code by itself every thirty seconds; screenshots of it are worth nothing for long."""
    await side.cards.write(card_state(), ROTATING, notify=False)
    assert "barcode" not in held(google)
    assert held(google)["rotatingBarcode"] == {
        "type": "QR_CODE",
        "valuePattern": ROTATING.pattern,
        "totpDetails": {
            "algorithm": "TOTP_SHA1",
            "periodMillis": "30000",
            "parameters": [{"key": ROTATING.secret.get_secret_value().hex(), "valueLength": 8}],
        },
    }
    await side.cards.write(card_state(), None, notify=False)
    assert held(google)["barcode"]["value"] == "FDL4-7Q2M-9XKD"


async def test_a_change_is_announced_only_when_asked(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """Google forgets the preference after each request, so that it is sent with each."""
    await side.cards.write(card_state(), None, notify=True)
    await side.cards.write(card_state(), None, notify=False)
    assert [one.get("notifyPreference") for one in google.written] == ["NOTIFY_ON_UPDATE", None]


async def test_an_old_token_is_replaced_once(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """401 with a token that was good until now: a new one is asked for, and the card is written."""
    await side.cards.write(card_state(), None, notify=False)
    google.tokens += 1  # Google forgets the token it gave
    await side.cards.write(card_state(), None, notify=False)
    assert len(google.written) == 2


@pytest.mark.parametrize(
    ("answer", "seconds"), [(error(429, "17"), 17), (error(503), 30), (error(429), 30), (error(500), 30)]
)
async def test_google_asks_to_wait(side: GoogleSide, google: LocalGoogleWallet, answer: Any, seconds: int) -> None:
    """Too many requests, or a fault of theirs: nothing is written, and the wait is handed up."""
    google.next.append(answer)
    with pytest.raises(GoogleBusy) as busy:
        await side.cards.write(card_state(), None, notify=False)
    assert busy.value.retry_after_seconds == seconds
    assert google.written == []


async def test_a_refusal_is_told_in_googles_words(side: GoogleSide, google: LocalGoogleWallet) -> None:
    """403 and the like will not go away by trying again."""
    google.next.append(error(403))
    with pytest.raises(GoogleRefused, match="Google answers 403: later"):
        await side.cards.write(card_state(), None, notify=False)


async def test_nobody_there_is_a_wait(google: LocalGoogleWallet, url: str) -> None:
    """Connection refused."""
    async with httpx.AsyncClient() as client:
        side = open_google(google.account(url), ISSUER, "https://loyalty.example", client, "http://127.0.0.1:9")
        with pytest.raises(GoogleBusy):
            await side.cards.write(card_state(), None, notify=False)


def test_the_fakes_shapes_are_googles() -> None:
    """Control: the validator knows Google's fields and values, and our paths are in the document."""
    schema = {"$ref": "LoyaltyObject"}
    assert faults_of({"id": "1.a", "state": "ACTIVE"}, schema) == []
    assert faults_of({"locations": [], "nonsense": 1}, schema) == ["$.nonsense: no such field"]
    assert "none of" in faults_of({"state": "SLEEPING"}, schema)[0]
    assert "no string" in faults_of({"id": 7}, schema)[0]
    assert {f"/walletobjects/v1/{kind}" for kind in KINDS} <= paths_in_document()
    assert {f"/walletobjects/v1/{kind}/{{id}}/addMessage" for kind in KINDS if "Object" in kind} <= paths_in_document()


def test_credentials_that_are_none_are_refused_in_words() -> None:
    """Before anything is sent."""
    with pytest.raises(CredentialsError, match="FEDELE_GOOGLE_WALLET_CREDENTIALS"):
        open_google("{}", ISSUER, "https://loyalty.example", httpx.AsyncClient())


async def test_a_callback_is_believed_with_both_signatures(google: LocalGoogleWallet, url: str) -> None:
    """The keys are fetched once; the message says what happened to which card."""
    async with httpx.AsyncClient() as client:
        callbacks = Callbacks(ISSUER, client, f"{url}/gp/m/issuer/keys")
        heard = await callbacks.read(google.callback("save", f"{ISSUER}.card_1", "n-1", NOW), NOW)
    assert (heard.event, heard.object_id, heard.nonce) == ("save", f"{ISSUER}.card_1", "n-1")


def tampered(body: bytes, **changes: Any) -> bytes:
    """The callback with some of its texts replaced."""
    return orjson.dumps(orjson.loads(body) | changes)


async def test_what_google_did_not_sign_is_refused(google: LocalGoogleWallet, url: str) -> None:
    """Another message, another issuer, another root, an old one, none at all."""
    async with httpx.AsyncClient() as client:
        keys = (await client.get(f"{url}/gp/m/issuer/keys")).json()["keys"]
    good = google.callback("del", f"{ISSUER}.card_1", "n-2", NOW)
    assert verify(good, keys, ISSUER, NOW).event == "del"
    stranger = LocalGoogleWallet()
    message = orjson.loads(good)["signedMessage"].replace("del", "save")
    for body, when in (
        (tampered(good, signedMessage=message), NOW),
        (google.callback("del", f"{ISSUER}.card_1", "n", NOW, issuer="1"), NOW),
        (stranger.callback("del", f"{ISSUER}.card_1", "n", NOW), NOW),
        (good, NOW + 7_200_000),
        (tampered(good, protocolVersion="ECv1"), NOW),
        (b"{}", NOW),
        (b"nonsense", NOW),
    ):
        with pytest.raises(CallbackInvalid):
            verify(body, keys, ISSUER, when)
