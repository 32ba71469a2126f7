"""The identity that signs passes: loading it, and saying what is wrong with it in words that tell what to do.

Apple's rules: the pass certificate's subject has UID = passTypeIdentifier and OU = teamIdentifier, and chains to the
WWDR intermediate that travels in the signature.
"""

import base64
import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.oid import NameOID

from fedele.adapters.apple_wallet.signing import SigningKey

EXPIRY_WARNING = timedelta(days=30)
_PEM = "-----BEGIN"
_PORTAL = "developer.apple.com → Certificates, Identifiers & Profiles"


class CertificateError(ValueError):
    """The signing identity cannot be read; the message names the setting and says what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """A key, its certificate and the intermediates above it, and what the certificate says they are for."""

    key: SigningKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    development: bool = False

    @property
    def pass_type_identifier(self) -> str:
        """The subject's UID: the pass type that this certificate may sign; "" if it names none."""
        return _subject(self.certificate, NameOID.USER_ID)

    @property
    def team_identifier(self) -> str:
        """The subject's OU: the team; "" if it names none."""
        return _subject(self.certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `wallet doctor` found. `remedy` says what to do."""

    severity: Literal["error", "warning"]
    what: str
    remedy: str


def load_identity(certificate: str, key: str | None, password: str | None, intermediate: str | None) -> Identity:
    """Read a signing identity from the settings' texts: PEM, or the base64 of a .p12 (or of a DER certificate).

    A .p12 or a PEM bundle may hold key and intermediate too. Raises CertificateError.
    """
    secret = password.encode() if password else None
    chain = _certificates(intermediate, "FEDELE_APPLE_WWDR_CERTIFICATE") if intermediate else ()
    if _PEM not in certificate:
        private, own, more = _read_p12(certificate, secret)
        return Identity(private, own, chain or more)
    own, *more_pem = _certificates(certificate, "FEDELE_APPLE_PASS_CERTIFICATE")
    return Identity(_read_key(key or certificate, secret), own, chain or tuple(more_pem))


def examine(identity: Identity, pass_type_identifier: str, team_identifier: str, now: datetime) -> list[Finding]:
    """Everything that would make a phone refuse passes of this identity, now or within 30 days.

    Empty identifiers are taken from the certificate and therefore not compared.
    """
    findings = [*_subject_findings(identity, pass_type_identifier, team_identifier)]
    if identity.key.public_key() != identity.certificate.public_key():
        findings.append(
            Finding("error", "the private key does not belong to the certificate", "export both together as one .p12")
        )
    findings += _chain_findings(identity)
    for certificate in (identity.certificate, *identity.chain):
        findings += _date_findings(certificate, now)
    if identity.development:
        findings.append(
            Finding(
                "warning",
                "this is a development certificate that Fedele made: phones will refuse every pass it signs",
                f"order a Pass Type ID certificate at {_PORTAL} and set FEDELE_APPLE_PASS_CERTIFICATE",
            )
        )
    return findings


def _subject_findings(identity: Identity, pass_type: str, team: str) -> Iterable[Finding]:
    actual_type, actual_team = identity.pass_type_identifier, identity.team_identifier
    if not actual_type.startswith("pass."):
        yield Finding(
            "error",
            f"the certificate's UID is {actual_type!r}, not a pass type identifier",
            f"use the certificate of a Pass Type ID, made at {_PORTAL} → Identifiers → Pass Type IDs",
        )
    if pass_type and pass_type != actual_type:
        yield Finding(
            "error",
            f"the certificate is for {actual_type!r}, the settings say {pass_type!r}",
            "set FEDELE_APPLE_PASS_TYPE_IDENTIFIER to the certificate's, or leave it out",
        )
    if not actual_team:
        yield Finding(
            "error", "the certificate's subject has no OU (team identifier)", f"download it anew at {_PORTAL}"
        )
    if team and team != actual_team:
        yield Finding(
            "error",
            f"the certificate belongs to team {actual_team!r}, the settings say {team!r}",
            "set FEDELE_APPLE_TEAM_IDENTIFIER to the certificate's, or leave it out",
        )


def _chain_findings(identity: Identity) -> Iterable[Finding]:
    if not identity.chain:
        yield Finding(
            "error",
            "the WWDR intermediate certificate is missing",
            "download it from www.apple.com/certificateauthority and set FEDELE_APPLE_WWDR_CERTIFICATE",
        )
    for child, parent in zip((identity.certificate, *identity.chain), identity.chain, strict=False):
        try:
            child.verify_directly_issued_by(parent)
        except (ValueError, TypeError, InvalidSignature):
            yield Finding(
                "error",
                f"{_name(child)} was not issued by {_name(parent)}, but by {child.issuer.rfc4514_string()}",
                "download that generation of the WWDR certificate from www.apple.com/certificateauthority",
            )


def _date_findings(certificate: x509.Certificate, now: datetime) -> Iterable[Finding]:
    starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    name = _name(certificate)
    if now < starts:
        yield Finding("error", f"{name} is valid only from {starts:%d %B %Y}", "check this machine's clock")
    elif now >= ends:
        yield Finding("error", f"{name} expired on {ends:%d %B %Y}", f"renew it at {_PORTAL} and restart")
    elif now >= ends - EXPIRY_WARNING:
        days = (ends - now).days
        yield Finding(
            "warning", f"{name} expires in {days} days, on {ends:%d %B %Y}", f"renew it at {_PORTAL} before that day"
        )


def _read_p12(text: str, password: bytes | None) -> tuple[SigningKey, x509.Certificate, tuple[x509.Certificate, ...]]:
    name = "FEDELE_APPLE_PASS_CERTIFICATE"
    try:
        key, certificate, more = pkcs12.load_key_and_certificates(base64.b64decode(text), password)
    except ValueError as error:
        raise CertificateError(
            f"{name}: neither PEM nor a .p12 that FEDELE_APPLE_PASS_KEY_PASSWORD opens; export it again"
        ) from error
    if certificate is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{name}: the .p12 must hold a certificate and its key; export both from the keychain")
    return key, certificate, tuple(more)


def _read_key(text: str, password: bytes | None) -> SigningKey:
    try:
        key = load_pem_private_key(text.encode(), password)
    except (ValueError, TypeError) as error:
        raise CertificateError(
            "FEDELE_APPLE_PASS_KEY: no PEM private key that FEDELE_APPLE_PASS_KEY_PASSWORD opens; "
            "name its file in FEDELE_APPLE_PASS_KEY_FILE"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError("FEDELE_APPLE_PASS_KEY: the key is neither RSA nor EC")
    return key


def _certificates(text: str, name: str) -> tuple[x509.Certificate, ...]:
    try:
        if _PEM in text:
            return tuple(x509.load_pem_x509_certificates(text.encode()))
        return (x509.load_der_x509_certificate(base64.b64decode(text)),)
    except ValueError as error:
        raise CertificateError(f"{name}: is not a certificate in PEM or DER") from error


def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""


def _name(certificate: x509.Certificate) -> str:
    return _subject(certificate, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string()
