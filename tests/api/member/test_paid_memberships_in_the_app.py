"""A member sees what is on offer, joins, and leaves, in the app."""

from typing import Any

from fedele.api import ids
from tests.factories.standing_operations import a_join, clubs, eight_memberships
from tests.fixtures.api import Api

JOIN = """
mutation ($input: JoinMembershipInput!) {
  joinMembership(input: $input) {
    membership { key state trial coveredUntil refundIfCancelled { amount } } userErrors { code field message }
  }
}
"""
CANCEL = """
mutation ($input: CancelMembershipInput!) {
  cancelMembership(input: $input) {
    membership { state coveredUntil } refund { amount currency } userErrors { code field message }
  }
}
"""
MINE = "{ me { memberships { key state trial } } }"


async def test_what_is_on_offer_is_public(api: Api) -> None:
    """Prices and lengths, without a login."""
    await clubs(api)
    query = "{ memberships { key trial plans { key period price { amount currency } } } }"
    first = (await api.ask(query, headers={}))["data"]["memberships"][0]
    assert first == {
        "key": "club-0",
        "trial": "P30D",
        "plans": [
            {"key": "monthly", "period": "P1M", "price": {"amount": "10.00", "currency": "USD"}},
            {"key": "yearly", "period": "P1Y", "price": {"amount": "100.00", "currency": "USD"}},
        ],
    }


async def test_joining_begins_the_trial_at_once_and_once(api: Api) -> None:
    """Twice with one key is one membership; with another key it is held already."""
    asked = await a_join(api)
    first = (await api.ask(JOIN, **asked))["data"]["joinMembership"]
    again = (await api.ask(JOIN, **asked))["data"]["joinMembership"]
    assert first == again
    assert (first["membership"]["state"], first["membership"]["trial"]) == ("ACTIVE", True)
    other = {"input": asked["input"] | {"idempotencyKey": "join-2"}}
    refused = (await api.ask(JOIN, **other))["data"]["joinMembership"]
    assert [(e["code"], e["field"][-1]) for e in refused["userErrors"]] == [("MEMBERSHIP_HELD_ALREADY", "membership")]
    mine = (await api.ask(MINE))["data"]["me"]["memberships"]
    assert mine == [{"key": "club-0", "state": "ACTIVE", "trial": True}]
    assert (await api.ask(MINE, headers=api.stranger.headers))["data"]["me"]["memberships"] == []


async def test_what_is_not_sold_cannot_be_joined(api: Api) -> None:
    """An unknown membership and an unknown plan; nothing is written, and the words are the member's."""
    asked = (await a_join(api))["input"]
    for number, change in enumerate(({"membership": "no-such"}, {"plan": "weekly"})):
        wrong = asked | change | {"idempotencyKey": f"wrong-{number}"}
        italian = {**api.member.headers, "accept-language": "it"}
        answer = (await api.ask(JOIN, headers=italian, input=wrong))["data"]["joinMembership"]
        assert [error["code"] for error in answer["userErrors"]] == ["MEMBERSHIP_UNKNOWN"]
        assert answer["userErrors"][0]["message"].startswith("Il programma non ha")
    assert await api.database.reader.fetch_value("SELECT count(*) FROM membership") == 0


async def test_leaving_with_the_refund_that_was_shown(api: Api) -> None:
    """What the app showed before is what goes back, and the membership is over."""
    await eight_memberships(api)
    shown = (await api.ask("{ me { memberships { key refundIfCancelled { amount } } } }"))["data"]["me"]["memberships"]
    answer = (await api.ask(CANCEL, input={"membership": "club-0", "idempotencyKey": "c"}))["data"]["cancelMembership"]
    assert answer["refund"] == shown[0]["refundIfCancelled"] | {"currency": "USD"}
    assert answer["membership"]["state"] == "CANCELLED"


async def test_nobody_leaves_what_they_do_not_have(api: Api) -> None:
    """The stranger's cancellation finds nothing of the member's."""
    await eight_memberships(api)
    asked = {"membership": "club-0", "idempotencyKey": "c"}
    answer = await api.ask(CANCEL, headers=api.stranger.headers, input=asked)
    codes = [error["code"] for error in answer["data"]["cancelMembership"]["userErrors"]]
    assert codes == ["MEMBERSHIP_NOT_HELD"]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM membership WHERE cancelled_at IS NOT NULL") == 0


async def test_a_refund_by_hand_stays_within_what_was_paid(api: Api) -> None:
    """Twelve of ten is refused with what is left; half a cent is no money; a till may not."""
    await eight_memberships(api)
    term_id = await api.database.reader.fetch_value("SELECT min(term_id::text)::uuid FROM membership_term")
    query = """
    mutation ($input: RefundMembershipTermInput!) {
      refundMembershipTerm(input: $input) { membership { state } userErrors { code message } }
    }
    """
    asked: dict[str, Any] = {"termId": ids.row_id("term", api.member.member_id, term_id), "idempotencyKey": "r"}
    for number, (amount, code) in enumerate((("12.00", "REFUND_EXCEEDS_PAYMENT"), ("0.005", "INVALID_INPUT"))):
        wrong = asked | {"amount": amount, "idempotencyKey": f"r-{number}"}
        told = (await api.ask_staff(query, input=wrong))["data"]["refundMembershipTerm"]["userErrors"]
        assert [error["code"] for error in told] == [code]
    forbidden = await api.ask_staff(query, headers=api.till, input=asked | {"amount": "1.00"})
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await api.database.reader.fetch_value("SELECT sum(refunded_minor) FROM membership_term") == 0
