"""E-mails that came back: the address that does not exist is written to no more, and staff see why."""

from email import policy
from email.parser import BytesParser
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from fedele.adapters.mail.reports import read_mail_report
from fedele.db.database import Database
from fedele.domains.members.types import Channel
from fedele.domains.messaging import commands
from fedele.domains.messaging.ports import CONTACT_HEADER
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.web.messages import MessageRoutes
from tests.database.messaging.test_letters_and_budget import (
    EMAIL,
    LINKS,
    NOON,
    office,
    programme,
    reachable,
    say,
    smtp,
    template,
    told,
)
from tests.fakes.mail import LocalSmtp

__all__ = ["smtp"]  # a fixture

DSN = """From: MAILER-DAEMON@mx.example
To: hello@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="cut"

--cut
Content-Type: text/plain

Sorry.

--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{address}> unknown here

--cut
Content-Type: {content_type}

{original}

--cut--
"""
COMPLAINT = """From: fbl@provider.example
To: hello@shop.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="cut"

--cut
Content-Type: text/plain

One of yours called this junk.

--cut
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1

--cut
Content-Type: message/rfc822

{original}

--cut--
"""
WORDS = programme(template("news", ["email"]), template("receipt", ["email"], purpose="service"))


class Mailbox:
    """A member who got an e-mail, and what came back of it."""

    def __init__(self, database: Database, member_id: MemberId, sent: bytes) -> None:
        self.database, self.member_id = database, member_id
        self.original = sent.decode().replace("\r\n", "\n").strip()
        self.headers = self.original.partition("\n\n")[0]

    @classmethod
    async def of(cls, admin: Any, database: Database, server: LocalSmtp) -> "Mailbox":
        """Somebody was sent the news."""
        member_id = await reachable(admin, database)
        await say(database, WORDS, member_id, "news")
        await office(database, WORDS, server).post.send_due()
        return cls(database, member_id, bytes(server.taken[-1]))

    def dsn(self, status: str = "5.1.1", action: str = "failed", *, whole: bool = False, **changes: str) -> bytes:
        """What the mail system sends back."""
        original, kind = (self.original, "message/rfc822") if whole else (self.headers, "text/rfc822-headers")
        given = {"address": EMAIL, "original": original, "content_type": kind, "status": status, "action": action}
        return DSN.format(**given | changes).encode()

    async def hears(self, raw: bytes) -> str:
        """A report is read."""
        report = read_mail_report(raw)
        if report is None:
            return "nothing"
        async with self.database.transaction() as tx:
            return await commands.hear_of_mail(tx, LINKS, report, Moment(NOON))

    async def asked(self, key: str = "news") -> str:
        """What the governor says to another e-mail."""
        return told(await say(self.database, WORDS, self.member_id, key))["email"]


@pytest.mark.parametrize("whole", [False, True])
async def test_an_address_that_does_not_exist_is_written_to_no_more(
    admin: Any, database: Database, smtp: LocalSmtp, whole: bool
) -> None:
    """Whether the report carries the whole e-mail or its headers; the log says why, and hearing it twice is once."""
    box = await Mailbox.of(admin, database, smtp)
    assert await box.hears(box.dsn(whole=whole)) == "suppressed"
    assert await box.hears(box.dsn(whole=whole)) == "suppressed"
    assert await box.asked() == "suppressed address_blocked"
    assert await box.asked("receipt") == "suppressed address_blocked"
    [(reason, what)] = await admin.fetch(
        "SELECT b.reason, r.what FROM message_address_block b JOIN message_report r USING (member_id)"
    )
    assert what == "failed"
    assert reason.startswith("5.1.1 smtp; 550 5.1.1")
    assert EMAIL not in reason


@pytest.mark.parametrize(
    ("status", "action", "outcome"),
    [("5.7.1", "failed", "noted"), ("5.2.2", "failed", "noted"), ("4.4.1", "delayed", "nothing")],
)
async def test_what_may_pass_suppresses_nobody(
    admin: Any, database: Database, smtp: LocalSmtp, status: str, action: str, outcome: str
) -> None:
    """A refusal for its contents, a full mailbox and a delay say nothing against the address."""
    box = await Mailbox.of(admin, database, smtp)
    assert await box.hears(box.dsn(status, action)) == outcome
    assert await admin.fetchval("SELECT count(*) FROM message_address_block") == 0


async def test_a_report_that_we_did_not_cause_changes_nothing(admin: Any, database: Database, smtp: LocalSmtp) -> None:
    """One without our header, one whose header was changed, and plain words: anybody can write those."""
    box = await Mailbox.of(admin, database, smtp)
    token = BytesParser(policy=policy.default).parsebytes(box.original.encode())[CONTACT_HEADER]
    forged = box.dsn(original=box.headers.replace(token[-4:], "AAAA"))
    for raw, outcome in (
        (box.dsn(original="Subject: hello"), "unknown"), (forged, "unknown"), (b"Subject: hello\n\nhello", "nothing"),
        (b"\xff\x00", "nothing"),
    ):  # fmt: skip
        assert await box.hears(raw) == outcome
    assert await admin.fetchval("SELECT count(*) FROM message_address_block") == 0
    assert await admin.fetchval("SELECT count(*) FROM message_report") == 0


async def test_an_address_that_was_changed_meanwhile_is_left_alone(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """The old one bounced; the new one is written to."""
    box = await Mailbox.of(admin, database, smtp)
    await admin.execute("UPDATE member_contact SET value = 'new@example.it' WHERE kind = 'email'")
    assert await box.hears(box.dsn()) == "suppressed"
    assert await admin.fetchval("SELECT count(*) FROM message_address_block") == 0
    assert await box.asked() == "sent allowed"


async def test_who_calls_it_junk_has_withdrawn_consent(admin: Any, database: Database, smtp: LocalSmtp) -> None:
    """And their address gets nothing more, although the provider hid it."""
    box = await Mailbox.of(admin, database, smtp)
    assert await box.hears(COMPLAINT.format(original=box.original).encode()) == "suppressed"
    consent = "SELECT granted FROM member_consent WHERE purpose = 'marketing' AND channel = $1"
    assert await admin.fetchval(consent, Channel.EMAIL.value) is False
    assert await box.asked() == "suppressed no_consent"
    assert await box.asked("receipt") == "suppressed address_blocked"


async def test_a_mail_system_posts_to_an_address_that_it_alone_knows(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """A wrong address of the route is 404, too long a report 413, and neither writes anything."""
    box = await Mailbox.of(admin, database, smtp)
    routes = MessageRoutes(database, LINKS, None, lambda: Moment(NOON), read_mail_report).routes()
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport) as http:
        right = LINKS.bounces()
        assert (await http.post(right[:-2] + "xx", content=box.dsn())).status_code == 404
        assert (await http.post(right, content=box.dsn() + b"x" * 600_000)).status_code == 413
        assert await admin.fetchval("SELECT count(*) FROM message_address_block") == 0
        assert (await http.post(right, content=box.dsn())).status_code == 204
    assert await admin.fetchval("SELECT count(*) FROM message_address_block") == 1
