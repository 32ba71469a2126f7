"""Wallet pushes through a real HTTP/2 server that demands the pass certificate."""

import ipaddress
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.development import development_identity, root_certificate
from fedele.adapters.apple_wallet.push import AT_ONCE_MAX, ApnsPush, LoggedPush, open_push
from fedele.domains.wallet.ports import PushFailed
from fedele.kernel.clock import utc_now
from tests.fixtures.apns_server import Apns, apns_server


@pytest.fixture(scope="module")
def server_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for 127.0.0.1."""
    key, now = ec.generate_private_key(ec.SECP256R1()), utc_now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "APNs of the tests")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("apns") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return path


@pytest.fixture
async def apns(server_certificate: Path, identity_folder: Path, apple_wallet: AppleWallet) -> AsyncIterator[Apns]:
    """A running APNs that trusts this run's development root."""
    async with apns_server(server_certificate, root_certificate(identity_folder)) as running:
        yield running


@pytest.fixture
async def push(apns: Apns, server_certificate: Path, apple_wallet: AppleWallet) -> AsyncIterator[ApnsPush]:
    """The adapter, pointed at it."""
    opened = ApnsPush(apple_wallet.identity, apns.url, server_certificate)
    yield opened
    await opened.aclose()


async def test_a_push_is_empty_and_names_the_pass_type(push: ApnsPush, apns: Apns, apple_wallet: AppleWallet) -> None:
    """POST /3/device/<token>, topic = pass type identifier, body {}; over HTTP/2 with the pass certificate."""
    assert await push.notify(["aa" * 32]) == []
    (request,) = apns.requests
    assert request[":method"] == "POST"
    assert request[":path"] == f"/3/device/{'aa' * 32}"
    assert request["apns-topic"] == apple_wallet.identity.pass_type_identifier
    assert b"".join(apns.bodies) == b"{}"


async def test_many_phones_share_one_connection(push: ApnsPush, apns: Apns) -> None:
    """Hundreds of pushes, each token once, one connection for all of them, also the next time."""
    tokens = [f"{number:064x}" for number in range(3 * AT_ONCE_MAX)]
    assert await push.notify([*tokens, *tokens]) == []
    assert await push.notify(tokens[:1]) == []
    assert len(apns.requests) == len(tokens) + 1
    assert apns.connections == 1


async def test_only_tokens_that_are_gone_are_reported(push: ApnsPush, apns: Apns) -> None:
    """410, and a 400 that speaks of the token; other phones are told all the same."""
    apns.answers = {"a1": (410, "Unregistered"), "b2": (400, "BadDeviceToken"), "c3": (400, "DeviceTokenNotForTopic")}
    assert await push.notify(["a1", "b2", "c3", "d4"]) == ["a1", "b2", "c3"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "BadTopic"), (403, "BadCertificate"), (429, "TooManyRequests"), (500, ""), (503, "ServiceUnavailable")],
)
async def test_our_faults_and_apples_are_tried_again(push: ApnsPush, apns: Apns, status: int, reason: str) -> None:
    """A bad payload, certificate or day at Apple's never costs a phone its registration: the job tries again."""
    apns.answers = {"a1": (status, reason), "b2": (410, "Unregistered")}
    with pytest.raises(PushFailed, match=f"{status} {reason}"):
        await push.notify(["a1", "b2"])


async def test_an_unreachable_apns_is_tried_again(apple_wallet: AppleWallet, server_certificate: Path) -> None:
    """Nobody listens: PushFailed, and nobody is forgotten."""
    push = ApnsPush(apple_wallet.identity, "https://127.0.0.1:9", server_certificate)
    with pytest.raises(PushFailed, match="cannot be reached"):
        await push.notify(["a1"])
    await push.aclose()


async def test_another_certificate_is_not_let_in(apns: Apns, server_certificate: Path, tmp_path: Path) -> None:
    """The control: the server does check who asks."""
    stranger = development_identity(tmp_path, utc_now())
    push = ApnsPush(stranger, apns.url, server_certificate)
    with pytest.raises(PushFailed, match="cannot be reached"):
        await push.notify(["a1"])
    assert apns.requests == []
    await push.aclose()


async def test_a_development_certificate_says_that_it_cannot_push(apple_wallet: AppleWallet) -> None:
    """Nothing is sent to Apple with a certificate that Apple does not know; the log says so."""
    push = open_push(apple_wallet.identity)
    assert isinstance(push, LoggedPush)
    with structlog.testing.capture_logs() as lines:
        assert await push.notify(["a1", "b2"]) == ()
    assert lines[0]["event"] == "wallet.push_not_sent"
    assert lines[0]["phones"] == 2
