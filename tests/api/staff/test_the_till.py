"""The till through GraphQL: its own store only, one answer per key, every reason in words."""

import asyncio
from typing import Any

from fedele.api import ids
from fedele.api.execution.operations import STAFF_FOLDERS, read_operations
from fedele.domains.auth.commands import create_key
from fedele.domains.auth.types import TILL_SCOPES, KeyKind
from fedele.kernel.ids import StoreId
from tests.factories.till_operations import a_card, settled, sold_basket
from tests.fixtures import principals
from tests.fixtures.api import Api

DOCUMENTS = {file.name: file.text for file in read_operations(*STAFF_FOLDERS)}


async def till(api: Api, name: str, headers: principals.Headers | None = None, **variables: Any) -> Any:
    """A till's operation; its data."""
    answer = await api.ask_staff(DOCUMENTS[name], api.till if headers is None else headers, **variables)
    assert "errors" not in answer, answer
    (data,) = answer["data"].values()
    return data


def codes(data: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in data["userErrors"]]


async def test_scan_quote_settle_return(api: Api) -> None:
    """The whole conversation of a till: what was quoted is settled, and what comes back is taken back."""
    scanned = await till(api, "ScanCode", **await a_card(api))
    member = scanned["member"]
    assert member["displayName"] == "Ada"
    assert scanned["warnings"] == ["SECOND_FACT_NEEDED"]
    sold = sold_basket("R-9", memberId=member["id"])
    quoted = await till(api, "QuoteBasket", basket=sold)
    sale = await till(api, "SettleSale", input={"basket": sold, "idempotencyKey": "k"})
    assert sale["userErrors"] == []
    assert sale["settlement"]["awards"] == quoted["quote"]["awards"]
    piece = {"receipt": "R-9", "lines": [{"number": 1}], "idempotencyKey": "r"}
    returned = await till(api, "ReturnLines", input=piece)
    assert returned["returned"]["refund"] == {"amount": "1.50", "currency": "USD"}
    assert returned["returned"]["purchaseId"] == sale["settlement"]["purchaseId"]


async def test_ten_retries_over_http_settle_once(api: Api) -> None:
    """Ten identical requests at once get ten identical answers."""
    sale = {"basket": sold_basket(memberId=ids.member_id(api.member.member_id)), "idempotencyKey": "k"}
    answers = await asyncio.gather(*(till(api, "SettleSale", input=sale) for _ in range(10)))
    assert answers[0]["settlement"]
    assert all(answer == answers[0] for answer in answers)
    assert await api.database.reader.fetch_value("SELECT count(*) FROM purchase") == 1


async def test_a_till_key_acts_for_its_own_store_only(api: Api) -> None:
    """Scan, quote, settle and return at another store are refused, and nothing is written."""
    sale = await settled(api)
    elsewhere = sold_basket("R-2", store="store-2", memberId=ids.member_id(api.member.member_id))
    assert codes(await till(api, "ScanCode", code="FDL1", store="store-2")) == ["STORE_FORBIDDEN"]
    assert codes(await till(api, "QuoteBasket", basket=elsewhere)) == ["STORE_FORBIDDEN"]
    asked = {"basket": elsewhere, "idempotencyKey": "k"}
    assert codes(await till(api, "SettleSale", input=asked)) == ["STORE_FORBIDDEN"]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM purchase") == 1
    async with api.database.transaction() as tx:
        created = await create_key(
            tx, "other till", TILL_SCOPES, api.moment, kind=KeyKind.TILL, store=StoreId("store-2")
        )
    other = {"authorization": f"Bearer {created.text.get_secret_value()}"}
    purchase_id = ids.row_id("purchase", sale.member_id, sale.purchase_id)
    foreign = {"purchaseId": purchase_id, "lines": [{"number": 1}], "idempotencyKey": "r"}
    assert codes(await till(api, "ReturnLines", other, input=foreign)) == ["PURCHASE_NOT_FOUND"]
    named = foreign | {"purchaseStore": "store-1"}
    assert codes(await till(api, "ReturnLines", other, input=named)) == ["STORE_FORBIDDEN"]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM purchase_return") == 0


async def test_a_till_key_may_not_record_events_nor_members_settle(api: Api) -> None:
    """Scopes are the key's own: a till sells, a member's token does neither."""
    event = {"memberId": ids.member_id(api.member.member_id), "name": "ride", "idempotencyKey": "k"}
    answer = await api.ask_staff(DOCUMENTS["RecordEvent"], api.till, input=event)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    sale = {"basket": sold_basket(), "idempotencyKey": "k"}
    answer = await api.ask_staff(DOCUMENTS["SettleSale"], api.member.headers, input=sale)
    assert "data" not in answer or answer["data"] == {"settle": None}
    assert await api.database.reader.fetch_value("SELECT count(*) FROM purchase") == 0


async def test_bad_input_names_the_field_to_blame(api: Api) -> None:
    """Half a cent, a return as a sale, a card misread: each a user error with its code and its place."""
    half_a_cent = sold_basket(lines=[{"amount": "1.505"}])
    refused = await till(api, "SettleSale", input={"basket": half_a_cent, "idempotencyKey": "k"})
    assert refused["userErrors"][0]["code"] == "BASKET_INVALID"
    assert refused["userErrors"][0]["field"] == ["input", "basket", "lines", "0", "amount"]
    negative = sold_basket(lines=[{"amount": "-1.00"}])
    assert codes(await till(api, "SettleSale", input={"basket": negative, "idempotencyKey": "k"})) == ["BASKET_INVALID"]
    misread = sold_basket(card="FDL1-NOT-A-CARD")
    assert codes(await till(api, "SettleSale", input={"basket": misread, "idempotencyKey": "k"})) == [
        "CARD_CODE_MALFORMED"
    ]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM request") == 0


