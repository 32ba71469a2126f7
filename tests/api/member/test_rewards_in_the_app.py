"""Rewards as a phone and the service desk see them: every kind with its fields, gifts, draws, choices, make-goods."""

from typing import Any, get_args

from fedele.api import ids
from fedele.api.execution.operations import read_operations
from fedele.api.member import reward_benefits
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.programme.commands import apply
from fedele.domains.rewards import config
from tests.factories.engagement_operations import riches
from tests.factories.programme import SMALL
from tests.fixtures.api import NOON, Api

DOCUMENTS = {f"{file.folder}/{file.name}": file.text for file in read_operations("member", "console")}
ADDRESS = {"recipient": "Anna Rossi", "street": "1 Orchard Lane", "city": "Lexington", "country": "US"}
EVERY_KIND = (
    SMALL
    + """
rewards:
  - {key: a, type: discount_amount, name: A, cost: {currency: points, amount: 1}, value: 5, minimum_spend: 20}
  - {key: b, type: discount_percent, name: B, cost: {currency: points, amount: 2}, percent: 12.5, discount_max: 8}
  - {key: c, type: free_product, name: C, cost: {currency: points, amount: 3}, skus: [x], value_max: 4}
  - {key: d, type: free_shipping, name: D, cost: {currency: points, amount: 4}, discount_max: 6}
  - {key: e, type: voucher_code, name: E, cost: {currency: points, amount: 5}, value: 3, money: USD}
  - {key: f, type: gift_card, name: F, cost: {currency: points, amount: 6}, value: 10}
  - {key: g, type: experience, name: G, cost: {currency: points, amount: 7}, starts_at: '2026-12-04T19:30',
     venue: {en: Hall, it: Sala}, seats: 2}
  - {key: h, type: early_access, name: H, cost: {currency: points, amount: 8}, access: drop, link: /drop}
  - {key: i, type: donation, name: I, cost: {currency: points, amount: 9}, cause: trees, value: 1.5}
  - {key: j, type: sweepstake_entry, name: J, cost: {currency: points, amount: 10}, winners: 3,
     dates: {ends: 2026-12-31}}
  - {key: k, type: physical_gift, name: K, cost: {currency: points, amount: 11}, ships_to: [IT]}
  - {key: l, type: units, name: L, cost: {currency: points, amount: 12}, gives: {currency: points, amount: 250}}
  - {key: m, type: custom, name: M, cost: {currency: points, amount: 13}, fields: {
      colour: {type: text, value: {en: Red, it: Rosso}}, size: {type: number, value: 4.5},
      new: {type: flag, value: true}, until: {type: date, value: 2026-12-24}, more: {type: link, value: 'https://example.org'}}}
"""
)


async def ask(api: Api, name: str, **variables: Any) -> Any:
    """Run a shipped document as the member, or as staff for the console's; the data of its only root field."""
    asker = api.ask if name.startswith("member/") else api.ask_staff
    answer = await asker(DOCUMENTS[name], **variables)
    assert "errors" not in answer, answer
    (data,) = answer["data"].values()
    return data


def test_no_kind_is_forgotten() -> None:
    """Each kind of the programme file has its fields in the schema, and each of those has a type in the union."""
    kinds = set(get_args(get_args(config.Reward)[0]))
    assert set(reward_benefits.BENEFITS) == kinds
    assert len(get_args(get_args(reward_benefits.RewardBenefit)[0])) == len(kinds)


