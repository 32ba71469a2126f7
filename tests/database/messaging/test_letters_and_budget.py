"""One voice: every channel under one budget, letters that leave once, and a way to stop them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretBytes
from starlette.applications import Starlette

from fedele.adapters.mail.smtp import SmtpMail, SmtpServer
from fedele.adapters.sms.twilio import TwilioSms, signature
from fedele.db.database import Database
from fedele.domains.members.types import Channel
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.delivery import LEASE, Post
from fedele.domains.messaging.ports import MessageLinks
from fedele.domains.messaging.types import ContactAsked, Decision, MessageAsked
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.web.messages import MessageRoutes
from tests.factories.messaging import NOON, make_device, make_member, make_messages, make_programme, make_template
from tests.fakes.mail import LocalSmtp, serve_smtp
from tests.fakes.sms import ACCOUNT, TOKEN, Answer, LocalTwilio

EMAIL, PHONE = "giulia@example.com", "+393331234567"
EVERYWHERE = [("marketing", channel) for channel in ("push", "email", "sms", "wallet")]
LINKS = MessageLinks("https://shop.example", SecretBytes(b"links of tests, thirty-two bytes"))


def template(key: str, channels: Sequence[str], **changes: Any) -> dict[str, Any]:
    """A marketing template for these channels, sent by name only."""
    return make_template(key=key, on=None, channels=list(channels), deep_link="https://shop.example/offers") | changes


def programme(*templates: dict[str, Any], **changes: Any) -> Programme:
    """A programme with these templates and no quiet hours, unless said otherwise."""
    return make_programme(make_messages(*templates, **({"quiet_hours": None, "pushes_per_day_max": None} | changes)))


async def reachable(admin: Any, database: Database, **changes: Any) -> MemberId:
    """A member with a phone, an address and a number, who agreed to marketing everywhere."""
    member_id = await make_member(admin, **({"consents": EVERYWHERE} | changes))
    await make_device(database, member_id, f"token-{member_id.hex}")
    for kind, value in (("email", EMAIL), ("phone", PHONE)):
        await admin.execute("INSERT INTO member_contact VALUES ($1, $2, $3, $4)", member_id, kind, value, NOON)
    return member_id


async def say(
    database: Database, words: Programme, member_id: MemberId, key: str, now: datetime = NOON, **more: Any
) -> list[Decision]:
    """Send one template by name."""
    asked = MessageAsked(**({"member_id": member_id, "template": key, "source_id": new_id()} | more))
    async with database.transaction() as tx:
        return await commands.send(tx, words, asked, Moment(now))


def told(decisions: Sequence[Decision]) -> dict[str, str]:
    """Channel → outcome and reason."""
    return {decision.channel.value: f"{decision.outcome} {decision.reason}" for decision in decisions}


@pytest.fixture
async def smtp() -> AsyncIterator[LocalSmtp]:
    """A mail server of this test."""
    async with serve_smtp() as local:
        yield local


class Office:
    """Post with both carriers over local servers, and a clock to turn."""

    def __init__(self, database: Database, words: Programme, smtp: LocalSmtp, twilio: LocalTwilio) -> None:
        self.now, self.words, self.twilio, self.smtp = NOON, words, twilio, smtp
        mail = SmtpMail(SmtpServer.parse(smtp.url), "Shop <hello@shop.example>", timeout_seconds=30)
        self.sms = TwilioSms(twilio.client(), ACCOUNT, TOKEN, "+390299990000")
        carriers = {Channel.EMAIL: mail, Channel.SMS: self.sms}
        self.post = Post(database, self._programme_at, carriers, LINKS, lambda: Moment(self.now))
        routes = MessageRoutes(database, LINKS, self.sms, lambda: Moment(self.now)).routes()
        transport = httpx.ASGITransport(Starlette(routes=routes))
        self.http = httpx.AsyncClient(transport=transport, base_url="https://shop.example")

    async def _programme_at(self, when: datetime) -> Programme:
        return self.words


def office(database: Database, words: Programme, smtp: LocalSmtp) -> Office:
    """An office over fresh servers."""
    return Office(database, words, smtp, LocalTwilio())


async def states(admin: Any) -> dict[str, str]:
    """Channel → state of its letter."""
    return {row["channel"]: row["state"] for row in await admin.fetch("SELECT channel, state FROM message_letter")}


async def test_all_channels_draw_on_one_budget(admin: Any, database: Database) -> None:
    """Two places a day: the push and the e-mail take them; the text, and whatever comes later, is held back."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["push", "email", "sms", "in_app"]), budget={"per_day": 2})
    assert told(await say(database, words, member_id, "news")) == {
        "email": "sent allowed", "in_app": "sent allowed", "push": "sent allowed", "sms": "suppressed daily_cap",
    }  # fmt: skip
    later = await say(database, words, member_id, "news")
    assert told(later)["push"] == "suppressed daily_cap"
    tomorrow = await say(database, words, member_id, "news", NOON + timedelta(days=1))
    assert told(tomorrow)["push"] == "sent allowed"


