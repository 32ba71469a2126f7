"""The signing identity: what `wallet doctor` says of it, how it is read, and the development one."""

import base64
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from fedele.adapters.apple_wallet import development
from fedele.adapters.apple_wallet.certificates import CertificateError, Identity, examine, load_identity
from fedele.settings import read_settings
from tests.factories.wallet import SIGNED_AT


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """A sound identity: a development one, taken for a real one."""
    made = development.development_identity(tmp_path_factory.mktemp("own"), SIGNED_AT)
    return Identity(made.key, made.certificate, made.chain)


def said(identity: Identity, *, pass_type: str = "", team: str = "", after: timedelta = timedelta()) -> list[str]:
    """The findings as "severity: what → remedy"."""
    found = examine(identity, pass_type, team, SIGNED_AT + after)
    assert all(finding.remedy for finding in found)
    return [f"{finding.severity}: {finding.what} → {finding.remedy}" for finding in found]


def test_a_sound_identity_has_no_findings(own: Identity) -> None:
    """Certificate, key, chain and dates in order: silence."""
    assert said(own, pass_type=development.PASS_TYPE_IDENTIFIER, team=development.TEAM_IDENTIFIER) == []


def test_identifiers_must_be_the_certificates(own: Identity) -> None:
    """UID and OU of the subject are compared with the settings; the message names both and the variable."""
    wrong_type, wrong_team = said(own, pass_type="pass.other", team="OTHERTEAM0")
    assert "error: the certificate is for 'pass.dev.fedele.card', the settings say 'pass.other'" in wrong_type
    assert "FEDELE_APPLE_PASS_TYPE_IDENTIFIER" in wrong_type
    assert "FEDELE_APPLE_TEAM_IDENTIFIER" in wrong_team


def test_another_kind_of_certificate_is_named(own: Identity) -> None:
    """A certificate without a pass type (here: the intermediate) is not one for passes."""
    found = said(Identity(own.key, own.chain[0], own.chain))
    assert any("not a pass type identifier" in line for line in found)
    assert any("no OU" in line for line in found)


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(31, None), (29, "warning: Pass Type ID"), (0, "error: Pass Type ID"), (-5, "error: Pass Type ID")],
)
def test_expiry_is_warned_of_thirty_days_ahead(own: Identity, days_left: int, expected: str | None) -> None:
    """Silence at 31 days, a warning at 29, an error from the last instant on."""
    left = own.certificate.not_valid_after_utc - SIGNED_AT
    found = [line for line in said(own, after=left - timedelta(days=days_left)) if "Pass Type ID" in line]
    assert [line.startswith(str(expected)) for line in found] == ([True] if expected else [])


def test_a_certificate_of_tomorrow_points_at_the_clock(own: Identity) -> None:
    """Not yet valid: an error that suggests the clock."""
    assert any("clock" in line for line in said(own, after=timedelta(days=-3)))


def test_a_stranger_key_is_noticed(own: Identity) -> None:
    """The key must be the certificate's."""
    stranger = rsa.generate_private_key(65537, 2048)
    assert any("does not belong" in line for line in said(Identity(stranger, own.certificate, own.chain)))


def test_the_chain_must_be_there_and_fit(own: Identity, tmp_path: Path) -> None:
    """A missing intermediate and one of another generation are told apart."""
    assert any(
        "WWDR intermediate certificate is missing" in line for line in said(Identity(own.key, own.certificate, ()))
    )
    other = development.development_identity(tmp_path / "other", SIGNED_AT)
    found = said(Identity(own.key, own.certificate, other.chain))
    assert any("was not issued by" in line and "certificateauthority" in line for line in found)


def test_a_development_identity_says_so_loudly(tmp_path: Path) -> None:
    """It is a warning of every doctor's visit, with what to do."""
    made = development.development_identity(tmp_path, SIGNED_AT)
    (line,) = said(made)
    assert "phones will refuse" in line
    assert "FEDELE_APPLE_PASS_CERTIFICATE" in line


def test_development_files_are_the_owners_alone(tmp_path: Path) -> None:
    """The folder is 0700, every file in it 0600; the second start finds the same certificate."""
    first = development.development_identity(tmp_path / "identity", SIGNED_AT)
    assert stat.S_IMODE((tmp_path / "identity").stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "identity").iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert development.development_identity(tmp_path / "identity", SIGNED_AT).certificate == first.certificate


