"""Variables of the till's operations and of what members see of it, with enough rows that an N+1 query would show."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fedele.api import ids
from fedele.domains.checkout.commands import hold, record_event, settle
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.queries import receipt_token
from fedele.domains.checkout.types import HoldRequest, Settlement
from fedele.domains.ledger.queries import list_entries
from fedele.domains.members.queries import find_card_code
from fedele.domains.members.types import Peppers
from tests.factories.till import STORE, basket, line

if TYPE_CHECKING:
    from tests.fixtures.api import Api


def sold_basket(receipt: str = "R-1", **more: Any) -> dict[str, Any]:
    """Twenty lines as a till sends them."""
    lines = [
        {"amount": f"{number}.50", "sku": f"sku-{number}", "department": "PRODUCE" if number % 2 else "GROCERY"}
        for number in range(1, 21)
    ]
    return {"receipt": receipt, "currency": "USD", "lines": lines} | more


async def settled(api: "Api", receipt: str = "R-1") -> Settlement:
    """A sale of twenty lines to the member, in the till's own store."""
    lines = (line(number, number * 100, department="PRODUCE") for number in range(1, 21))
    sale = basket(*lines, member_id=api.member.member_id, currency="USD", receipt=receipt)
    return await settle(Till(api.database, api.services.programmes), sale, f"sale-{receipt}", api.moment)


async def a_card(api: "Api") -> dict[str, Any]:
    """The member's own card, after a sale."""
    await settled(api)
    card = await find_card_code(api.database.reader, api.member.member_id)
    assert card is not None
    return {"code": card.code}


async def a_quote(api: "Api") -> dict[str, Any]:
    """A basket of the member."""
    return {"basket": sold_basket(memberId=ids.member_id(api.member.member_id))}


async def a_sale(api: "Api") -> dict[str, Any]:
    """A basket of the member, with a key."""
    return {"input": {"basket": (await a_quote(api))["basket"], "idempotencyKey": "sale"}}


async def a_return(api: "Api") -> dict[str, Any]:
    """Ten of twenty lines come back."""
    sale = await settled(api)
    return {
        "input": {
            "purchaseId": ids.row_id("purchase", sale.member_id, sale.purchase_id),
            "lines": [{"number": number} for number in range(1, 11)],
            "idempotencyKey": "return",
        }
    }


async def a_receipt(api: "Api") -> dict[str, Any]:
    """A settled sale's receipt."""
    await settled(api)
    return {"receipt": "R-1"}


async def a_guests_receipt(api: "Api") -> dict[str, Any]:
    """The code on the receipt of twenty lines that were sold without a card."""
    lines = (line(number, number * 100, department="PRODUCE") for number in range(1, 21))
    peppers = api.services.get(Peppers)
    till = Till(api.database, api.services.programmes, peppers=peppers)
    sold = await settle(till, basket(*lines, currency="USD", receipt="G-1"), "sale-G-1", api.moment)
    return {"input": {"receipt": receipt_token(peppers, sold.member_id, sold.purchase_id)}}


async def an_event(api: "Api") -> dict[str, Any]:
    """A long cooking class."""
    return {
        "input": {
            "memberId": ids.member_id(api.member.member_id),
            "name": "class.attended",
            "properties": {"minutes": 95},
            "idempotencyKey": "class",
        }
    }


async def a_long_history(api: "Api") -> dict[str, Any]:
    """Ten sales of twenty lines, and ten classes."""
    till = Till(api.database, api.services.programmes)
    for number in range(10):
        await settled(api, f"R-{number}")
        properties = {"minutes": 50}
        await record_event(till, api.member.member_id, "class.attended", properties, f"c{number}", api.moment)
    return {}


async def a_sale_to_explain(api: "Api") -> dict[str, Any]:
    """The id of a settled sale."""
    sale = await settled(api)
    return {"purchase": ids.row_id("purchase", sale.member_id, sale.purchase_id)}


async def an_entry_to_explain(api: "Api") -> dict[str, Any]:
    """The id of what a settled sale earned."""
    sale = await settled(api)
    page = await list_entries(api.database.reader, sale.member_id, 1)
    return {"entry": ids.row_id("entry", sale.member_id, page.items[0].id)}


async def an_entry_for_staff(api: "Api") -> dict[str, Any]:
    """The same, as the service desk asks for it."""
    return {"id": (await an_entry_to_explain(api))["entry"]}


async def a_hold(api: "Api") -> dict[str, Any]:
    """Some points to put aside, after sales that earned them."""
    for number in range(5):
        await settled(api, f"R-{number}")
    return {
        "input": {
            "memberId": ids.member_id(api.member.member_id),
            "store": STORE,
            "points": [{"currency": "points", "amount": "50"}],
            "confirmation": "showed an identity card",
            "idempotencyKey": "hold",
        }
    }


async def an_open_hold(api: "Api") -> dict[str, Any]:
    """A hold, to be released."""
    asked = (await a_hold(api))["input"]
    till = Till(api.database, api.services.programmes)
    request = HoldRequest(
        store_id=STORE, member_id=api.member.member_id, units={"points": 50}, confirmation=asked["confirmation"]
    )
    held = await hold(till, request, "hold", api.moment)
    return {"input": {"holdId": ids.row_id("hold", held.member_id, held.id), "store": STORE}}


async def offline_sales(api: "Api") -> dict[str, Any]:
    """Three sales of an hour without the network, sent in another order than they happened."""
    sales = [
        {
            "sequence": number,
            "idempotencyKey": f"offline-{number}",
            "basket": sold_basket(
                f"OFF-{number}",
                memberId=ids.member_id(api.member.member_id),
                store=STORE,
                occurredAt=(api.moment.now - timedelta(minutes=10 * number)).isoformat(),
            ),
        }
        for number in (2, 1, 3)
    ]
    return {"input": {"device": "till-3", "store": STORE, "sales": sales}}


async def authorisations(api: "Api") -> dict[str, Any]:
    """A member whose value was put aside once."""
    await an_open_hold(api)
    return {"memberId": ids.member_id(api.member.member_id)}


async def a_stolen_card(api: "Api") -> dict[str, Any]:
    """The member's card, to be revoked."""
    return {"input": {"memberId": ids.member_id(api.member.member_id), "reason": "STOLEN"}}


async def a_lost_card(_api: "Api") -> dict[str, Any]:
    """The member's own report."""
    return {"input": {"stolen": False}}


async def a_pin(_api: "Api") -> dict[str, Any]:
    """A PIN that nobody tries first."""
    return {"input": {"pin": "294613"}}
