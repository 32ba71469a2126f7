"""What pass.json says for a member: a pure function of design and state, checked by the typed model."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import segno
import zxingcpp
from babel import Locale
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fedele.adapters.apple_wallet.assembler import AppleWallet, document_problems
from fedele.adapters.apple_wallet.figures import figures
from fedele.adapters.apple_wallet.model import PassDocument
from fedele.domains.wallet.types import CardBalance, CardState
from tests.factories.wallet import card_state


def content(wallet: AppleWallet, card: CardState) -> dict[str, Any]:
    """pass.json, read back."""
    document: dict[str, Any] = json.loads(wallet.content(card))
    return document


def fields(document: dict[str, Any]) -> dict[str, Any]:
    """Every field of the card by its key."""
    return {field["key"]: field for group in document["storeCard"].values() for field in group}


def test_a_full_card_says_everything(apple_wallet: AppleWallet) -> None:
    """Balance, tier, name and expiry stand on the card, written as Italian writes them."""
    document = content(apple_wallet, card_state())
    said = {key: field["value"] for key, field in fields(document).items()}
    assert said["balance"] == "12.450"
    assert said["tier"] == "Oro"
    assert said["member"] == "Chiara Bianchi"
    assert said["expiring"] == "1.200 · 31 dic 2026"
    assert said["since"] == "marzo 2024"
    assert document["organizationName"] == "Bottega Verde"
    assert document_problems(document) == []


def test_identity_comes_from_the_certificate(apple_wallet: AppleWallet) -> None:
    """Pass type and team are those of the certificate that signs; service and token are there for updates."""
    document = content(apple_wallet, card_state())
    assert document["passTypeIdentifier"] == apple_wallet.identity.pass_type_identifier
    assert document["teamIdentifier"] == apple_wallet.identity.team_identifier
    assert document["serialNumber"] == card_state().serial
    assert document["webServiceURL"] == "https://loyalty.example/wallet/apple"
    assert document["authenticationToken"] == card_state().authentication_token


def test_a_balance_of_nothing_is_shown(apple_wallet: AppleWallet) -> None:
    """Zero points are the text "0": as a number, 0 vanishes in a reader."""
    broke = card_state(balances=(CardBalance(currency="points", name="punti", available=Decimal(0)),))
    assert fields(content(apple_wallet, broke))["balance"]["value"] == "0"


def test_what_a_member_lacks_is_left_out(apple_wallet: AppleWallet) -> None:
    """No tier, no expiry, no name: those fields are absent, and the card is still a valid one."""
    document = content(apple_wallet, card_state(tier_name=None, next_tier_name=None, expiry=None, display_name=None))
    assert {"tier", "next_tier", "expiring", "expiring_back", "member"} & fields(document).keys() == set()
    assert "balance" in fields(document)
    assert document_problems(document) == []


def test_a_voided_card_says_nothing_of_the_member(apple_wallet: AppleWallet) -> None:
    """After erasure the card is void and has no code, name or balance."""
    void = CardState(
        member_id=card_state().member_id,
        serial=card_state().serial,
        authentication_token=card_state().authentication_token,
        card_code=None,
        display_name=None,
        locale="en",
        programme_name="Bottega Verde",
        voided=True,
    )
    document = content(apple_wallet, void)
    assert document["voided"] is True
    assert document["barcodes"] == []
    assert {"balance", "member", "code", "tier"} & fields(document).keys() == set()


def test_locations_are_ten_at_most_and_distance_is_a_number(apple_wallet: AppleWallet) -> None:
    """Wallet reads ten places; an eleventh is cut, and maxDistance is a JSON number."""
    many = card_state(places=card_state().places * 2)
    document = content(apple_wallet, many)
    assert len(document["locations"]) == 10
    assert type(document["maxDistance"]) in (int, float)
    assert document["locations"][0] == {"latitude": 45.4, "longitude": 9.2, "relevantText": "Via Roma 0"}


def test_every_change_message_says_the_new_value(apple_wallet: AppleWallet) -> None:
    """In all four languages the lock screen has a %@ for the new value: without it nobody is notified."""
    messages = [
        f["changeMessage"] for f in fields(content(apple_wallet, card_state())).values() if "changeMessage" in f
    ]
    assert sorted(messages) == ["change.balance", "change.tier"]
    for language in ("en", "it", "ru", "ar"):
        assert all("%@" in apple_wallet.design.strings[language][message] for message in messages), language


def test_every_label_and_text_is_translated(apple_wallet: AppleWallet) -> None:
    """No language shows a bare key."""
    document = content(apple_wallet, card_state())
    used = {field["label"] for field in fields(document).values()}
    used |= {field["value"] for field in fields(document).values() if field["value"].startswith("text.")}
    for language in ("en", "it", "ru", "ar"):
        assert used <= apple_wallet.design.strings[language].keys()


def test_content_and_digest_change_with_the_card_only(apple_wallet: AppleWallet) -> None:
    """Equal states, equal digests; another balance, another digest."""
    assert apple_wallet.content(card_state()) == apple_wallet.content(card_state())
    assert apple_wallet.digest(card_state()) == apple_wallet.digest(card_state())
    richer = card_state(balances=(CardBalance(currency="points", name="punti", available=Decimal(12451)),))
    assert apple_wallet.digest(richer) != apple_wallet.digest(card_state())


def test_the_code_is_read_from_the_rendered_barcode(apple_wallet: AppleWallet) -> None:
    """The QR that a phone draws from the pass is read by zxing as the member's card code."""
    (barcode,) = content(apple_wallet, card_state())["barcodes"]
    assert barcode["format"] == "PKBarcodeFormatQR"
    qr = segno.make(barcode["message"].encode(barcode["messageEncoding"]), error="m", micro=False)
    size = qr.symbol_size(scale=4, border=4)
    image = Image.new("L", size, 255)
    for y, row in enumerate(qr.matrix_iter(scale=4, border=4)):
        for x, dark in enumerate(row):
            image.putpixel((x, y), 0 if dark else 255)
    (read,) = zxingcpp.read_barcodes(image)
    assert read.format == zxingcpp.BarcodeFormat.QRCode
    assert read.text == card_state().card_code