@pytest.mark.parametrize("damage", [b"", b"not a certificate", None])
def test_a_damaged_or_expired_development_identity_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    """A torn file, or one past its time, never stops a start."""
    first = development.development_identity(tmp_path, SIGNED_AT)
    later = SIGNED_AT
    if damage is None:
        later += timedelta(days=3651)
    else:
        (tmp_path / "pass.pem").write_bytes(damage)
    second = development.development_identity(tmp_path, later)
    assert second.certificate != first.certificate
    assert examine(second, "", "", later)[0].severity == "warning"


def as_pem(identity: Identity, *, key: bool = False, password: bytes | None = None) -> str:
    """The certificate, or its key, as PEM text."""
    if not key:
        return identity.certificate.public_bytes(Encoding.PEM).decode()
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def as_p12(identity: Identity, password: bytes) -> str:
    """Key, certificate and chain as the base64 of a .p12."""
    assert isinstance(identity.key, rsa.RSAPrivateKey)
    packed = pkcs12.serialize_key_and_certificates(
        b"pass", identity.key, identity.certificate, list(identity.chain), BestAvailableEncryption(password)
    )
    return base64.b64encode(packed).decode()


def test_pem_and_p12_give_the_same_identity(own: Identity) -> None:
    """However the settings hold it: three PEMs, an encrypted key, a DER intermediate, or one .p12."""
    wwdr_pem = own.chain[0].public_bytes(Encoding.PEM).decode()
    wwdr_der = base64.b64encode(own.chain[0].public_bytes(Encoding.DER)).decode()
    for identity in (
        load_identity(as_pem(own), as_pem(own, key=True), None, wwdr_pem),
        load_identity(as_pem(own), as_pem(own, key=True, password=b"secret"), "secret", wwdr_der),
        load_identity(as_pem(own) + as_pem(own, key=True), None, None, wwdr_pem),
        load_identity(as_p12(own, b"secret"), None, "secret", None),
        load_identity(as_p12(own, b"secret"), None, "secret", wwdr_pem),
    ):
        assert identity.certificate == own.certificate
        assert identity.chain == own.chain
        assert said(identity) == []


@pytest.mark.parametrize(
    ("load", "says"),
    [
        (lambda own: load_identity(as_p12(own, b"secret"), None, "wrong", None), "FEDELE_APPLE_PASS_KEY_PASSWORD"),
        (lambda own: load_identity("rubbish", None, None, None), "FEDELE_APPLE_PASS_CERTIFICATE"),
        (lambda own: load_identity(as_pem(own), None, None, None), "FEDELE_APPLE_PASS_KEY"),
        (
            lambda own: load_identity(as_pem(own), as_pem(own, key=True, password=b"secret"), None, None),
            "FEDELE_APPLE_PASS_KEY_PASSWORD",
        ),
        (
            lambda own: load_identity(as_pem(own), as_pem(own, key=True), None, "cnViYmlzaA=="),
            "FEDELE_APPLE_WWDR_CERTIFICATE",
        ),
    ],
)
def test_what_cannot_be_read_names_its_setting(own: Identity, load: Callable[[Identity], Identity], says: str) -> None:
    """A wrong password, a missing key, rubbish: the message names the variable, and holds no secret."""
    with pytest.raises(CertificateError, match=says) as caught:
        load(own)
    assert "PRIVATE" not in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_a_p12_file_may_be_named_in_the_environment(own: Identity, tmp_path: Path) -> None:
    """FEDELE_APPLE_PASS_CERTIFICATE_FILE takes the .p12 as the keychain wrote it, PEM files as they are."""
    (tmp_path / "pass.p12").write_bytes(base64.b64decode(as_p12(own, b"secret")))
    (tmp_path / "password").write_text("secret\n")
    settings = read_settings(
        {
            "FEDELE_APPLE_PASS_CERTIFICATE_FILE": str(tmp_path / "pass.p12"),
            "FEDELE_APPLE_PASS_KEY_PASSWORD_FILE": str(tmp_path / "password"),
        }
    )
    assert settings.apple_pass_certificate is not None
    assert settings.apple_pass_key_password is not None
    identity = load_identity(
        settings.apple_pass_certificate.get_secret_value(),
        None,
        settings.apple_pass_key_password.get_secret_value(),
        None,
    )
    assert said(identity) == []