async def test_every_kind_is_shown_with_its_own_fields(api: Api) -> None:
    """Money as decimal text in its own currency, a ticket's evening in the programme's zone, texts in the language."""
    async with api.database.transaction() as tx:
        await apply(tx, EVERY_KIND, NOON, sections=PROGRAMME_SECTIONS)
    me = await ask(api, "member/ListRewards")
    benefits = {edge["node"]["key"]: edge["node"]["benefit"] for edge in me["rewards"]["edges"]}
    euro = {"amount": "5.00", "currency": "EUR"}
    assert benefits["a"] == {"__typename": "AmountOff", "value": euro, "minimumSpend": euro | {"amount": "20.00"}}
    assert benefits["b"]["percent"] == "12.5"
    assert benefits["b"]["discountMax"] == euro | {"amount": "8.00"}
    assert (benefits["c"]["skus"], benefits["c"]["valueMax"]) == (["x"], euro | {"amount": "4.00"})
    assert benefits["d"] == {"__typename": "FreeDelivery", "discountMax": euro | {"amount": "6.00"}}
    assert benefits["e"]["voucherValue"] == {"amount": "3.00", "currency": "USD"}
    assert benefits["f"] == {"__typename": "GiftCardOf", "value": euro | {"amount": "10.00"}}
    assert benefits["g"] == {
        "__typename": "Ticket", "startsAt": "2026-12-04T19:30:00+01:00", "venue": "Sala", "seats": 2,
    }  # fmt: skip
    assert benefits["h"] == {"__typename": "EarlyAccess", "access": "drop", "link": "/drop"}
    assert benefits["i"] == {"__typename": "DonationTo", "cause": "trees", "donated": euro | {"amount": "1.50"}}
    assert benefits["j"] == {"__typename": "DrawEntry", "winners": 3, "closesOn": "2026-12-31"}
    assert benefits["k"] == {"__typename": "GiftToSend", "shipsTo": ["IT"]}
    assert benefits["l"] == {"__typename": "UnitsBack", "currency": "points", "amount": "250"}
    fields = {field.pop("key"): field for field in benefits["m"]["fields"]}
    nothing = {"text": None, "number": None, "flag": None, "date": None}
    assert fields == {
        "colour": nothing | {"type": "text", "text": "Rosso"},
        "size": nothing | {"type": "number", "number": "4.5"},
        "new": nothing | {"type": "flag", "flag": True},
        "until": nothing | {"type": "date", "date": "2026-12-24"},
        "more": nothing | {"type": "link", "text": "https://example.org"},
    }


async def test_a_gift_goes_from_the_tap_to_the_courier(api: Api) -> None:
    """Without an address it is refused; with one staff sees where it goes and sends it, and then it is final."""
    await riches(api.database, api.member.member_id, api.moment)
    tap = {"rewardId": ids.key_id("reward", "canvas-bag"), "idempotencyKey": "bag"}
    refused = await ask(api, "member/RedeemReward", input=tap)
    assert refused["redemption"] is None
    assert refused["userErrors"][0]["code"] == "DELIVERY_NEEDED"
    taken = await ask(api, "member/RedeemReward", input=tap | {"delivery": ADDRESS})
    assert taken["userErrors"] == []
    (gift,) = await ask(api, "console/ListGiftsToSend")
    assert (gift["recipient"], gift["city"], gift["redemption"]["rewardKey"]) == (
        "Anna Rossi",
        "Lexington",
        "canvas-bag",
    )
    sent = await ask(
        api, "console/FulfilRedemption", input={"redemptionId": taken["redemption"]["id"], "tracking": "1Z"}
    )
    assert (sent["redemption"]["fulfilment"], sent["redemption"]["tracking"]) == ("SENT", "1Z")
    final = await ask(api, "member/CancelRedemption", input={"redemptionId": taken["redemption"]["id"]})
    assert final["userErrors"][0]["code"] == "REDEMPTION_NOT_HELD"


async def test_the_service_desk_makes_good_and_takes_back(api: Api) -> None:
    """A coffee given once however often the key is sent, found by its code, revoked with a reason."""
    given = {"memberId": ids.member_id(api.member.member_id), "rewardKey": "free-coffee", "idempotencyKey": "wait"}
    first, again = [await ask(api, "console/GiveReward", input=given) for _ in range(2)]
    assert first == again
    code = first["redemption"]["code"]
    found = await ask(api, "console/FindRedemption", code=f" {code} ")
    assert (found["id"], found["source"], found["status"]) == (first["redemption"]["id"], "staff", "HELD")
    assert await ask(api, "console/FindRedemption", code="NO-SUCH-CODE") is None
    unexplained = await ask(api, "console/RevokeRedemption", input={"redemptionId": found["id"], "reason": " "})
    assert unexplained["userErrors"][0]["code"] == "INVALID_INPUT"
    revoked = await ask(api, "console/RevokeRedemption", input={"redemptionId": found["id"], "reason": "Wrong member"})
    assert revoked["redemption"]["status"] == "CANCELLED"


