"""PassAssembler's contract, run against our assembler and against py-pkpass: every design in every language."""

import asyncio
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fedele.adapters.apple_wallet.assembler import AppleWallets, document_problems
from fedele.adapters.apple_wallet.development import root_certificate
from fedele.adapters.apple_wallet.opening import open_assembler
from fedele.adapters.py_pkpass.assembler import ALWAYS_SAYS
from fedele.adapters.wallet_preview.samples import sample_card
from fedele.domains.wallet.ports import PassAssembler
from fedele.domains.wallet.types import CardBalance, CardState
from tests.factories.wallet import DESIGNS, LANGUAGES, SIGNED_AT, card_state
from tests.fixtures.openssl import openssl_verify, unpack

EACH_DESIGN = [(design, language) for design in DESIGNS for language in LANGUAGES]


@pytest.fixture(params=["fedele", "py-pkpass"])
def assembler(request: pytest.FixtureRequest, apple_wallets: AppleWallets) -> PassAssembler:
    """What `FEDELE_PASS_ASSEMBLER` chooses."""
    return open_assembler(apple_wallets, request.param)


def assembled(assembler: PassAssembler, card: CardState) -> bytes:
    """The signed pass."""
    return asyncio.run(assembler.assemble(card, SIGNED_AT))


@pytest.mark.parametrize(("design", "language"), EACH_DESIGN)
def test_every_pass_is_whole_and_verifies(
    assembler: PassAssembler,
    apple_wallets: AppleWallets,
    identity_folder: Path,
    tmp_path: Path,
    design: str,
    language: str,
) -> None:
    """The zip is sound, the manifest names every file by its hash, and OpenSSL follows the signature to the root."""
    card = sample_card(apple_wallets.named(design).design, language)
    content = assembled(assembler, card)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
    folder = unpack(content, tmp_path)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(files.pop("manifest.json"))
    del files["signature"]
    assert manifest == {name: hashlib.sha1(each).hexdigest() for name, each in files.items()}
    assert {f"{language}.lproj/pass.strings", "icon@3x.png", "pass.json"} <= files.keys()
    document = {key: each for key, each in json.loads(files["pass.json"]).items() if key not in ALWAYS_SAYS}
    assert document_problems(document) == []
    answer = openssl_verify(folder, root_certificate(identity_folder))
    assert answer.returncode == 0, answer.stderr


def test_a_tampered_manifest_is_refused(assembler: PassAssembler, identity_folder: Path, tmp_path: Path) -> None:
    """The judge above does refuse: one letter more in the manifest, and OpenSSL says no."""
    folder = unpack(assembled(assembler, card_state()), tmp_path)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("a", "b", 1))
    assert openssl_verify(folder, root_certificate(identity_folder)).returncode != 0


def test_equal_cards_have_equal_digests(assembler: PassAssembler) -> None:
    """What tells that a card would read differently now: the same state, the same digest; another, another."""
    richer = card_state(balances=(CardBalance(currency="points", name="punti", available=Decimal(12451)),))
    assert assembler.digest(card_state()) == assembler.digest(card_state())
    assert assembler.digest(card_state()) != assembler.digest(richer)
    assert assembler.digest(card_state()) != assembler.digest(card_state(voided=True))


def test_the_cards_code_and_balance_are_in_the_pass(assembler: PassAssembler, tmp_path: Path) -> None:
    """Whoever assembles: what the till scans and what the member sees are the state's."""
    folder = unpack(assembled(assembler, card_state()), tmp_path)
    document = json.loads((folder / "pass.json").read_text())
    assert document["barcodes"][-1]["message"] == card_state().card_code
    assert document["storeCard"]["primaryFields"][0]["value"] == "12.450"
    assert document["serialNumber"] == card_state().serial
    assert len(document["locations"]) == 10


def test_a_voided_card_is_void(assembler: PassAssembler, tmp_path: Path) -> None:
    """A card that no longer holds says so, and has no code."""
    void = card_state(voided=True, card_code=None, display_name=None, balances=(), tier_name=None, expiry=None)
    document = json.loads((unpack(assembled(assembler, void), tmp_path) / "pass.json").read_text())
    assert document["voided"] is True
    assert not document.get("barcodes")


def test_the_two_are_told_apart(apple_wallets: AppleWallets) -> None:
    """Their files differ in bytes, so a phone that holds one's is not told "not modified" about the other's."""
    ours, theirs = (open_assembler(apple_wallets, name) for name in ("fedele", "py-pkpass"))
    assert ours.design_version != theirs.design_version
    assert ours.digest(card_state()) == theirs.digest(card_state())  # and yet switching changes no card


def test_only_ours_takes_the_signing_time(apple_wallets: AppleWallets) -> None:
    """Ours is the same file for the same state and time, and another for another time."""
    first = assembled(apple_wallets, card_state())
    assert assembled(apple_wallets, card_state()) == first
    later = asyncio.run(apple_wallets.assemble(card_state(), SIGNED_AT + timedelta(seconds=1)))
    assert later != first