@pytest.mark.parametrize("tag", ["en", "it", "ru", "ar", "de-CH", "es", "fr", "hi", "sv", "en-IN"])
@given(amount=st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=2))
def test_figures_are_babels(tag: str, amount: Decimal) -> None:
    """The fast path writes every amount exactly as Babel does, whole ones and others."""
    locale = Locale.parse(tag, sep="-")
    for each in (amount, Decimal(int(amount))):
        assert figures(tag).amount(each) == format_decimal(each, locale=locale, decimal_quantization=False)


def test_an_unknown_language_falls_back() -> None:
    """A region that Babel lacks is written as its language, an unknown language as English."""
    assert figures("it-XX").amount(Decimal(1000)) == "1.000"
    assert figures("tlh").amount(Decimal(1000)) == "1,000"
    assert figures("ru").day(date(2026, 3, 1), "LLLL y") == "март 2026"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"maxDistance": "500"}, "maxDistance"),
        ({"locations": [{"latitude": 1, "longitude": 1}] * 11}, "locations"),
        ({"backgroundColor": "#0b5d3b"}, "backgroundColor"),
        ({"webServiceURL": "https://loyalty.example/"}, "trailing slash"),
        ({"authenticationToken": "short"}, "authenticationToken"),
        ({"authenticationToken": None}, "come together"),
        ({"coupon": {}}, "exactly one"),
        ({"colour": "red"}, "colour"),
        ({"passTypeIdentifier": "com.example"}, "passTypeIdentifier"),
    ],
)
def test_the_model_refuses_what_wallet_refuses(apple_wallet: AppleWallet, change: dict[str, Any], says: str) -> None:
    """Each rule of Apple's is named by its key when it is broken."""
    document = content(apple_wallet, card_state()) | change
    assert any(says in problem for problem in document_problems(document)), document_problems(document)


def test_a_change_message_without_the_value_is_refused(apple_wallet: AppleWallet) -> None:
    """A sentence without %@ in pass.json itself is a mistake too."""
    document = content(apple_wallet, card_state())
    document["storeCard"]["primaryFields"][0]["changeMessage"] = "Your points changed"
    assert any("%@" in problem for problem in document_problems(document))


def test_the_model_reads_back_what_it_checks(apple_wallet: AppleWallet) -> None:
    """The typed document holds the card: style, fields, colours."""
    document = PassDocument.model_validate_json(apple_wallet.content(card_state()))
    assert document.background_color == "rgb(11, 93, 59)"
    assert [field.key for field in document.fields.primary_fields] == ["balance"]