async def test_a_draw_is_made_by_staff_and_won_by_a_member(api: Api) -> None:
    """The member sees the number, staff draws once, and the winner holds the prize."""
    await riches(api.database, api.member.member_id, api.moment)
    tap = {"rewardId": ids.key_id("reward", "harvest-hamper"), "idempotencyKey": "enter"}
    entered = await ask(api, "member/RedeemReward", input=tap)
    draw = {"rewardKey": "harvest-hamper", "seed": "lotto 7 13 22"}
    first, again = [await ask(api, "console/DrawSweepstake", input=draw | {"seed": seed}) for seed in ("one", "two")]
    assert first["draw"] == again["draw"]
    assert (first["draw"]["winners"], first["draw"]["seed"]) == ([{"place": 1, "number": 1}], "one")
    query = "{ me { redemptions { edges { node { id entryNumber wonPlace source reward { key } } } } } }"
    held = [edge["node"] for edge in (await api.ask(query))["data"]["me"]["redemptions"]["edges"]]
    assert {(one["reward"]["key"], one["source"], one["wonPlace"]) for one in held} == {
        ("harvest-hamper", "member", 1),
        ("twelve-off", "draw", None),
    }
    assert entered["redemption"]["id"] in {one["id"] for one in held}


async def test_a_member_chooses_what_units_become(api: Api) -> None:
    """Saving by default; then two rewards for a thousand points; an unknown choice names those there are."""
    await riches(api.database, api.member.member_id, api.moment, 1_100)
    (auto,) = (await ask(api, "member/ListAutoRewards"))["autoRewards"]
    assert (auto["mode"]["key"], [mode["key"] for mode in auto["modes"]]) == ("save", ["save", "five", "twelve"])
    wrong = await ask(api, "member/ChooseAutoReward", input={"autoRewardId": auto["id"], "mode": "gold"})
    assert wrong["userErrors"][0]["code"] == "AUTO_REWARD_MODE_UNKNOWN"
    assert "save, five, twelve" in wrong["userErrors"][0]["message"]
    chosen = await ask(api, "member/ChooseAutoReward", input={"autoRewardId": auto["id"], "mode": "five"})
    assert chosen["autoReward"] == {
        "id": auto["id"], "key": "five-off-by-itself", "issuedCount": 2,
        "mode": {"key": "five", "name": "5 $ di sconto sulla spesa"}, "available": "140", "missing": "360",
    }  # fmt: skip


async def test_staff_fill_shelves_and_see_what_is_low(api: Api) -> None:
    """An empty pool is low; codes fill it once; stock rises with a reason; a reward without an end has no stock."""
    shelves = {shelf["key"]: shelf for shelf in await ask(api, "console/ListRewardShelves")}
    assert (shelves["partner-card"]["low"], shelves["partner-card"]["left"]) == (True, 0)
    codes = {"rewardKey": "partner-card", "codes": [f"P-{number}" for number in range(30)]}
    assert [(await ask(api, "console/AddRewardCodes", input=codes))["addedCount"] for _ in range(2)] == [30, 0]
    no_pool = await ask(api, "console/AddRewardCodes", input=codes | {"rewardKey": "five-off"})
    assert no_pool["userErrors"][0]["field"] == ["input", "rewardKey"]
    more = {"rewardKey": "canvas-bag", "units": 5, "reason": "Second delivery"}
    assert (await ask(api, "console/AdjustRewardStock", input=more))["shelf"]["left"] == 205
    endless = await ask(api, "console/AdjustRewardStock", input=more | {"rewardKey": "five-off"})
    assert endless["userErrors"][0]["code"] == "INVALID_INPUT"