async def test_no_page_of_the_log_parts_what_was_decided_at_once(admin: Any, database: Database) -> None:
    """Three channels of one message, twice: whoever goes on from the last line's time misses none of them."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["push", "email", "sms"]))
    for day in range(2):
        await say(database, words, member_id, "news", NOON + timedelta(days=day))
    first = await queries.list_decisions(database.reader, member_id, first=2)
    rest = await queries.list_decisions(database.reader, member_id, first=2, before=first[-1].decided_at)
    assert [len(first), len(rest)] == [3, 3]
    assert len({(one.decided_at, one.channel) for one in (*first, *rest)}) == 6


async def test_the_last_place_is_given_once_however_many_reach_for_it(admin: Any, database: Database) -> None:
    """Eight sends by four channels race for one place: one gets it, and one thing is on its way."""
    member_id = await reachable(admin, database)
    await admin.execute(
        "INSERT INTO pass (member_id, serial, kind, authentication_token, content_digest, issued_at, updated_at) "
        "VALUES ($1, 's', 'card', 'tokentokentokentoken', '', $2, $2)", member_id, NOON,
    )  # fmt: skip
    channels = ["push", "email", "sms", "wallet"]
    words = programme(*(template(name, [name]) for name in channels), budget={"per_day": 1})
    decided = await asyncio.gather(*(say(database, words, member_id, name) for name in channels * 2))
    outcomes = sorted(told(decisions).popitem()[1] for decisions in decided)
    assert outcomes == ["sent allowed"] + ["suppressed daily_cap"] * 7
    leaving = await admin.fetchval("SELECT (SELECT count(*) FROM push_send) + (SELECT count(*) FROM message_letter)")
    assert leaving == 1


async def test_the_statement_holds_the_budget_even_for_a_caller_who_ruled_otherwise(
    admin: Any, database: Database
) -> None:
    """A ruling made on outdated facts: the statement that records it counts for itself, and looks at consent."""
    from fedele.domains.members.types import Purpose
    from fedele.domains.messaging.commands.asking import Named, write_down
    from fedele.domains.messaging.config import MessagesConfig
    from fedele.domains.messaging.governor import Ask, ContactFacts, rule

    words = programme(template("news", ["email"]), budget={"per_day": 1})
    config = words.section(MessagesConfig)
    member_id = await reachable(admin, database)
    stranger = await make_member(admin, consents=[])
    stale = ContactFacts(
        True, "Europe/Rome", frozenset({(Purpose.MARKETING, Channel.EMAIL)}), reachable=frozenset({Channel.EMAIL})
    )
    ask = Ask(Purpose.MARKETING, (Channel.EMAIL,))
    for expected in ("sent allowed", "suppressed daily_cap"):
        ruled = [(Named(member_id, new_id(), "news"), ask, stale, rule(ask, stale, config, NOON))]
        async with database.transaction() as tx:
            [decisions] = await write_down(tx, config, ruled, Moment(NOON))
        assert told(decisions) == {"email": expected}
    async with database.transaction() as tx:
        ruled = [(Named(stranger, new_id(), "news"), ask, stale, rule(ask, stale, config, NOON))]
        [decisions] = await write_down(tx, config, ruled, Moment(NOON))
    assert told(decisions) == {"email": "suppressed no_consent"}


async def test_a_member_gets_it_by_the_channel_they_prefer_or_the_next_that_reaches_them(
    admin: Any, database: Database
) -> None:
    """Route `first`: e-mail for who prefers it, push for who said nothing, text for who has no phone registered."""
    words = programme(template("news", ["push", "email", "sms"], route="first"))
    prefers = await reachable(admin, database)
    await admin.execute(
        'UPDATE member_profile SET preferences = \'{"channel": "email"}\' WHERE member_id = $1', prefers
    )
    silent = await reachable(admin, database)
    only_sms = await reachable(admin, database, consents=[("marketing", "sms")])
    for member_id, channel in ((prefers, "email"), (silent, "push"), (only_sms, "sms")):
        decided = told(await say(database, words, member_id, "news"))
        assert [name for name, what in decided.items() if what == "sent allowed"] == [channel]
    assert await admin.fetchval("SELECT count(*) FROM push_send") == 1


async def test_of_a_group_one_is_said(admin: Any, database: Database) -> None:
    """Exclusive messages: the second of the group is held back for its days, another group's is not."""
    member_id = await reachable(admin, database)
    words = programme(
        template("a", ["push", "email"], exclusive={"group": "sales", "days": 3}),
        template("b", ["push"], exclusive={"group": "sales", "days": 3}),
        template("c", ["push"], exclusive={"group": "other", "days": 3}),
        budget={"per_day": 9},
    )
    assert set(told(await say(database, words, member_id, "a")).values()) == {"sent allowed"}
    assert told(await say(database, words, member_id, "b")) == {"push": "suppressed exclusive"}
    assert told(await say(database, words, member_id, "c")) == {"push": "sent allowed"}
    later = await say(database, words, member_id, "b", NOON + timedelta(days=3, seconds=1))
    assert told(later) == {"push": "sent allowed"}


