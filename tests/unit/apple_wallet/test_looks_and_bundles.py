"""Looks that follow the member, surroundings that the programme sets, and several passes in one file."""

import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fedele.adapters.apple_wallet import bundles
from fedele.adapters.apple_wallet.assembler import AppleWallet, AppleWallets, document_problems
from fedele.adapters.apple_wallet.bundles import BundleTooLarge, bundle_of
from fedele.domains.wallet.types import CardBalance, CardBeacon, CardNfc, CardSpan, CardState
from tests.factories.wallet import SIGNED_AT, card_state


def stamped(count: int | str) -> CardState:
    """A card with so many stamps."""
    return card_state(balances=(CardBalance(currency="stamps", name="timbri", available=Decimal(count)),))


def files(wallet: AppleWallet, card: CardState) -> dict[str, bytes]:
    """The signed pass, unpacked."""
    with zipfile.ZipFile(io.BytesIO(wallet.sign(card, SIGNED_AT))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("count", "look"), [("0", ""), ("0.9", ""), ("1", "1"), ("7", "7"), ("7.5", "7"), ("10", "10"), ("312", "10")]
)
def test_a_balance_has_the_look_it_has_reached(apple_wallets: AppleWallets, count: str, look: str) -> None:
    """The greatest number that the balance has reached, the last one for good."""
    assert apple_wallets.named("cafe").design.looks.name_for(stamped(count)) == look


@pytest.mark.parametrize(("tier", "look"), [("gold", "gold"), ("silver", "silver"), ("bronze", ""), (None, "")])
def test_a_level_wears_its_look(apple_wallets: AppleWallets, tier: str | None, look: str) -> None:
    """The level's own folder, or the base for a level without one: its colours, and its strip in the pass."""
    wallet = apple_wallets.named("retailer")
    card = card_state(tier_key=tier)
    assert wallet.design.looks.name_for(card) == look
    chosen = wallet.design.looks.of(card)
    unpacked = files(wallet, card)
    assert unpacked["strip@2x.png"] == chosen.files["strip@2x.png"]
    assert json.loads(unpacked["pass.json"])["backgroundColor"] == chosen.template["backgroundColor"]


def test_another_look_is_another_card(apple_wallets: AppleWallets) -> None:
    """Only the picture may differ: the digest tells, and the manifest holds the picture's own hash."""
    wallet = apple_wallets.named("retailer")
    gold, silver = card_state(tier_key="gold"), card_state(tier_key="silver")
    assert wallet.digest(gold) != wallet.digest(silver)
    assert files(wallet, gold)["manifest.json"] != files(wallet, silver)["manifest.json"]


def test_places_beacons_nfc_and_times_are_the_states(apple_wallet: AppleWallet) -> None:
    """What the programme and the moment set is written as Apple wants it, whatever the design."""
    begins, ends = datetime(2026, 12, 24, 9, tzinfo=UTC), datetime(2026, 12, 24, 18, tzinfo=UTC)
    card = card_state(
        beacons=(CardBeacon(proximity_uuid="F8F589E9-C07E-58B0-AEDC-3D5BA14FD1CD", major=7, relevant_text="Welcome"),),
        nfc=CardNfc("MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACxxxx", requires_authentication=True),
        relevant=(CardSpan(starts_at=begins), CardSpan(starts_at=begins, ends_at=ends)),
        expires_at=ends,
    )
    document: dict[str, Any] = json.loads(apple_wallet.content(card))
    assert document_problems(document) == []
    assert document["beacons"] == [
        {"proximityUUID": "F8F589E9-C07E-58B0-AEDC-3D5BA14FD1CD", "major": 7, "relevantText": "Welcome"}
    ]
    assert document["nfc"]["message"] == card.card_code
    assert document["nfc"]["requiresAuthentication"] is True
    assert document["relevantDates"] == [
        {"date": "2026-12-24T09:00:00+00:00"},
        {"startDate": "2026-12-24T09:00:00+00:00", "endDate": "2026-12-24T18:00:00+00:00"},
    ]
    assert document["expirationDate"] == "2026-12-24T18:00:00+00:00"
    assert len(document["locations"]) == 10


def test_news_are_on_the_back_and_notify(apple_wallets: AppleWallets) -> None:
    """A message to the card stands on its back with a change message; without one there is no such field."""
    wallet = apple_wallets.named("cafe")
    said = {
        field["key"]: field
        for field in json.loads(wallet.content(card_state(news="Neu: Zimt")))["storeCard"]["backFields"]
    }
    assert said["news"]["value"] == "Neu: Zimt"
    assert all("%@" in words[said["news"]["changeMessage"]] for words in wallet.design.strings.values())
    silent = json.loads(wallet.content(card_state()))["storeCard"]["backFields"]
    assert "news" not in {field["key"] for field in silent}


def test_a_bundle_holds_passes_as_they_were_signed(apple_wallets: AppleWallets) -> None:
    """Each pass in the bundle is the very file, under its serial number, in the order given."""
    passes = {
        f"serial-{design}": apple_wallets.named(design).sign(card_state(), SIGNED_AT) for design in ("grocer", "cafe")
    }
    whole = bundle_of(passes)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["serial-grocer.pkpass", "serial-cafe.pkpass"]
        assert {name.removesuffix(".pkpass"): archive.read(name) for name in archive.namelist()} == passes
    assert bundle_of(passes) == whole


def test_a_bundle_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven passes, none, or too many bytes: refused, since a phone would refuse them."""
    with pytest.raises(BundleTooLarge, match="1 to 10 passes, not 11"):
        bundle_of({str(number): b"pass" for number in range(11)})
    with pytest.raises(BundleTooLarge, match="not 0"):
        bundle_of({})
    monkeypatch.setattr(bundles, "BYTES_MAX", 1000)
    with pytest.raises(BundleTooLarge):
        bundle_of({"one": bytes(1000)})
