"""py-pkpass, the generator the client named, as an oracle: the same pass.json and hashes but for a list."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from py_pkpass.models import Pass

from fedele.adapters.apple_wallet.assembler import AppleWallets
from fedele.adapters.apple_wallet.development import root_certificate
from fedele.adapters.py_pkpass.assembler import ALWAYS_SAYS, CANNOT_SAY, py_pkpass_of
from fedele.adapters.wallet_preview.samples import sample_card
from tests.factories.wallet import DESIGNS, LANGUAGES, SIGNED_AT
from tests.fixtures.openssl import openssl_verify, unpack

EACH = [(design, language, longest) for design in DESIGNS for language in LANGUAGES for longest in (False, True)]


def both(wallets: AppleWallets, design: str, language: str, longest: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """pass.json by ours, and by py-pkpass."""
    wallet = wallets.named(design)
    card = sample_card(wallet.design, language, longest=longest)
    return json.loads(wallet.content(card)), json.loads(py_pkpass_of(wallet, card)._createPassJson())


@pytest.mark.parametrize(("design", "language", "longest"), EACH)
def test_pass_json_is_theirs_but_for_a_list(
    apple_wallets: AppleWallets, design: str, language: str, longest: bool
) -> None:
    """Every key and value is equal, except those that the adapter lists by name."""
    ours, theirs = both(apple_wallets, design, language, longest)
    assert {key: each for key, each in ours.items() if key not in (*CANNOT_SAY, *ALWAYS_SAYS)} == {
        key: each for key, each in theirs.items() if key not in ALWAYS_SAYS
    }
    assert ours.get("suppressStripShine", False) == theirs["suppressStripShine"]
    assert theirs["barcode"] == ours["barcodes"][-1]


def test_the_list_holds_nothing_too_much(apple_wallets: AppleWallets) -> None:
    """py-pkpass really cannot say what the list names: not one of those keys is in what it writes."""
    lost = set()
    for design in DESIGNS:
        ours, theirs = both(apple_wallets, design, "en", longest=False)
        assert not set(CANNOT_SAY) & theirs.keys()
        lost |= ours.keys() - theirs.keys()
    assert lost == {
        "maxDistance",
        "semantics",
        "posterGeneric",
        "relevantDates",
    }  # what the designs that ship would lose


@pytest.mark.parametrize(("design", "language", "longest"), EACH)
def test_every_files_hash_is_theirs(apple_wallets: AppleWallets, design: str, language: str, longest: bool) -> None:
    """The manifest names the same files with the same SHA-1s; pass.json's own hash follows its own bytes."""
    wallet = apple_wallets.named(design)
    card = sample_card(wallet.design, language, longest=longest)
    made = py_pkpass_of(wallet, card)
    manifest = json.loads(made._createManifest(made._createPassJson()))
    ours = json.loads(wallet.files(card, SIGNED_AT).manifest)
    del manifest["pass.json"], ours["pass.json"]
    assert ours == manifest


def test_openssl_judges_theirs_as_ours(apple_wallets, identity_folder, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The judge is fair: py-pkpass just as it comes, reading its keys from files, verifies by the same command."""
    wallet = apple_wallets.named("grocer")
    identity = wallet.identity
    (tmp_path / "certificate.pem").write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "wwdr.pem").write_bytes(identity.chain[0].public_bytes(Encoding.PEM))
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    made = py_pkpass_of(wallet, sample_card(wallet.design, "it"))
    made.__class__ = Pass  # without our loading of the key
    paths = (str(tmp_path / name) for name in ("certificate.pem", "key.pem", "wwdr.pem"))
    folder = unpack(made.create(*paths, "").getvalue(), tmp_path / "pass")
    assert openssl_verify(folder, root_certificate(identity_folder)).returncode == 0