async def test_the_wallet_asks_before_it_notifies(admin: Any, database: Database) -> None:
    """A yes takes a place, the answer stands when asked again, and at night it is for the morning."""
    member_id = await reachable(admin, database)
    await admin.execute(
        "INSERT INTO pass (member_id, serial, kind, authentication_token, content_digest, issued_at, updated_at) "
        "VALUES ($1, 's', 'card', 'tokentokentokentoken', '', $2, $2)", member_id, NOON,
    )  # fmt: skip
    words = programme(
        template("news", ["push"]), budget={"per_day": 1}, quiet_hours={"starts": "21:00", "ends": "08:00"}
    )
    asked = ContactAsked(member_id=member_id, source_id=new_id(), key="wallet.balance")

    async def ask(question: ContactAsked, now: datetime) -> str:
        async with database.transaction() as tx:
            return told([await commands.may_contact(tx, words, question, Moment(now))])["wallet"]

    assert await ask(asked, NOON) == "sent allowed"
    assert await ask(asked, NOON + timedelta(minutes=1)) == "sent allowed"
    assert told(await say(database, words, member_id, "news")) == {"push": "suppressed daily_cap"}
    night = ContactAsked(member_id=member_id, source_id=new_id(), key="wallet.balance")
    assert await ask(night, datetime(2026, 11, 21, 22, tzinfo=UTC)) == "deferred quiet_hours"


