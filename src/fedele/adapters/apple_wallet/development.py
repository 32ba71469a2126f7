"""A signing identity for development, made on first run: root → "WWDR stand-in" → pass certificate.

It has the shape of Apple's, so that everything but a phone's trust can be tried. Phones refuse its passes.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from fedele.adapters.apple_wallet.certificates import CertificateError, Identity

PASS_TYPE_IDENTIFIER = "pass.dev.fedele.card"  # noqa: S105 - a name, not a secret
TEAM_IDENTIFIER = "FEDELEDEV0"
WARNING = (
    "phones will refuse this pass: it is signed with a development certificate that Fedele made for itself. "
    "Order a Pass Type ID certificate from Apple and set FEDELE_APPLE_PASS_CERTIFICATE; `fedele wallet doctor` helps."
)
_YEARS = timedelta(days=3650)


def development_identity(folder: Path, now: datetime) -> Identity:
    """The development identity kept in `folder` (0700, files 0600), made there if it is not yet, or has expired.

    Several processes may start at once: one makes it, the others wait and read it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    bundle = folder / "pass.pem"
    with _alone(folder / "lock"):
        identity = _read(bundle) if bundle.exists() else None
        if identity is None or identity.certificate.not_valid_after_utc <= now + timedelta(days=1):
            _make(folder, now)
            identity = _read(bundle)
        if identity is None:
            raise CertificateError(f"{bundle}: cannot be read back; delete {folder} and start again")
    return identity


def root_certificate(folder: Path) -> Path:
    """The root to verify development passes against: `openssl cms -verify -CAfile <this>`."""
    return folder / "root.pem"


def _make(folder: Path, now: datetime) -> None:
    """Write root.pem and pass.pem (pass certificate, stand-in intermediate, key), the latter last and whole."""
    root_key, middle_key, pass_key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    root_name = _name("Fedele development root")
    middle_name = _name("Fedele development WWDR stand-in")
    pass_name = x509.Name(
        [
            x509.NameAttribute(NameOID.USER_ID, PASS_TYPE_IDENTIFIER),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Pass Type ID: {PASS_TYPE_IDENTIFIER} (development)"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, TEAM_IDENTIFIER),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Fedele development"),
        ]
    )
    root = _certificate(root_name, root_key, root_name, root_key, now, path_length=1)
    middle = _certificate(middle_name, middle_key, root_name, root_key, now, path_length=0)
    leaf = _certificate(pass_name, pass_key, middle_name, middle_key, now, path_length=None)
    private = pass_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / "root.pem", root.public_bytes(Encoding.PEM))
    _write(folder / "pass.pem", leaf.public_bytes(Encoding.PEM) + middle.public_bytes(Encoding.PEM) + private)


def _certificate(
    subject: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    now: datetime,
    *,
    path_length: int | None,
) -> x509.Certificate:
    """A certificate of ten years; `path_length` None is an end entity, else a CA with that many CAs below it."""
    is_ca = path_length is not None
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Fedele development"),
        ]
    )


def _read(bundle: Path) -> Identity | None:
    """The identity in the bundle; None for a torn or foreign file, which is then made anew."""
    try:
        content = bundle.read_bytes()
        certificate, *chain = x509.load_pem_x509_certificates(content)
        key = load_pem_private_key(content, None)
    except ValueError:
        return None
    if not isinstance(key, rsa.RSAPrivateKey) or not chain:
        return None
    return Identity(key, certificate, tuple(chain), development=True)


def _write(path: Path, content: bytes) -> None:
    """Replace the file whole; never readable by others, not even for a moment."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
