"""Members see what the feed knows about them, reset it, and switch it off; others' knowledge stays theirs."""

from fedele.domains.recommendations.commands import learn
from tests.factories.engagement_operations import bought
from tests.fixtures.api import Api

PROFILE = """{ me { feedProfile { personal policy seenCount tappedCount
  dismissed { kind key } products { product { sku } times usualDays chance } categories { category } } } }"""
FEED = "{ me { feed(first: 40) { edges { node { __typename kind title reason token } } } } }"
RECORD = """mutation ($input: RecordFeedEventsInput!) { recordFeedEvents(input: $input) {
  recorded userErrors { code } } }"""
REFUSE = """mutation { setConsent(input: {purpose: PERSONALIZATION, channel: IN_APP, granted: false,
  wording: "2026-11/en"}) { userErrors { code } } }"""


async def known(api: Api) -> None:
    """Purchases that were learned from."""
    await bought(api.database, api.member.member_id, api.moment)
    async with api.database.transaction() as tx:
        await learn(tx, api.member.member_id, api.moment)


async def test_a_member_sees_what_is_known_and_resets_it(api: Api) -> None:
    """Products with how often and when again, categories, what was seen and waved away; after the reset nothing of it,
    while receipts and points stay. The stranger's is empty throughout."""
    await known(api)
    cards = (await api.ask(FEED))["data"]["me"]["feed"]["edges"]
    product = next(edge["node"] for edge in cards if edge["node"]["__typename"] == "ProductCard")
    told = [
        {"id": f"00000000-0000-4000-8000-00000000000{number}", "token": product["token"], "kind": kind,
         "occurredAt": api.moment.now.isoformat()}
        for number, kind in enumerate(("SEEN", "CLICKED", "DISMISSED"))
    ]  # fmt: skip
    assert (await api.ask(RECORD, input={"events": told}))["data"]["recordFeedEvents"]["recorded"] == 3
    profile = (await api.ask(PROFILE))["data"]["me"]["feedProfile"]
    assert profile["personal"] is True
    assert (profile["seenCount"], profile["tappedCount"]) == (1, 1)
    assert profile["dismissed"] == [{"kind": "product", "key": product["title"]}]
    first = profile["products"][0]
    assert (first["times"], first["usualDays"]) == (2, 20)
    assert 0 < first["chance"] < 1
    assert profile["categories"]
    assert (await api.ask(PROFILE, api.stranger.headers))["data"]["me"]["feedProfile"]["products"] == []
    answer = await api.ask("mutation { resetFeed(input: {}) { reset userErrors { code } } }")
    assert answer["data"]["resetFeed"] == {"reset": True, "userErrors": []}
    after = (await api.ask(PROFILE))["data"]["me"]["feedProfile"]
    assert (after["seenCount"], after["dismissed"], after["products"], after["categories"]) == (0, [], [], [])
    cards = (await api.ask(FEED))["data"]["me"]["feed"]["edges"]
    assert cards
    assert not any(edge["node"]["__typename"] == "ProductCard" for edge in cards)
    assert await api.database.reader.fetch_value("SELECT count(*) FROM purchase") == 3


async def test_switched_off_the_feed_is_still_there(api: Api) -> None:
    """Refusing personalization through the API: no product of one's own, and every other kind of card as before."""
    await known(api)
    before = {edge["node"]["kind"] for edge in (await api.ask(FEED))["data"]["me"]["feed"]["edges"]}
    answer = await api.ask(REFUSE)
    assert answer["data"]["setConsent"]["userErrors"] == [], answer
    after = {edge["node"]["kind"] for edge in (await api.ask(FEED))["data"]["me"]["feed"]["edges"]}
    assert before - after == {"product"}
    assert (await api.ask(PROFILE))["data"]["me"]["feedProfile"]["personal"] is False


async def test_other_places_have_their_own_kinds(api: Api) -> None:
    """The page of offers shows offers and products, the receipt what comes after buying; tokens say which it was."""
    await known(api)
    kinds = {}
    for placement in ("HOME", "OFFERS", "RECEIPT"):
        query = f"{{ me {{ feed(first: 40, placement: {placement}) {{ edges {{ node {{ kind }} }} }} }} }}"
        kinds[placement] = {edge["node"]["kind"] for edge in (await api.ask(query))["data"]["me"]["feed"]["edges"]}
    assert kinds["OFFERS"] <= {"offer", "product"}
    assert "product" not in kinds["RECEIPT"]
    assert kinds["HOME"] > kinds["OFFERS"]


async def test_a_feed_in_arabic_gives_its_reasons_in_arabic(api: Api) -> None:
    """Titles and reasons of built-in cards are right-to-left text, with no hole left in them."""
    await known(api)
    headers = {**api.member.headers, "accept-language": "ar"}
    cards = [edge["node"] for edge in (await api.ask(FEED, headers))["data"]["me"]["feed"]["edges"]]
    reasons = [card["reason"] for card in cards if card["kind"] in ("product", "reward", "expiry", "progress")]
    assert reasons
    assert all(any("\u0600" <= letter <= "\u06ff" for letter in reason) and "{" not in reason for reason in reasons)
