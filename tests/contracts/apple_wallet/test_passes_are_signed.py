"""What OpenSSL, zipfile and cryptography say of our passes: none of them shares a line with the code that made them."""

import hashlib
import io
import json
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.certificates import Identity
from fedele.adapters.apple_wallet.development import root_certificate
from fedele.adapters.apple_wallet.signing import Signer
from tests.factories.wallet import SIGNED_AT, card_state
from tests.fixtures.openssl import openssl_verify, unpack


@pytest.fixture
def unpacked(apple_wallet: AppleWallet, tmp_path: Path) -> Path:
    """A signed card's files."""
    return unpack(apple_wallet.sign(card_state(), SIGNED_AT), tmp_path / "pass")


def test_openssl_verifies_the_signature_and_its_chain(unpacked: Path, identity_folder: Path) -> None:
    """The manifest's signature stands, and leads through the intermediate inside it to the root."""
    answer = openssl_verify(unpacked, root_certificate(identity_folder), SIGNED_AT.timestamp())
    assert answer.returncode == 0, answer.stderr
    assert "successful" in answer.stderr


def test_openssl_refuses_a_tampered_manifest(unpacked: Path, identity_folder: Path) -> None:
    """One changed character in the manifest breaks the signature."""
    manifest = unpacked / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace("a", "b", 1))
    answer = openssl_verify(unpacked, root_certificate(identity_folder), SIGNED_AT.timestamp())
    assert answer.returncode != 0
    assert "digest" in answer.stderr or "verification failure" in answer.stderr.lower()


def test_openssl_refuses_another_root(unpacked: Path, tmp_path: Path) -> None:
    """The chain is checked at all: a stranger's root does not open it."""
    from fedele.adapters.apple_wallet.development import development_identity

    development_identity(tmp_path / "stranger", SIGNED_AT)
    answer = openssl_verify(unpacked, root_certificate(tmp_path / "stranger"), SIGNED_AT.timestamp())
    assert answer.returncode != 0


def test_the_signature_carries_certificate_and_intermediate(unpacked: Path, apple_wallet: AppleWallet) -> None:
    """A phone finds in the signature the pass certificate and the WWDR stand-in, and no root."""
    carried = pkcs7.load_der_pkcs7_certificates((unpacked / "signature").read_bytes())
    assert set(carried) == {apple_wallet.identity.certificate, *apple_wallet.identity.chain}


def test_the_signing_time_is_the_one_given(unpacked: Path) -> None:
    """Apple reads the signing time out of the signed attributes; it is ours to set."""
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-inform", "DER", "-in", str(unpacked / "signature")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "signingTime" in parsed
    assert "UTCTIME           :261121093000Z" in parsed


def test_the_manifest_holds_every_files_sha1(unpacked: Path) -> None:
    """Every file but manifest and signature is in the manifest, under its own hash, and nothing else is."""
    manifest = json.loads((unpacked / "manifest.json").read_text())
    files = {str(path.relative_to(unpacked)): path.read_bytes() for path in unpacked.rglob("*") if path.is_file()}
    del files["manifest.json"], files["signature"]
    assert manifest == {name: hashlib.sha1(content).hexdigest() for name, content in files.items()}
    assert {"pass.json", "icon.png", "icon@3x.png", "strip@2x.png", "ar.lproj/pass.strings"} <= files.keys()


def test_the_zip_is_sound_and_stored(apple_wallet: AppleWallet) -> None:
    """zipfile checks every CRC; nothing is compressed (PNGs do not shrink, and phones open it at once)."""
    with zipfile.ZipFile(io.BytesIO(apple_wallet.sign(card_state(), SIGNED_AT))) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert len(archive.namelist()) == len(set(archive.namelist()))


def test_the_same_card_and_time_give_the_same_bytes(apple_wallet: AppleWallet, identity_folder: Path) -> None:
    """Reproducible: another process, with the same design, identity and signing time, makes the same file."""
    from fedele.adapters.apple_wallet.design import load_design
    from fedele.adapters.apple_wallet.development import development_identity
    from tests.factories.wallet import PASSES
    from tests.fixtures.wallet import WEB_SERVICE_URL

    again = AppleWallet(
        load_design(PASSES / "grocer"), development_identity(identity_folder, SIGNED_AT), WEB_SERVICE_URL
    )
    first = apple_wallet.sign(card_state(), SIGNED_AT)
    assert again.sign(card_state(), SIGNED_AT) == first
    assert apple_wallet.sign(card_state(), SIGNED_AT + timedelta(seconds=1)) != first
    assert apple_wallet.sign(card_state(display_name="Anna"), SIGNED_AT) != first


async def test_the_thread_makes_the_same_pass(apple_wallet: AppleWallet) -> None:
    """`assemble` is `sign` beside the event loop."""
    assert await apple_wallet.assemble(card_state(), SIGNED_AT) == apple_wallet.sign(card_state(), SIGNED_AT)


def test_an_elliptic_key_signs_as_well(tmp_path: Path) -> None:
    """The signer does not care for the kind of key: OpenSSL verifies an ECDSA signature of it too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an elliptic pass certificate")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SIGNED_AT - timedelta(days=1))
        .not_valid_after(SIGNED_AT + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "root.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    manifest = b'{"pass.json":"0"}\n'
    (tmp_path / "manifest.json").write_bytes(manifest)
    identity = Identity(key, certificate, ())
    (tmp_path / "signature").write_bytes(Signer(identity.key, certificate, ()).sign(manifest, SIGNED_AT))
    answer = openssl_verify(tmp_path, tmp_path / "root.pem", SIGNED_AT.timestamp())
    assert answer.returncode == 0, answer.stderr


def test_a_manifest_with_line_feeds_verifies(apple_wallet: AppleWallet, identity_folder: Path, tmp_path: Path) -> None:
    """The bytes are signed as they are; turned into CRLF, as S/MIME text is, this would fail."""
    identity = apple_wallet.identity
    manifest = b'{\n"pass.json": "0"\n}\n'
    (tmp_path / "manifest.json").write_bytes(manifest)
    signer = Signer(identity.key, identity.certificate, identity.chain)
    (tmp_path / "signature").write_bytes(signer.sign(manifest, SIGNED_AT))
    answer = openssl_verify(tmp_path, root_certificate(identity_folder), SIGNED_AT.timestamp())
    assert answer.returncode == 0, answer.stderr
