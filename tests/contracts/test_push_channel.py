"""The contract of PushChannel, held by the fake and by the real firebase-admin against a local FCM v1 server."""

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from fedele.adapters.push import local_fcm
from fedele.adapters.push.firebase import FirebasePush
from fedele.adapters.push.local_fcm import LocalFcm
from fedele.domains.messaging.ports import PushChannel, PushMessage, PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import TargetKind
from tests.fakes.push import FakePush

TIMEOUT_SECONDS = 3.0  # a busy machine answers late; only a server that hangs may be given up


def message(value: str, **changes: Any) -> PushMessage:
    """A notification in Italian with everything a notification can have."""
    given = {
        "kind": TargetKind.FCM_TOKEN,
        "value": value,
        "title": "12.500 punti per te",
        "body": "Ora hai 12.500 punti, Giulia.",
        "locale": "it",
        "collapse_key": "A" * 32,
        "ttl_seconds": 3600,
        "expires_at": datetime(2026, 11, 21, 13, 0, tzinfo=UTC),
        "deep_link": "grocer://activity/0199",
        "image_url": "https://grocer.example/points.png",
        "android_channel": "points",
        "data": {"template": "points-earned"},
    }
    return PushMessage(**(given | changes))


class Service(Protocol):
    """A push service under test, and the levers to make it misbehave."""

    channel: PushChannel

    def fail(self, value: str, kind: PushOutcomeKind) -> None:
        """Answer so, once."""

    def hang(self, value: str) -> None:
        """Take the next message without an answer."""

    def copies(self, value: str) -> int:
        """How many copies the service took."""


@dataclasses.dataclass
class FakeService:
    """The fake: told outcomes directly."""

    channel: FakePush

    def fail(self, value: str, kind: PushOutcomeKind) -> None:
        """Answer so, once."""
        self.channel.script(value, PushOutcome(kind, retry_after_seconds=7 if kind == "retry_after" else None))

    def hang(self, value: str) -> None:
        """Take the next message without an answer."""
        self.channel.script(value, PushOutcome(PushOutcomeKind.TRANSIENT, possibly_delivered=True))

    def copies(self, value: str) -> int:
        """How many copies the service took."""
        return sum(sent.value == value for sent in self.channel.sent)


FAULTS = {
    PushOutcomeKind.UNREGISTERED_TARGET: local_fcm.UNREGISTERED,
    PushOutcomeKind.BAD_PAYLOAD: local_fcm.BAD_PAYLOAD,
    PushOutcomeKind.RETRY_AFTER: local_fcm.quota_exceeded("7"),
    PushOutcomeKind.TRANSIENT: local_fcm.UNAVAILABLE,
}


@dataclasses.dataclass
class FirebaseService:
    """Google's library, and a server of ours at the other end of the wire."""

    channel: FirebasePush
    fcm: LocalFcm

    def fail(self, value: str, kind: PushOutcomeKind) -> None:
        """Answer so, once."""
        self.fcm.script(value, FAULTS[kind])

    def hang(self, value: str) -> None:
        """Take the next message and say nothing for longer than the client waits."""
        self.fcm.script(value, local_fcm.accept_then_hang(TIMEOUT_SECONDS * 2))

    def copies(self, value: str) -> int:
        """How many copies the server took."""
        return len(self.fcm.sent_to(value))


@pytest.fixture(scope="module")
def fcm() -> Iterator[LocalFcm]:
    """One local FCM for the file."""
    with local_fcm.serve() as running:
        yield running


@pytest.fixture
async def firebase(fcm: LocalFcm) -> AsyncIterator[FirebaseService]:
    """The real adapter."""
    channel = FirebasePush(fcm.service_account(), base_url=fcm.base_url, timeout_seconds=TIMEOUT_SECONDS)
    yield FirebaseService(channel, fcm)
    await channel.close()