async def test_an_email_leaves_once_in_the_members_language_and_its_link_stops_the_next(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """Words, one-click way out, and what follows: a GET changes nothing, one POST withdraws the consent for good."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["email"], title={"it": "Per te, {name}"}, body={"it": "Due <buone> notizie."}))
    room = office(database, words, smtp)
    await say(database, words, member_id, "news")
    await asyncio.gather(*(room.post.send_due() for _ in range(5)))
    [got] = smtp.taken
    html = got.get_body(("html",))
    assert html is not None
    assert (str(got["Subject"]), str(got["To"])) == ("Per te, Giulia", EMAIL)
    assert "Due &lt;buone&gt; notizie." in html.get_content()
    link = str(got["List-Unsubscribe"]).strip("<>").replace("\r\n", "").replace(" ", "")
    assert (await room.http.get(link)).status_code == 200
    assert await admin.fetchval("SELECT granted FROM member_consent WHERE channel = 'email'") is True
    assert (await room.http.post(link[:-1] + "A")).status_code == 404
    done = await room.http.post(link, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "Non riceverai più" in done.text) == (200, True)
    assert await admin.fetchval("SELECT granted FROM member_consent WHERE channel = 'email'") is False
    assert told(await say(database, words, member_id, "news")) == {"email": "suppressed no_consent"}


async def test_consent_withdrawn_while_it_waits_stops_a_letter(admin: Any, database: Database, smtp: LocalSmtp) -> None:
    """Looked at once more in the statement that claims it."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["email", "sms"]))
    room = office(database, words, smtp)
    await say(database, words, member_id, "news")
    await admin.execute("UPDATE member_consent SET granted = false WHERE channel = 'email'")
    await room.post.send_due()
    assert (smtp.taken, len(room.twilio.taken)) == ([], 1)
    assert await states(admin) == {"email": "withdrawn", "sms": "sent"}


async def test_an_address_that_does_not_exist_is_not_written_to_again(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """The governor knows: the address is blocked. A new address of the member's is another matter."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["email"]))
    room = office(database, words, smtp)
    smtp.refuses[EMAIL] = "550 5.1.1 no such user"
    await say(database, words, member_id, "news")
    await room.post.send_due()
    assert await states(admin) == {"email": "unregistered"}
    assert told(await say(database, words, member_id, "news")) == {"email": "suppressed address_blocked"}
    await admin.execute("INSERT INTO member_contact VALUES ($1, 'email', 'new@example.com', $2)", member_id, NOON)
    assert told(await say(database, words, member_id, "news")) == {"email": "sent allowed"}


async def test_a_worker_killed_after_the_text_left_texts_nobody_twice(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """The lease runs out with the letter still claimed: the next worker asks the provider before it sends."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["sms"]))
    room = office(database, words, smtp)
    await say(database, words, member_id, "news")
    room.twilio.script(PHONE, Answer(hang=True))
    await room.post.send_due()  # taken, and nobody heard
    await admin.execute("UPDATE message_letter SET state = 'sending', next_at = $1", NOON + LEASE)  # … then killed
    room.now = NOON + LEASE + timedelta(seconds=1)
    await room.post.send_due()
    assert (len(room.twilio.taken), await states(admin)) == (1, {"sms": "sent"})
    assert [request.method for request in room.twilio.requests] == ["POST", "GET"]


async def test_a_text_that_may_have_left_before_the_night_is_asked_after_in_the_morning(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """The answer was lost at five to nine, quiet hours began: at eight the provider is asked instead."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["sms"]), quiet_hours={"starts": "21:00", "ends": "08:00"})
    shop, evening = office(database, words, smtp), datetime(2026, 11, 21, 19, 55, tzinfo=UTC)  # in Rome 20:55
    shop.twilio.script(PHONE, Answer(hang=True))
    await say(database, words, member_id, "news", evening)
    for at in (evening, evening + timedelta(minutes=10), evening + timedelta(hours=12)):
        shop.now = at
        await shop.post.send_due()
    assert [len(shop.twilio.taken), await states(admin)] == [1, {"sms": "sent"}]


async def test_what_the_provider_tells_is_believed_when_it_is_signed(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """Delivered is noted once; a callback without the signature, or for another message, is refused."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["sms"]))
    room = office(database, words, smtp)
    await say(database, words, member_id, "news")
    await room.post.send_due()
    url, form = room.twilio.taken[0]["callback"], {"MessageSid": "SM1", "MessageStatus": "delivered"}
    assert (await room.http.post(url, data=form)).status_code == 403
    for _ in range(2):
        answer = await room.http.post(url, data=form, headers={"X-Twilio-Signature": signature(TOKEN, url, form)})
        assert answer.status_code == 204
    assert await admin.fetchval("SELECT array_agg(what) FROM message_report") == ["delivered"]


async def test_a_click_is_noted_and_leads_where_the_letter_said(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """The link in the e-mail notes click, opening and sight, once each, and leads nowhere but to the signed target."""
    member_id = await reachable(admin, database)
    words = programme(template("news", ["email"]))
    room = office(database, words, smtp)
    [decision] = await say(database, words, member_id, "news")
    await room.post.send_due()
    assert decision.contact_id is not None
    link = LINKS.go(member_id, decision.contact_id, "https://shop.example/offers")
    text = smtp.taken[0].get_body(("plain",))
    assert text is not None
    assert link in text.get_content()
    for _ in range(2):
        answer = await room.http.get(link)
        assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/offers")
    rows = await admin.fetch("SELECT what FROM message_report ORDER BY what")
    assert [row["what"] for row in rows] == ["clicked", "opened", "seen"]
    kinds = [row["kind"] for row in await admin.fetch("SELECT kind FROM outbox WHERE kind = 'message.reported'")]
    assert len(kinds) == 2


async def test_words_for_the_card_are_set_and_told_to_the_wallet(
    admin: Any, database: Database, smtp: LocalSmtp
) -> None:
    """Channel wallet: the card's news is the newest unexpired message, and an event says that it changed."""
    member_id = await reachable(admin, database)
    await admin.execute(
        "INSERT INTO pass (member_id, serial, kind, authentication_token, content_digest, issued_at, updated_at) "
        "VALUES ($1, 's', 'card', 'tokentokentokentoken', '', $2, $2)", member_id, NOON,
    )  # fmt: skip
    words = programme(template("news", ["wallet"], title={"it": "Doppi punti oggi"}))
    room = office(database, words, smtp)
    await say(database, words, member_id, "news")
    assert await queries.find_wallet_message(database.reader, words, member_id, Moment(NOON)) is None
    await room.post.send_due()
    found = await queries.find_wallet_message(database.reader, words, member_id, Moment(NOON))
    assert found is not None
    assert found.title == "Doppi punti oggi"
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'message.wallet_message_set'") == 1
    gone = Moment(NOON + timedelta(days=2))
    assert await queries.find_wallet_message(database.reader, words, member_id, gone) is None


async def test_in_the_app_what_matters_more_stands_first_and_is_shown_as_often_as_allowed(
    admin: Any, database: Database
) -> None:
    """Priority, placement and the limit of showings; a click says that it was opened and seen."""
    member_id = await reachable(admin, database)
    words = programme(
        template("low", ["in_app"], priority="low", shown_max=2),
        template("high", ["in_app"], priority="high"),
        template("shop", ["in_app"], placement="checkout"),
    )
    for key in ("high", "low", "shop"):
        await say(database, words, member_id, key)

    async def shown(placement: str | None = None) -> list[str]:
        page = await queries.list_messages(database.reader, words, member_id, Moment(NOON), placement=placement)
        return [message.template_key for message in page.items]

    assert await shown() == ["high", "shop", "low"]
    assert await shown("checkout") == ["shop"]
    page = await queries.list_messages(database.reader, words, member_id, Moment(NOON), first=1)
    rest = await queries.list_messages(database.reader, words, member_id, Moment(NOON), after=page.cursors[0])
    assert [message.template_key for message in (*page.items, *rest.items)] == ["high", "shop", "low"]
    low = rest.items[-1].message_id
    for newly in (1, 0):
        async with database.transaction() as tx:
            assert await commands.mark_seen(tx, member_id, [low], Moment(NOON)) == newly
    assert await shown() == ["high", "shop"]
