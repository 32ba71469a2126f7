"""Staff give a tier with a reason and an end, and take it back; the member sees it at once, and a till does."""

from datetime import timedelta
from typing import Any

from fedele.api import ids
from fedele.kernel.ids import new_id
from tests.factories.standing_operations import a_grant, grants_of_a_member
from tests.fixtures.api import Api

GRANT = """
mutation ($input: GrantTierInput!) {
  grantTier(input: $input) { grant { id tier reason until endedAt } userErrors { code field message } }
}
"""
END = """
mutation ($input: EndTierGrantInput!) { endTierGrant(input: $input) { grant { endedAt } userErrors { code field } } }
"""
TIER = "{ me { tier { current { key } keptUntil } } }"


async def tier_of(api: Api) -> str:
    """What the member sees."""
    answer = await api.ask(TIER)
    key: str = answer["data"]["me"]["tier"]["current"]["key"]
    return key


async def test_a_granted_tier_is_seen_at_once_and_ends_when_it_is_ended(api: Api) -> None:
    """Given, shown to the member with its end; ended, and the member has what was earned."""
    before = await tier_of(api)
    given = (await api.ask_staff(GRANT, **await a_grant(api)))["data"]["grantTier"]
    assert given["userErrors"] == []
    assert await tier_of(api) == given["grant"]["tier"] != before
    ended = (await api.ask_staff(END, input={"grantId": given["grant"]["id"]}))["data"]["endTierGrant"]
    assert ended["grant"]["endedAt"] is not None
    assert await tier_of(api) == before


async def test_a_grant_is_given_once_for_each_key(api: Api) -> None:
    """A retry is answered with the first grant; another body under the key is refused."""
    asked = await a_grant(api)
    first, again = [(await api.ask_staff(GRANT, **asked))["data"]["grantTier"]["grant"]["id"] for _ in range(2)]
    assert first == again
    other = {"input": asked["input"] | {"reason": "Another"}}
    refused = (await api.ask_staff(GRANT, **other))["data"]["grantTier"]
    assert [error["code"] for error in refused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM tier_grant") == 1


async def test_what_cannot_be_granted_is_refused_and_nothing_is_written(api: Api) -> None:
    """An unknown tier, everybody's tier, an end in the past, no reason, nobody."""
    good = (await a_grant(api))["input"]
    past = (api.moment.now - timedelta(days=1)).isoformat()
    lowest = await tier_of(api)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"tier": "platinum-plus"}, "TIER_UNKNOWN", "tier"),
        ({"tier": lowest}, "TIER_UNKNOWN", "tier"),
        ({"until": past}, "INVALID_INPUT", "until"),
        ({"reason": "  "}, "INVALID_INPUT", "reason"),
        ({"memberId": ids.member_id(new_id())}, "NOT_FOUND", "memberId"),  # type: ignore[arg-type]
        ({"memberId": "member_nonsense"}, "NOT_FOUND", "memberId"),
    ]
    for number, (change, code, field) in enumerate(wrong):
        asked = good | change | {"idempotencyKey": f"wrong-{number}"}
        answer = (await api.ask_staff(GRANT, input=asked))["data"]["grantTier"]
        assert [(error["code"], error["field"][-1]) for error in answer["userErrors"]] == [(code, field)]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM tier_grant") == 0
    assert await api.database.reader.fetch_value("SELECT count(*) FROM tier_standing") == 0


async def test_a_till_may_not_give_tiers(api: Api) -> None:
    """Its key lacks the scope."""
    answer = await api.ask_staff(GRANT, headers=api.till, **await a_grant(api))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await api.database.reader.fetch_value("SELECT count(*) FROM tier_grant") == 0


async def test_the_desk_sees_every_grant_with_its_reason(api: Api) -> None:
    """Ten grants, the newest first, and one line of history: the tier rose once."""
    variables = await grants_of_a_member(api)
    query = "query ($member: ID!) { member(id: $member) { tierGrants { reason } tierHistory { reason after } } }"
    member = (await api.ask_staff(query, **variables))["data"]["member"]
    assert [grant["reason"] for grant in member["tierGrants"]] == ["Goodwill"] * 10
    assert [change["reason"] for change in member["tierHistory"]] == ["manual"]


async def test_an_unknown_grant_is_not_found(api: Api) -> None:
    """An id of nothing, and no id at all."""
    for text in (ids.row_id("grant", api.member.member_id, new_id()), "grant_0"):
        answer = (await api.ask_staff(END, input={"grantId": text}))["data"]["endTierGrant"]
        assert [error["code"] for error in answer["userErrors"]] == ["NOT_FOUND"]