@pytest.fixture(params=["fake", "firebase"])
async def service(request: pytest.FixtureRequest, fcm: LocalFcm) -> AsyncIterator[Service]:
    """Each service in turn."""
    if request.param == "fake":
        yield FakeService(FakePush())
        return
    channel = FirebasePush(fcm.service_account(), base_url=fcm.base_url, timeout_seconds=TIMEOUT_SECONDS)
    yield FirebaseService(channel, fcm)
    await channel.close()


async def test_delivered_messages_get_the_services_id(service: Service) -> None:
    """A token and an installation id are both served, and each outcome carries the service's id."""
    outcomes = await service.channel.send(
        [message("contract-token-1"), message("contract-fid-1", kind=TargetKind.FCM_FID)]
    )
    assert [outcome.kind for outcome in outcomes] == [PushOutcomeKind.DELIVERED] * 2
    assert len({outcome.provider_id for outcome in outcomes} - {None}) == 2


async def test_nothing_to_send_is_nothing_sent(service: Service) -> None:
    """No messages, no outcomes, no error."""
    assert await service.channel.send([]) == []


async def test_outcomes_keep_the_order(service: Service) -> None:
    """Five answers for five targets, each where its message stood: one bad neighbour changes nobody's fate."""
    kinds = list(PushOutcomeKind)
    for kind in kinds:
        if kind is not PushOutcomeKind.DELIVERED:
            service.fail(f"contract-order-{kind}", kind)
    outcomes = await service.channel.send([message(f"contract-order-{kind}") for kind in kinds])
    assert [outcome.kind for outcome in outcomes] == kinds


async def test_retry_after_is_handed_up(service: Service) -> None:
    """The wait that the service names reaches messaging, and does not block the call."""
    service.fail("contract-quota-1", PushOutcomeKind.RETRY_AFTER)
    started = time.monotonic()
    [outcome] = await service.channel.send([message("contract-quota-1")])
    assert outcome.retry_after_seconds == 7
    assert time.monotonic() - started < 5


async def test_a_payload_that_cannot_be_encoded_is_the_payloads_fault(service: Service) -> None:
    """It comes back as such, alone; the good message beside it is delivered."""
    bad = message("contract-bad-data", data={"template": 7})
    outcomes = await service.channel.send([bad, message("contract-good-data")])
    assert [outcome.kind for outcome in outcomes] == [PushOutcomeKind.BAD_PAYLOAD, PushOutcomeKind.DELIVERED]
    assert service.copies("contract-bad-data") == 0


async def test_an_answer_that_never_comes_is_unknown(service: Service) -> None:
    """The service took it and the line went dead: transient, marked as possibly delivered, and sent once only."""
    service.hang("contract-hang-1")
    [outcome] = await service.channel.send([message("contract-hang-1")])
    assert (outcome.kind, outcome.possibly_delivered) == (PushOutcomeKind.TRANSIENT, True)
    assert service.copies("contract-hang-1") == 1


async def test_no_outcome_repeats_the_targets_value(service: Service) -> None:
    """Outcomes are stored and logged; the address of a phone must not be."""
    for kind in (PushOutcomeKind.UNREGISTERED_TARGET, PushOutcomeKind.BAD_PAYLOAD, PushOutcomeKind.TRANSIENT):
        service.fail("contract-secret-1", kind)
        [outcome] = await service.channel.send([message("contract-secret-1")])
        assert "contract-secret-1" not in repr(outcome)
    assert "contract-secret-1" not in repr(message("contract-secret-1"))


