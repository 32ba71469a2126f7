"""Variables of the till's operations and of what members see of it, with enough rows that an N+1 query would show."""

from typing import TYPE_CHECKING, Any

from fedele.api import ids
from fedele.domains.checkout.commands import record_event, settle
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Settlement
from fedele.domains.ledger.queries import list_entries
from fedele.domains.members.queries import find_card_code
from tests.factories.till import basket, line

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
