"""Staff ask why somebody was written to, and what a campaign would do; a member tells what became of a message."""

from typing import Any

import pytest

from fedele.domains.auth.commands import create_key
from fedele.domains.auth.types import ALL_SCOPES, Scope
from fedele.domains.messaging import commands
from fedele.domains.messaging.types import AmountValue
from fedele.domains.segments.commands import rebuild
from fedele.kernel.ids import encode_id, new_id
from tests.factories.messaging import make_device
from tests.fixtures.api import Api

DECISIONS = """query ($id: ID!) { messageDecisions(memberId: $id) {
    template channel outcome reason explanation campaign details } }"""
PREVIEW = '{ previewMessageCampaign(key: "weekend-coffee") { audience now later refused reasons { reason members } } }'
FUNNEL = '{ messageFunnel(key: "weekend-coffee") { variant sent } messageCampaigns { key holdoutPercent } }'
REPORT = (
    """mutation ($input: ReportMessagesInput!) { reportMessages(input: $input) { newlyNoted userErrors { code } } }"""
)


async def tell(api: Api) -> None:
    """The member earned points, and is told by push and in the app."""
    await make_device(api.database, api.member.member_id, "token-of-the-member")
    programme = await api.services.programmes.at(api.moment.now)
    values = {"amount": AmountValue("points", 10), "balance": AmountValue("points", 90)}
    async with api.database.transaction() as tx:
        await commands.announce(tx, programme, api.member.member_id, "points.earned", values, new_id(), api.moment)


async def test_why_and_why_not_stand_in_the_log(api: Api) -> None:
    """The member never agreed to pushes: the log says so, in words; the message in the app stands beside it."""
    await tell(api)
    answer = await api.ask_staff(DECISIONS, id=encode_id("member", api.member.member_id))
    found = {line["channel"]: line for line in answer["data"]["messageDecisions"]}
    assert (found["push"]["outcome"], found["push"]["reason"]) == ("SUPPRESSED", "NO_CONSENT")
    assert found["push"]["explanation"]
    assert found["in_app"]["outcome"] == "SENT"
    assert found["push"]["details"]["per_day"] == 3


async def test_a_preview_counts_and_writes_nothing(api: Api, admin: Any) -> None:
    """Nobody bought anything yet, so the campaign is for nobody; its figures are empty, its key is known."""
    await rebuild(api.database, await api.services.programmes.at(api.moment.now), api.moment)
    answer = await api.ask_staff(PREVIEW)
    assert answer["data"]["previewMessageCampaign"] == {
        "audience": 0, "now": 0, "later": 0, "refused": False, "reasons": [],
    }  # fmt: skip
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 0
    told = (await api.ask_staff(FUNNEL))["data"]
    assert told == {"messageFunnel": [], "messageCampaigns": [{"key": "weekend-coffee", "holdoutPercent": 10}]}
    unknown = await api.ask_staff(PREVIEW.replace("weekend-coffee", "nothing"))
    assert unknown["data"]["previewMessageCampaign"] is None


@pytest.mark.parametrize(("query", "scope"), [(PREVIEW, Scope.REPORTS_READ), (FUNNEL, Scope.REPORTS_READ)])
async def test_figures_need_their_scope(api: Api, query: str, scope: Scope) -> None:
    """A key with every other scope reads none of it."""
    async with api.database.transaction() as tx:
        key = await create_key(tx, "curious", ALL_SCOPES - {scope}, api.moment)
    answer = await api.ask_staff(query, {"authorization": f"Bearer {key.text.get_secret_value()}"})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_click_is_noted_once_and_only_for_the_members_own(api: Api, admin: Any) -> None:
    """By the id in the app or the number in a push; a stranger who knows the number notes nothing."""
    await tell(api)
    contact = await admin.fetchval("SELECT contact_id FROM message_decision WHERE channel = 'in_app'")
    asked: dict[str, Any] = {"input": {"reports": [{"messageId": str(contact), "what": "CLICKED"}]}}
    stranger = await api.ask(REPORT, api.stranger.headers, **asked)
    assert stranger["data"]["reportMessages"] == {"newlyNoted": 0, "userErrors": []}
    assert (await api.ask(REPORT, **asked))["data"]["reportMessages"]["newlyNoted"] == 3
    by_id = encode_id("message", api.member.member_id, contact)
    again: dict[str, Any] = {"input": {"reports": [{"messageId": by_id, "what": "OPENED"}]}}
    assert (await api.ask(REPORT, **again))["data"]["reportMessages"]["newlyNoted"] == 0


async def test_a_message_says_why_it_is_shown(api: Api) -> None:
    """Placement, priority and the reason in the member's language come with it."""
    await tell(api)
    query = "{ me { messages { edges { node { placement priority reason actions { key } } } } } }"
    [edge] = (await api.ask(query))["data"]["me"]["messages"]["edges"]
    assert (edge["node"]["placement"], edge["node"]["priority"], edge["node"]["actions"]) == ("home", "normal", [])
    assert edge["node"]["reason"]