async def test_the_wire_carries_each_platforms_fields(firebase: FirebaseService) -> None:
    """Title, body, picture, deep link, channel and collapse key stand where Android, iOS and browsers look for them."""
    await firebase.channel.send([message("contract-wire-1")])
    [sent] = firebase.fcm.sent_to("contract-wire-1")
    assert sent["notification"] == {
        "title": "12.500 punti per te",
        "body": "Ora hai 12.500 punti, Giulia.",
        "image": "https://grocer.example/points.png",
    }
    assert sent["data"]["deep_link"] == "grocer://activity/0199"
    assert (sent["data"]["locale"], sent["data"]["template"]) == ("it", "points-earned")
    assert sent["android"]["collapse_key"] == sent["android"]["notification"]["tag"] == "A" * 32
    assert sent["android"]["notification"]["channel_id"] == "points"
    assert (sent["android"]["ttl"], sent["android"]["priority"]) == ("3600s", "high")
    assert sent["apns"]["headers"] == {"apns-collapse-id": "A" * 32, "apns-expiration": "1795266000"}
    assert sent["apns"]["payload"]["aps"]["mutable-content"] == 1
    assert sent["webpush"]["headers"] == {"Topic": "A" * 32, "TTL": "3600"}
    assert (sent["webpush"]["notification"]["lang"], sent["webpush"]["notification"]["dir"]) == ("it", "ltr")


async def test_arabic_reads_from_the_right_and_https_links_open_in_browsers(firebase: FirebaseService) -> None:
    """A browser is told the direction, and given a link only if FCM would take it."""
    await firebase.channel.send(
        [message("contract-arabic-1", locale="ar", title="لك 10", deep_link="https://grocer.example/a")]
    )
    [sent] = firebase.fcm.sent_to("contract-arabic-1")
    assert sent["webpush"]["notification"]["dir"] == "rtl"
    assert sent["webpush"]["fcm_options"]["link"] == "https://grocer.example/a"


async def test_the_library_itself_would_wait_and_send_twice(fcm: LocalFcm) -> None:
    """Control for our retries: with firebase-admin's own, a timed-out message is sent again behind our back."""

    class AsGoogleMadeIt(FirebasePush):
        def _redirect(self, service: Any) -> None:
            service._fcm_url = f"{self._base_url}/v1/projects/{fcm.project_id}/messages:send"
            service._client.session.trust_env = False

    channel = AsGoogleMadeIt(fcm.service_account(), base_url=fcm.base_url, timeout_seconds=TIMEOUT_SECONDS)
    fcm.script("contract-control-1", *[local_fcm.accept_then_hang(TIMEOUT_SECONDS * 2)] * 2)
    fcm.script("contract-control-2", local_fcm.quota_exceeded("2"))
    await channel.send([message("contract-control-1")])
    assert len(fcm.sent_to("contract-control-1")) == 2
    started = time.monotonic()
    [outcome] = await channel.send([message("contract-control-2")])
    assert outcome.kind is PushOutcomeKind.DELIVERED
    assert time.monotonic() - started > 1.9
    await channel.close()


async def test_an_expired_access_token_is_replaced_once(firebase: FirebaseService) -> None:
    """A hundred messages after the tokens became worthless: all delivered, and not a hundred new tokens asked for."""
    await firebase.channel.send([message("contract-token-0")])
    before = firebase.fcm.token_grants_count
    firebase.channel._client.credential.token = None  # type: ignore[union-attr]
    outcomes = await firebase.channel.send([message(f"contract-many-{n}") for n in range(100)])
    assert {outcome.kind for outcome in outcomes} == {PushOutcomeKind.DELIVERED}
    assert firebase.fcm.token_grants_count == before + 1


async def test_credentials_that_are_refused_send_nothing(fcm: LocalFcm) -> None:
    """A key that the token endpoint does not know: transient, nothing left, and the reason says where it broke."""
    with local_fcm.serve() as stranger:
        account = fcm.service_account() | {"private_key": stranger.service_account()["private_key"]}
        channel = FirebasePush(account, base_url=fcm.base_url, timeout_seconds=TIMEOUT_SECONDS)
        outcomes = await channel.send([message("contract-refused-1")] * 2)
        await channel.close()
    assert {outcome.kind for outcome in outcomes} == {PushOutcomeKind.TRANSIENT}
    assert "no access token" in outcomes[0].reason
    assert not any(outcome.possibly_delivered for outcome in outcomes)
    assert fcm.sent_to("contract-refused-1") == []