async def test_an_offline_sale_that_nobody_can_read_stops_no_other(api: Api) -> None:
    """Half a cent in the first of three: it is refused by itself, with its field and in the journal; the others are
    settled. A sale of another store stops all, and nothing is written."""
    sold_at = api.moment.now.isoformat()
    unreadable = sold_basket("O-1", occurredAt=sold_at, lines=[{"amount": "1.505"}])
    of_nobody = sold_basket("O-2", occurredAt=sold_at, rewards=["redemption_none"])
    sound = sold_basket("O-3", occurredAt=sold_at)
    sales = [
        {"sequence": number, "idempotencyKey": f"o-{number}", "basket": basket}
        for number, basket in enumerate((unreadable, of_nobody, sound), 1)
    ]
    elsewhere = {"sequence": 4, "idempotencyKey": "o-4", "basket": sound | {"store": "store-2"}}
    stopped = await till(api, "ReplaySales", input={"device": "d", "sales": [*sales, elsewhere]})
    assert codes(stopped) == ["STORE_FORBIDDEN"]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM offline_sale") == 0
    told = await till(api, "ReplaySales", input={"device": "d", "sales": sales})
    assert [one["outcome"] for one in told["results"]] == ["REFUSED", "REFUSED", "SETTLED"]
    (half_a_cent,), (unknown,) = (one["problems"] for one in told["results"][:2])
    assert (half_a_cent["code"], half_a_cent["field"]) == ("BASKET_INVALID", ["basket", "lines", "0", "amount"])
    assert (unknown["code"], unknown["field"]) == ("NOT_FOUND", ["basket", "rewards"])
    assert (told["missing"], told["nextSequence"]) == ([], 4)
    journal = await api.database.reader.fetch("SELECT outcome FROM offline_sale ORDER BY sequence")
    assert [row["outcome"] for row in journal] == ["refused", "refused", "settled"]


async def test_a_forgotten_card_is_made_up_for_by_the_receipt(api: Api) -> None:
    """Sold to nobody: the member scans the receipt and sees the purchase with its points; nobody tries codes for
    long, and the refusal says until when to wait."""
    sold = await till(api, "SettleSale", input={"basket": sold_basket("G-9"), "idempotencyKey": "g"})
    assert sold["settlement"]["guest"]
    claim = read_operations("member")
    text = next(file.text for file in claim if file.name == "ClaimReceipt")

    async def claims(receipt: str) -> Any:
        answer = await api.ask(text, api.member.headers, input={"receipt": receipt})
        assert "errors" not in answer, answer
        return answer["data"]["claimReceipt"]

    told = (await claims(sold["settlement"]["receiptToken"]))["claimed"]
    earned = sum(int(award["amount"]["amount"]) for award in sold["settlement"]["awards"])
    assert [(part["currency"], part["amount"]) for part in told["points"]] == [("points", str(earned))]
    shown = await api.ask("{ me { activity { edges { node { id receipt } } } } }", api.member.headers)
    (edge,) = shown["data"]["me"]["activity"]["edges"]
    assert edge["node"] == {"id": told["purchaseId"], "receipt": "G-9"}
    refused = [(await claims(f"FRT1{number}"))["userErrors"][0] for number in range(10)]
    assert {error["code"] for error in refused[:9]} == {"RECEIPT_UNKNOWN"}
    assert refused[9]["code"] == "RATE_LIMITED"
    assert refused[9]["retryAfterSeconds"] > 0


async def test_a_rule_that_gives_nothing_says_why_in_the_readers_language(api: Api) -> None:
    """Fuel earns nothing, and the till can tell the customer so in Italian."""
    fuel = sold_basket(lines=[{"amount": "40.00", "department": "FUEL"}])
    headers = api.till | {"accept-language": "it"}
    quoted = await till(api, "QuoteBasket", headers, basket=fuel)
    reasons = {rule["rule"]: rule["reason"] for rule in quoted["quote"]["rules"]}
    assert quoted["quote"]["awards"] == []
    assert reasons["shopping"].startswith("Serve altro: il reparto")


async def test_members_see_the_sale_with_its_points_at_once(api: Api) -> None:
    """The purchase is in `activity` with lines and points right after it, and only in its own member's."""
    await settled(api)
    query = "{ me { activity { edges { node { kind receipt points { amount } lines { amount { amount } } } } } } }"
    answer = await api.ask(query)
    (edge,) = answer["data"]["me"]["activity"]["edges"]
    assert edge["node"]["receipt"] == "R-1"
    assert len(edge["node"]["lines"]) == 20
    assert edge["node"]["points"][0]["amount"] == "200"  # the day's cap
    other = await api.ask(query, api.stranger.headers)
    assert other["data"]["me"]["activity"]["edges"] == []


async def test_a_strangers_purchase_cannot_be_explained(api: Api) -> None:
    """Another member's id, an unknown one and a malformed one look alike: null."""
    sale = await settled(api)
    entry = ids.row_id("purchase", sale.member_id, sale.purchase_id)
    query = "query ($entry: ID!) { me { explain(entry: $entry) { rules { rule outcome } } } }"
    own = await api.ask(query, entry=entry)
    assert {rule["rule"] for rule in own["data"]["me"]["explain"]["rules"]} == {"shopping", "fresh-double"}
    for text in (entry, "purchase_aaaa", "nonsense"):
        assert (await api.ask(query, api.stranger.headers, entry=text))["data"]["me"]["explain"] is None
