"""E-mail and SMS behind one port: the same outcomes, from real bytes on the wire."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from fedele.adapters.mail.smtp import MailUrlInvalid, SmtpMail, SmtpServer
from fedele.adapters.otp.channels import ChannelOtp
from fedele.adapters.sms.twilio import TwilioSms, signature
from fedele.domains.members.types import Channel
from fedele.domains.messaging.ports import Letter, PushOutcomeKind, StatusUnsigned
from fedele.kernel.clock import utc_now
from tests.fakes.mail import LocalSmtp, serve_smtp
from tests.fakes.sms import ACCOUNT, TOKEN, Answer, LocalTwilio

STOP = "https://shop.example/messages/stop/abc"


@pytest.fixture
async def smtp() -> AsyncIterator[LocalSmtp]:
    """A mail server of this test."""
    async with serve_smtp() as local:
        yield local


@pytest.fixture
def mail(smtp: LocalSmtp) -> SmtpMail:
    """The e-mail channel over it."""
    return SmtpMail(SmtpServer.parse(smtp.url), "Harvest Lane <hello@shop.example>", timeout_seconds=30)


@pytest.fixture
async def twilio() -> LocalTwilio:
    """A provider of texts of this test."""
    return LocalTwilio()


@pytest.fixture
async def sms(twilio: LocalTwilio) -> AsyncIterator[TwilioSms]:
    """The SMS channel over it."""
    async with twilio.client() as client:
        yield TwilioSms(client, ACCOUNT, TOKEN, "+390299990000")


def letter(to: str = "giulia@example.com", **changes: object) -> Letter:
    """A letter in Italian with a way out."""
    given = {
        "locale": "it", "text": "Ciao Giulia, è per te.", "key": "018f", "subject": "Per te: 10 punti — già tuoi",
        "html": "<p>Ciao Giulia, è per te.</p>", "unsubscribe_url": STOP,
    }  # fmt: skip
    return Letter(to=to, **(given | changes))  # type: ignore[arg-type]


async def test_an_email_says_the_same_in_text_and_html_and_can_be_stopped(mail: SmtpMail, smtp: LocalSmtp) -> None:
    """Subject, both bodies, language and the two headers of RFC 8058 arrive as they were meant, in UTF-8."""
    [outcome] = await mail.send([letter()])
    assert outcome.kind is PushOutcomeKind.DELIVERED
    [got] = smtp.taken
    assert (str(got["Subject"]), str(got["To"])) == ("Per te: 10 punti — già tuoi", "giulia@example.com")
    assert str(got["From"]) == "Harvest Lane <hello@shop.example>"
    assert (got["List-Unsubscribe"], got["List-Unsubscribe-Post"]) == (f"<{STOP}>", "List-Unsubscribe=One-Click")
    assert (got["Message-ID"], got["Content-Language"]) == ("<018f@shop.example>", "it")
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert html is not None
    assert (text.get_content().strip(), html.get_content().strip()) == (letter().text, letter().html)


async def test_what_needs_no_way_out_names_none(mail: SmtpMail, smtp: LocalSmtp) -> None:
    """A service message carries no unsubscribe header."""
    await mail.send([letter(unsubscribe_url=None)])
    assert smtp.taken[0]["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("550 5.1.1 no such user", PushOutcomeKind.UNREGISTERED_TARGET),
        ("550 no such user", PushOutcomeKind.UNREGISTERED_TARGET),
        ("550 5.7.1 we do not like your words", PushOutcomeKind.BAD_PAYLOAD),
        ("552 5.2.2 mailbox full", PushOutcomeKind.BAD_PAYLOAD),
        ("451 4.7.1 try again later", PushOutcomeKind.TRANSIENT),
    ],
)
async def test_only_a_missing_mailbox_condemns_an_address(
    mail: SmtpMail, smtp: LocalSmtp, words: str, kind: PushOutcomeKind
) -> None:
    """A spam verdict or a full mailbox is no reason never to write again; the letter beside it arrives anyway."""
    smtp.refuses["giulia@example.com"] = words
    refused, taken = await mail.send([letter(), letter("marco@example.com", key="2")])
    assert (refused.kind, taken.kind) == (kind, PushOutcomeKind.DELIVERED)
    assert "giulia@example.com" not in refused.reason


async def test_a_line_that_breaks_after_the_letter_was_taken_is_told_as_such(mail: SmtpMail, smtp: LocalSmtp) -> None:
    """Nobody knows whether it arrived: the outcome says so, and a second copy bears the same Message-ID."""
    smtp.answers["giulia@example.com"] = "drop"
    [first] = await mail.send([letter()])
    assert (first.kind, first.possibly_delivered) == (PushOutcomeKind.TRANSIENT, True)
    [second] = await mail.send([letter(tried_at=utc_now())])
    assert second.kind is PushOutcomeKind.DELIVERED
    assert len({message["Message-ID"] for message in smtp.taken}) == 1


async def test_no_server_is_a_fault_that_passes(smtp: LocalSmtp) -> None:
    """Nothing listens: try again later, nothing left."""
    gone = SmtpMail(SmtpServer("127.0.0.1", 1, tls=False), "hello@shop.example")
    [outcome] = await gone.send([letter()])
    assert (outcome.kind, outcome.possibly_delivered) == (PushOutcomeKind.TRANSIENT, False)


async def test_a_line_break_in_a_subject_makes_no_header(mail: SmtpMail, smtp: LocalSmtp) -> None:
    """Header injection: refused as our mistake, and nothing is sent."""
    [outcome] = await mail.send([letter(subject="Hi\r\nBcc: everybody@example.com")])
    assert (outcome.kind, smtp.taken) == (PushOutcomeKind.BAD_PAYLOAD, [])


@pytest.mark.parametrize("url", ["http://host", "smtp://", "smtp://host:port"])
def test_a_url_that_is_no_mail_server_is_refused(url: str) -> None:
    """With words that repeat nothing secret."""
    with pytest.raises(MailUrlInvalid):
        SmtpServer.parse(url)


async def test_a_text_is_asked_for_as_twilio_documents_it(sms: TwilioSms, twilio: LocalTwilio) -> None:
    """Form-encoded, Basic authentication, From, Body, validity, and where to tell what became of it."""
    status = "https://shop.example/messages/status/x"
    [outcome] = await sms.send([letter("+393331234567", status_url=status, ttl_seconds=90)])
    assert (outcome.kind, outcome.provider_id) == (PushOutcomeKind.DELIVERED, twilio.taken[0]["sid"])
    [request] = twilio.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (twilio.taken[0]["body"], twilio.taken[0]["callback"]) == (letter().text, status)
    assert b"From=%2B390299990000" in request.content
    assert b"ValidityPeriod=90" in request.content


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (Answer(400, 21211), PushOutcomeKind.UNREGISTERED_TARGET, None),
        (Answer(400, 21610), PushOutcomeKind.UNREGISTERED_TARGET, None),
        (Answer(400, 21617), PushOutcomeKind.BAD_PAYLOAD, None),
        (Answer(401, 20003), PushOutcomeKind.TRANSIENT, None),
        (Answer(429, 20429, {"Retry-After": "7"}), PushOutcomeKind.RETRY_AFTER, 7.0),
        (Answer(503, None), PushOutcomeKind.TRANSIENT, None),
    ],
)
async def test_each_answer_of_the_provider_has_its_meaning(
    sms: TwilioSms, twilio: LocalTwilio, answer: Answer, kind: PushOutcomeKind, wait: float | None
) -> None:
    """Only a number that cannot be texted is condemned; our own mistakes and the provider's are not the number's."""
    twilio.script("+393331234567", answer)
    [outcome] = await sms.send([letter("+393331234567")])
    assert (outcome.kind, outcome.retry_after_seconds) == (kind, wait)
    assert "+39333" not in outcome.reason


async def test_nobody_is_texted_twice_when_the_answer_was_lost(sms: TwilioSms, twilio: LocalTwilio) -> None:
    """Taken, then silence: the next attempt asks the provider first, finds it, and sends nothing."""
    twilio.script("+393331234567", Answer(hang=True))
    before = utc_now()
    [first] = await sms.send([letter("+393331234567")])
    assert (first.kind, first.possibly_delivered) == (PushOutcomeKind.TRANSIENT, True)
    [second] = await sms.send([letter("+393331234567", tried_at=before)])
    assert (second.kind, second.provider_id) == (PushOutcomeKind.DELIVERED, twilio.taken[0]["sid"])
    assert len(twilio.taken) == 1


async def test_what_never_left_is_sent_by_the_next_attempt(sms: TwilioSms, twilio: LocalTwilio) -> None:
    """The control: the provider knows of no such text, so it is sent."""
    [outcome] = await sms.send([letter("+393331234567", tried_at=utc_now())])
    assert (outcome.kind, len(twilio.taken)) == (PushOutcomeKind.DELIVERED, 1)


async def test_a_slow_provider_gets_no_letter_that_another_worker_may_have_by_then(
    twilio: LocalTwilio, smtp: LocalSmtp
) -> None:
    """After twenty seconds the rest has no turn: claimed anew, and what may have left still may."""
    seconds = iter(range(0, 1000, 9))  # each letter takes nine of them

    def monotonic() -> float:
        return next(seconds)

    letters = [letter("+393331234567", text=str(number)) for number in range(4)]
    letters.append(letter("+393331234567", text="again", tried_at=utc_now()))
    async with twilio.client() as client:
        texts = await TwilioSms(client, ACCOUNT, TOKEN, "+390299990000", monotonic=monotonic).send(letters)
    assert [one["body"] for one in twilio.taken] == ["0", "1"]
    assert [one.kind for one in texts] == [PushOutcomeKind.DELIVERED] * 2 + [PushOutcomeKind.RETRY_AFTER] * 3
    assert [one.possibly_delivered for one in texts] == [False] * 4 + [True]
    slow = SmtpMail(SmtpServer.parse(smtp.url), "Shop <hello@shop.example>", monotonic=monotonic)
    mails = await slow.send([letter(key=str(number)) for number in range(4)])
    assert len(smtp.taken) == 2
    assert [one.kind for one in mails] == [PushOutcomeKind.DELIVERED] * 2 + [PushOutcomeKind.RETRY_AFTER] * 2


def test_a_callback_is_believed_only_with_the_providers_signature(sms: TwilioSms) -> None:
    """Twilio's own example of a signature; another URL, form or key is refused."""
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    told = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signed = {"x-twilio-signature": signature(TOKEN, "https://a.example/s", told)}
    assert sms.read_status("https://a.example/s", told, signed) == "delivered"
    for url, changed in (("https://b.example/s", told), ("https://a.example/s", told | {"MessageStatus": "failed"})):
        with pytest.raises(StatusUnsigned):
            sms.read_status(url, changed, signed)


async def test_one_time_codes_go_by_the_same_carriers(
    mail: SmtpMail, smtp: LocalSmtp, sms: TwilioSms, twilio: LocalTwilio
) -> None:
    """A code for an address by e-mail, for a number by text, in the member's language; neither can be stopped."""
    otp = ChannelOtp({Channel.EMAIL: mail, Channel.SMS: sms})
    await otp.deliver(kind="email", to=SecretStr("giulia@example.com"), code=SecretStr("123456"), locale="it-IT")
    await otp.deliver(kind="phone", to=SecretStr("+393331234567"), code=SecretStr("654321"), locale="ru")
    assert str(smtp.taken[0]["Subject"]) == "Il tuo codice: 123456"
    assert smtp.taken[0]["List-Unsubscribe"] is None
    assert twilio.taken[0]["body"].startswith("654321 — ваш код")