async def test_nothing_is_said_to_google(firebase: FirebaseService, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a server of our own, no connection of the library's goes anywhere else, not even to look something up."""
    import socket

    asked: list[object] = []
    resolve = socket.getaddrinfo

    def listening(host: Any, *rest: Any, **options: Any) -> Any:
        asked.append(host)
        return resolve(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", listening)
    await firebase.channel.send([message("contract-quiet-1")])
    await asyncio.sleep(0.1)  # look-ups run in a thread of their own
    assert asked
    assert set(asked) == {"127.0.0.1"}


async def test_a_server_that_is_not_there_is_a_passing_fault(fcm: LocalFcm) -> None:
    """Connection refused: transient."""
    channel = FirebasePush(fcm.service_account(), base_url="http://127.0.0.1:9", timeout_seconds=TIMEOUT_SECONDS)
    [outcome] = await channel.send([message("contract-nowhere-1")])
    await channel.close()
    assert outcome.kind is PushOutcomeKind.TRANSIENT


async def test_a_proxy_in_the_environment_does_not_catch_loopback(
    fcm: LocalFcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine behind a proxy can run the demo: what goes to this machine goes directly."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert os.environ["HTTP_PROXY"]
    channel = FirebasePush(fcm.service_account(), base_url=fcm.base_url, timeout_seconds=TIMEOUT_SECONDS)
    [outcome] = await channel.send([message("contract-proxy-1")])
    await channel.close()
    assert outcome.kind is PushOutcomeKind.DELIVERED


async def _turns_of_the_loop(work: Any) -> int:
    """How often another task came to run while the work went on. A blocked loop gives it no turn at all."""
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await work
    counted = turns
    watching.cancel()
    return counted


async def test_the_loop_stays_free_while_pushes_leave(firebase: FirebaseService) -> None:
    """A message that takes half a second, with a hundred beside it, keeps no other task waiting that long."""
    await firebase.channel.send([message("contract-warm-1")])
    firebase.fcm.script("contract-slow-1", local_fcm.Fault(200, "OK", delay_seconds=0.5, accept=True))
    batch = [message("contract-slow-1"), *(message(f"contract-free-{n}") for n in range(99))]
    started = time.perf_counter()
    assert await _turns_of_the_loop(firebase.channel.send(batch)) >= 5
    assert time.perf_counter() - started > 0.5


async def test_a_blocked_loop_gives_no_turn(firebase: FirebaseService) -> None:
    """Control: the same message sent on the loop itself gives nobody a turn for as long as the server takes."""

    async def blocking() -> None:
        firebase.channel._send_chunk([message("contract-block-1")])

    await firebase.channel.send([message("contract-warm-2")])
    firebase.fcm.script("contract-block-1", local_fcm.Fault(200, "OK", delay_seconds=0.5, accept=True))
    assert await _turns_of_the_loop(blocking()) == 0


async def test_a_thousand_messages_go_out_in_calls_of_a_hundred(firebase: FirebaseService) -> None:
    """More than a call can take is cut up, and nothing is lost or doubled."""
    outcomes = await firebase.channel.send([message(f"contract-bulk-{n:04}") for n in range(1000)])
    assert len(outcomes) == 1000
    assert {outcome.kind for outcome in outcomes} == {PushOutcomeKind.DELIVERED}
    assert sum(received.target.startswith("contract-bulk-") for received in firebase.fcm.received) == 1000


def test_importing_fedele_does_not_import_firebase() -> None:
    """The library costs over a second and 47 MB: a process that sends no push never pays."""
    import subprocess
    import sys

    code = "import sys, fedele.adapters.push.firebase; sys.exit('firebase_admin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_the_address_of_a_message_expires_with_it() -> None:
    """The fixture's expiry is a real instant: what APNs is told is seconds since 1970."""
    assert message("x").expires_at - timedelta(seconds=1795266000) == datetime(1970, 1, 1, tzinfo=UTC)
