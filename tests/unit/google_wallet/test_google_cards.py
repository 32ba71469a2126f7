"""Google Wallet: save links that are short and signed, and payloads in Google's shape."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.google_wallet.payloads import as_json, loyalty_class, loyalty_object
from fedele.adapters.google_wallet.save_links import LENGTH_MAX, SAVE_URL, CredentialsError, GoogleSaveLinks
from tests.factories.wallet import card_state

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ISSUER = "3388000000012345678"
KEY = rsa.generate_private_key(65537, 2048)


def account(key: Any = KEY) -> str:
    """A service account's JSON with our own key and a long name."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    email = f"{'loyalty-wallet-issuer-' * 2}@{'a-long-project-name-' * 2}.iam.gserviceaccount.com"
    return json.dumps({"type": "service_account", "client_email": email, "private_key": pem})


@pytest.fixture
def links() -> GoogleSaveLinks:
    """Links of a configured deployment."""
    return GoogleSaveLinks(account(), ISSUER, "https://loyalty.example/path")


def test_the_link_is_skinny_and_signed(links: GoogleSaveLinks) -> None:
    """RS256 by the service account's key; it names the object and nothing more; short enough for every messenger."""
    link = links.url(card_state().serial, NOON)
    assert link.startswith(SAVE_URL)
    assert len(link) <= LENGTH_MAX
    token = link.removeprefix(SAVE_URL)
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    claims = jwt.decode(token, KEY.public_key(), algorithms=["RS256"], audience="google", options={"verify_iat": False})
    assert claims["typ"] == "savetowallet"
    assert claims["iss"] == json.loads(account())["client_email"]
    assert claims["origins"] == ["https://loyalty.example"]
    assert claims["payload"] == {"loyaltyObjects": [{"id": f"{ISSUER}.{card_state().serial}"}]}
    with pytest.raises(jwt.InvalidSignatureError):
        stranger = rsa.generate_private_key(65537, 2048).public_key()
        jwt.decode(token, stranger, algorithms=["RS256"], audience="google")


def test_the_link_is_the_same_all_day(links: GoogleSaveLinks) -> None:
    """A cached answer holds the link that any process would give that day; it was issued before now."""
    serial = card_state().serial
    other = GoogleSaveLinks(account(), ISSUER, "https://loyalty.example")
    assert links.url(serial, NOON) == other.url(serial, NOON + timedelta(hours=11))
    assert links.url(serial, NOON) != links.url(serial, NOON + timedelta(hours=13))
    claims = jwt.decode(links.url(serial, NOON).removeprefix(SAVE_URL), options={"verify_signature": False})
    assert claims["iat"] <= NOON.timestamp()


@pytest.mark.parametrize(
    ("credentials", "issuer", "says"),
    [
        ("not json", ISSUER, "not the JSON key of a service account"),
        ("{}", ISSUER, "not the JSON key of a service account"),
        ("[]", ISSUER, "not the JSON key of a service account"),
        ('{"client_email": "a@b", "private_key": "PRIVATE rubbish"}', ISSUER, "not the JSON key of a service account"),
        (account(ec.generate_private_key(ec.SECP256R1())), ISSUER, "not RSA"),
        (account(), "BCR2DN", "FEDELE_GOOGLE_WALLET_ISSUER_ID"),
    ],
)
def test_unusable_credentials_say_what_to_do(credentials: str, issuer: str, says: str) -> None:
    """The message names what is wrong, and never the key."""
    with pytest.raises(CredentialsError, match=says) as caught:
        GoogleSaveLinks(credentials, issuer, "https://loyalty.example")
    assert "PRIVATE" not in str(caught.value)


def test_the_object_says_what_the_card_says(apple_wallet: AppleWallet) -> None:
    """The same state as Apple's card, in Google's shape: code, balance, tier, expiry; screenshots off."""
    made = as_json(loyalty_object(apple_wallet.design, ISSUER, card_state()))
    assert made["id"] == f"{ISSUER}.{card_state().serial}"
    assert made["state"] == "ACTIVE"
    assert made["barcode"] == {
        "type": "QR_CODE",
        "value": card_state().card_code,
        "alternateText": card_state().card_code,
    }
    assert made["loyaltyPoints"]["balance"] == {"string": "12.450"}
    labels = made["loyaltyPoints"]["localizedLabel"]
    assert labels["defaultValue"] == {"language": "en", "value": "Points"}
    assert {"language": "ar", "value": "النقاط"} in labels["translatedValues"]
    assert {module["id"]: module["body"] for module in made["textModulesData"]} == {
        "tier": "Oro",
        "expiring": "1.200 · 31 dic 2026",
    }
    assert made["passConstraints"] == {"screenshotEligibility": "INELIGIBLE"}
    assert made["notifyPreference"] == "NOTIFY_ON_UPDATE"
    assert "locations" not in made


def test_a_voided_object_is_inactive_and_silent(apple_wallet: AppleWallet) -> None:
    """After erasure nothing of the member is sent."""
    made = as_json(loyalty_object(apple_wallet.design, ISSUER, card_state(voided=True)))
    assert made["state"] == "INACTIVE"
    assert not {"barcode", "accountName", "accountId", "loyaltyPoints"} & made.keys()
    assert "Chiara" not in json.dumps(made)


def test_the_class_has_ten_places_at_most(apple_wallet: AppleWallet) -> None:
    """merchantLocations, not the dead `locations`; words in four languages; up for review."""
    places = card_state().places * 2
    logo = "https://loyalty.example/logo.png"
    made = as_json(loyalty_class(apple_wallet.design, ISSUER, "Bottega Verde", logo, "#0b5d3b", places))
    assert made["id"] == f"{ISSUER}.grocer"
    assert len(made["merchantLocations"]) == 10
    assert made["reviewStatus"] == "UNDER_REVIEW"
    assert made["programLogo"] == {"sourceUri": {"uri": logo}}
    (how,) = made["textModulesData"]
    assert {each["language"] for each in how["localizedBody"]["translatedValues"]} == {"it", "ru", "ar"}
