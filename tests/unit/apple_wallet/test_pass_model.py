"""The typed pass.json: what Apple's newest format may hold, and what Wallet would drop without a word."""

from typing import Any

import pytest

from fedele.adapters.apple_wallet import symbols
from fedele.adapters.apple_wallet.assembler import document_problems
from fedele.adapters.apple_wallet.model import PassDocument

QR = {"format": "PKBarcodeFormatQR", "message": "FDL4", "messageEncoding": "iso-8859-1"}


def document(**changes: Any) -> dict[str, Any]:
    """A small generic pass with these keys; None takes one out."""
    small = {
        "formatVersion": 1,
        "passTypeIdentifier": "pass.com.example.card",
        "teamIdentifier": "TEAM000000",
        "serialNumber": "1",
        "organizationName": "Example",
        "description": "A card",
        "generic": {"primaryFields": [{"key": "name", "value": "Ada"}]},
        "barcodes": [QR],
    }
    return {key: each for key, each in (small | changes).items() if each is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "coupon": {"headerFields": [{"key": "a", "value": 5, "numberStyle": "PKNumberStylePercent"}]},
            "generic": None,
        },
        {
            "eventTicket": {
                "secondaryFields": [{"key": "w", "value": "2026-12-01T20:00:00+01:00", "dateStyle": "PKDateStyleShort"}]
            },
            "generic": None,
            "preferredStyleSchemes": ["posterEventTicket", "eventTicket"],
            "semantics": {
                "eventName": "Tasting",
                "eventType": "PKEventTypeSocialGathering",
                "eventStartDate": "2026-12-01T20:00:00+01:00",
                "venueLocation": {"latitude": 45.4, "longitude": 9.2},
                "seats": [{"seatRow": "A", "seatNumber": "7"}],
                "totalPrice": {"amount": "12.50", "currencyCode": "EUR"},
            },
            "venueless": None,
            "directionsInformationURL": "https://example.com/way",
        },
        {
            "posterGeneric": {
                "headerFields": [{"key": "h", "value": "1"}],
                "primaryFields": [{"key": f"p{n}", "value": "1"} for n in range(4)],
                "footerFields": [{"key": "f", "value": "1"}],
            },
            "featuredActions": [
                {"identifier": "benefits", "type": "membershipBenefits", "url": "https://example.com/benefits"},
                {"identifier": "shop", "type": "shop", "url": "https://example.com/"},
            ],
        },
        {"relevantDates": [{"date": "2026-12-24T09:00:00+01:00"}]},
        {"relevantDates": [{"startDate": "2026-12-24T09:00:00Z", "endDate": "2026-12-24T18:00:00Z"}]},
        {"beacons": [{"proximityUUID": "F8F589E9-C07E-58B0-AEDC-3D5BA14FD1CD", "major": 1, "minor": 2}]},
        {"nfc": {"message": "FDL4", "encryptionPublicKey": "MDkwEwYHKoZI", "requiresAuthentication": True}},
        {"userInfo": {"member": {"since": 2024}}, "voided": True, "sharingProhibited": True},
        {"expirationDate": "2026-12-31T23:59:59+01:00", "groupingIdentifier": "family"},
        {"appLaunchURL": "example://card", "associatedStoreIdentifiers": [284910350]},
        {"barcodes": [{**QR, "format": "PKBarcodeFormatEAN13", "message": "5901234123457"}, QR]},
    ],
)
def test_todays_format_is_spoken(changes: dict[str, Any]) -> None:
    """Every style and every key that a card, coupon or ticket may carry, up to iOS 27, is known and written back."""
    asked = document(**changes)
    assert document_problems(asked) == []
    read = PassDocument.model_validate(asked)
    written = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert written.keys() == asked.keys()


FIELD = {"key": "a", "value": "1"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"generic": {"headerFields": [{"key": f"h{n}", "value": "1"} for n in range(4)]}}, "headerFields"),
        ({"generic": {"primaryFields": [FIELD, {"key": "b", "value": "2"}]}}, "primaryFields"),
        ({"generic": {"footerFields": [FIELD]}}, "footerFields"),
        (
            {"storeCard": {"secondaryFields": [{"key": f"s{n}", "value": "1"} for n in range(5)]}, "generic": None},
            "share one row of 4",
        ),
        ({"posterGeneric": {"secondaryFields": [FIELD]}}, "secondaryFields"),
        ({"posterGeneric": {"headerFields": [FIELD, {"key": "b", "value": "2"}]}}, "headerFields"),
        ({"generic": None, "posterGeneric": {"headerFields": [FIELD]}}, "exactly one"),
        ({"barcodes": [QR, {**QR, "format": "PKBarcodeFormatAztec"}]}, "never seen; put it last"),
        ({"barcodes": [{**QR, "format": "PKBarcodeFormatCodabar", "message": "123"}]}, "needs iOS 27"),
        ({"barcodes": [{**QR, "format": "PKBarcodeFormatEAN13", "message": "5901234123450"}, QR]}, "must be 7"),
        ({"barcodes": [{**QR, "format": "PKBarcodeFormatEAN13", "message": "123"}, QR]}, "thirteen digits"),
        ({"barcodes": [{**QR, "format": "PKBarcodeFormatI2of5", "message": "123"}, QR]}, "even number of digits"),
        ({"barcodes": [{**QR, "format": "PKBarcodeFormatCode39", "message": "abc"}, QR]}, "capital letters"),
        ({"barcodes": [{**QR, "message": "карта"}]}, "iso-8859-1 cannot say 'к'"),
        ({"featuredActions": [{"identifier": "a", "type": "shop", "url": "https://e.example"}] * 2}, "must differ"),
        (
            {"featuredActions": [{"identifier": str(n), "type": "s", "url": "https://e"} for n in range(3)]},
            "featuredActions",
        ),
        ({"relevantDates": [{}]}, "is a date, or a startDate"),
        ({"relevantDates": [{"startDate": "2026-12-24T09:00:00Z"}]}, "is a date, or a startDate"),
        (
            {"relevantDates": [{"startDate": "2026-12-24T09:00:00Z", "endDate": "2026-12-24T08:00:00Z"}]},
            "endDate must come after",
        ),
        ({"expirationDate": "2026-12-31T23:59:59"}, "expirationDate"),
        ({"nfc": {"message": "x" * 65, "encryptionPublicKey": "M"}}, "nfc.message"),
        ({"beacons": [{"proximityUUID": "u", "major": 70000}]}, "beacons.0.major"),
        ({"semantics": {"totalPrice": {"amount": "a lot", "currencyCode": "EUR"}}}, "semantics.totalPrice.amount"),
        ({"semantics": {"eventType": "party"}}, "semantics.eventType"),
        ({"maxDistance": 0}, "maxDistance"),
    ],
)
def test_what_wallet_drops_in_silence_is_refused(changes: dict[str, Any], says: str) -> None:
    """Each rule, named by its key: on the phone the pass would fail, or lose the field, without a word."""
    problems = document_problems(document(**changes))
    assert any(says in problem for problem in problems), problems


def test_check_digits_are_gs1s() -> None:
    """The examples of GS1's own documents."""
    assert symbols.check_digit("590123412345") == "7"
    assert symbols.check_digit("400638133393") == "1"
    assert symbols.check_digit("000000000000") == "0"
