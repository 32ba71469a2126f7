"""py-pkpass, the generator the client named, as an oracle: same inputs, same hashes, same pass.json but for a list."""

import io
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from py_pkpass.models import Barcode, BarcodeFormat, Field, Location, Pass, StoreCard

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.development import root_certificate
from tests.factories.wallet import SIGNED_AT, card_state
from tests.fixtures.openssl import openssl_verify, unpack

# What py-pkpass cannot say, or cannot leave out; everything else must be equal.
ONLY_OURS = {"maxDistance"}
ONLY_THEIRS = {"barcode"}  # deprecated since iOS 9, and always written
OF_A_FIELD_THEIRS = {"textAlignment", "changeMessage"}  # always written: left, and ""
OF_A_LOCATION_THEIRS = {"distance", "altitude"}  # `"distance": null`, and 0 metres when none was given


def theirs(wallet: AppleWallet) -> Pass:
    """The same card, built with py-pkpass from the same parts."""
    ours = json.loads(wallet.content(card_state()))
    style = StoreCard()
    for group, fields in ours["storeCard"].items():
        for field in fields:
            made = Field(field["key"], field["value"], field["label"])
            made.changeMessage = field.get("changeMessage", "")
            getattr(style, group).append(made)
    made_pass = Pass(
        style,
        passTypeIdentifier=ours["passTypeIdentifier"],
        organizationName=ours["organizationName"],
        teamIdentifier=ours["teamIdentifier"],
    )
    for key in (
        "serialNumber",
        "description",
        "logoText",
        "webServiceURL",
        "authenticationToken",
        "suppressStripShine",
    ):
        setattr(made_pass, key, ours[key])
    for key in ("backgroundColor", "foregroundColor", "labelColor", "sharingProhibited"):
        setattr(made_pass, key, ours[key])
    (code,) = ours["barcodes"]
    made_pass.barcode = Barcode(code["message"], BarcodeFormat.QR, code["altText"])
    made_pass.locations = []
    for place in ours["locations"]:
        location = Location(place["latitude"], place["longitude"])
        location.relevantText = place["relevantText"]
        made_pass.locations.append(location.json_dict())
    for name, content in wallet.design.files.items():
        made_pass.addFile(name, io.BytesIO(content))
    return made_pass


def without(value: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """The mapping less these keys."""
    return {key: each for key, each in value.items() if key not in keys}


def test_pass_json_is_theirs_but_for_a_list(apple_wallet: AppleWallet) -> None:
    """Every key and value is equal, except those listed above by name."""
    ours = without(json.loads(apple_wallet.content(card_state())), ONLY_OURS)
    made = without(json.loads(theirs(apple_wallet)._createPassJson()), ONLY_THEIRS)
    for document in (ours, made):
        document["storeCard"] = {
            group: [without(field, OF_A_FIELD_THEIRS) for field in fields]
            for group, fields in document["storeCard"].items()
        }
        document["locations"] = [without(place, OF_A_LOCATION_THEIRS) for place in document["locations"]]
    assert ours == made


def test_every_files_hash_is_theirs(apple_wallet: AppleWallet) -> None:
    """The manifest names the same files with the same SHA-1s; pass.json's own hash follows its own bytes."""
    made = theirs(apple_wallet)
    manifest = json.loads(made._createManifest(made._createPassJson()))
    ours = json.loads(apple_wallet.files(card_state(), SIGNED_AT).manifest)
    del manifest["pass.json"], ours["pass.json"]
    assert ours == manifest


def test_openssl_judges_theirs_as_ours(apple_wallet: AppleWallet, identity_folder: Path, tmp_path: Path) -> None:
    """The judge is fair: a pass that py-pkpass signs with the same key verifies by the same command."""
    identity = apple_wallet.identity
    (tmp_path / "certificate.pem").write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "wwdr.pem").write_bytes(identity.chain[0].public_bytes(Encoding.PEM))
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    paths = (str(tmp_path / name) for name in ("certificate.pem", "key.pem", "wwdr.pem"))
    signed = theirs(apple_wallet).create(*paths, "")
    folder = unpack(signed.getvalue(), tmp_path / "pass")
    assert openssl_verify(folder, root_certificate(identity_folder)).returncode == 0
