"""Balances and entries as a member's app sees them, and corrections as staff make them, through the real endpoint."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fedele.api import ids
from fedele.domains.ledger import commands, queries
from fedele.kernel.ids import new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.ledger import burn, earn
from tests.fixtures.api import Api

POINTS = CurrencyKey("points")
BALANCES = """
query ($first: Int) { me { balances { currency { key } available pending reserved debt lifetime
  worth { amount currency } nextExpiries(first: $first) { amount expiresAt } } } }
"""
ENTRIES = "query { me { entries { edges { node { id kind account amount balance } } pageInfo { hasNextPage } } } }"
ADJUST = """
mutation ($input: AdjustInput!) { adjust(input: $input) { adjustment { amount waived available currency }
  userErrors { code field } } }
"""
SOON, LATER = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


async def given(api: Api) -> None:
    """Lots of 100 (gone), 200 and 50, of which 30 are spent, and 5 pending."""
    before = datetime(2026, 11, 1, tzinfo=UTC)
    operations = [
        earn(100, expires_at=before, occurred_at=before),
        earn(200, expires_at=SOON),
        earn(50, expires_at=LATER),
        burn(30),
        earn(5, activates_at=SOON),
    ]
    async with api.database.transaction() as tx:
        await commands.post(tx, api.member.member_id, operations, api.moment)


async def test_a_member_sees_what_can_be_spent_and_what_ends_next(api: Api) -> None:
    """Expired units are not shown though unswept; worth is exact; expiries come soonest first, as many as asked."""
    await given(api)
    answer = await api.ask(BALANCES, first=1)
    (balance,) = [item for item in answer["data"]["me"]["balances"] if item["currency"]["key"] == POINTS]
    assert (balance["available"], balance["pending"], balance["debt"], balance["lifetime"]) == ("220", "5", "0", "350")
    assert [expiry["amount"] for expiry in balance["nextExpiries"]] == ["170"]
    assert balance["worth"] is None or set(balance["worth"]) == {"amount", "currency"}
    refused = await api.ask(BALANCES, first=25)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_member_without_history_has_zero_balances(api: Api) -> None:
    """Every currency of the programme is there from the first day."""
    answer = await api.ask(BALANCES, first=3)
    balances = answer["data"]["me"]["balances"]
    assert POINTS in {balance["currency"]["key"] for balance in balances}
    assert {balance["available"] for balance in balances} == {"0"}


async def test_entries_are_the_members_own_and_can_be_explained(api: Api) -> None:
    """Movements come newest first; a stranger sees none of them and cannot have them explained."""
    await given(api)
    answer = await api.ask(ENTRIES)
    nodes = [edge["node"] for edge in answer["data"]["me"]["entries"]["edges"]]
    assert [(node["kind"], node["account"], node["amount"]) for node in nodes[:2]] == [
        ("EARN", "PENDING", "5"),
        ("BURN", "AVAILABLE", "-30"),
    ]
    explain = "query ($id: ID!) { me { explain(entry: $id) { occurredAt } } }"
    mine = await api.ask(explain, id=nodes[0]["id"])
    assert mine["data"]["me"]["explain"] is not None
    theirs = await api.ask(explain, headers=api.stranger.headers, id=nodes[0]["id"])
    assert theirs["data"]["me"]["explain"] is None
    none = await api.ask(ENTRIES, headers=api.stranger.headers)
    assert none["data"]["me"]["entries"]["edges"] == []


def correction(api: Api, **changes: Any) -> dict[str, Any]:
    """An adjustment's input."""
    member = ids.member_id(api.member.member_id)
    base = {"memberId": member, "currency": POINTS, "amount": "25", "reason": "cold coffee", "idempotencyKey": "a-1"}
    return base | changes


async def test_staff_adjust_once_with_a_reason(api: Api) -> None:
    """A correction is recorded with who and why; a repetition returns the first; another body is refused."""
    for _ in range(2):
        answer = await api.ask_staff(ADJUST, input=correction(api))
        assert answer["data"]["adjust"] == {
            "adjustment": {"amount": "25", "waived": "0", "available": "25", "currency": "points"},
            "userErrors": [],
        }
    other = await api.ask_staff(ADJUST, input=correction(api, amount="26"))
    assert other["data"]["adjust"]["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "field": None}]
    page = await queries.list_entries(api.database.reader, api.member.member_id, 5)
    assert [(entry.kind, entry.amount, entry.reason) for entry in page.items] == [
        ("adjust", 25, {"text": "cold coffee"})
    ]
    found = await queries.find_transaction(api.database.reader, api.member.member_id, page.items[0].transaction_id)
    assert found is not None
    assert found.actor


async def test_units_given_by_hand_live_as_the_currency_says(api: Api) -> None:
    """Left out, the end is that of units earned now: a year on, at the end of the month; given, it is the one given."""
    await api.ask_staff(ADJUST, input=correction(api))
    given = correction(api, expiresAt=LATER.isoformat(), idempotencyKey="another")
    await api.ask_staff(ADJUST, input=given)
    lots = await queries.list_lots(api.database.reader, api.member.member_id)
    today = api.moment.now.astimezone(ZoneInfo("America/New_York")).date()
    first_after = datetime(
        today.year + 1 + today.month // 12, today.month % 12 + 1, 1, tzinfo=ZoneInfo("America/New_York")
    )
    assert [lot.expires_at for lot in lots] == [LATER, first_after]


async def test_a_senseless_adjustment_says_which_field_and_changes_nothing(api: Api) -> None:
    """Unknown members and currencies, nothing, fractions, silence and too large a taking are refused."""
    stranger = ids.member_id(new_id())  # type: ignore[arg-type]
    wrong = {
        "NOT_FOUND": {"memberId": stranger},
        "INSUFFICIENT_POINTS": {"amount": "-1"},
    }
    for code, change in wrong.items():
        answer = await api.ask_staff(ADJUST, input=correction(api, **change))
        assert [error["code"] for error in answer["data"]["adjust"]["userErrors"]] == [code], change
    for change, field in [
        ({"currency": "gold"}, "currency"),
        ({"amount": "0"}, "amount"),
        ({"amount": "0.5"}, "amount"),
        ({"reason": "  "}, "reason"),
    ]:
        answer = await api.ask_staff(ADJUST, input=correction(api, **change))
        assert answer["data"]["adjust"]["userErrors"] == [{"code": "INVALID_INPUT", "field": ["input", field]}]
    assert (await queries.list_entries(api.database.reader, api.member.member_id, 5)).items == ()


async def test_a_till_may_neither_adjust_nor_read_a_ledger(api: Api) -> None:
    """Corrections and balances need their scopes: a till's key has neither."""
    answer = await api.ask_staff(ADJUST, headers=api.till, input=correction(api))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
