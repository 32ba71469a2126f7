"""A member sees the receipt in the app the moment the till has settled: lines, points and what was saved."""

from tests.fixtures.story import Story


async def test_the_purchase_is_in_the_activity_before_the_receipt_is_printed(story: Story) -> None:
    """No worker runs and no clock moves between the till's answer and the member's question."""
    phone = await story.joins("ada@example.org", "en")
    basket = {
        "lines": [
            {"amount": "8.00", "name": "Bread", "sku": "bread", "discount": "2.00"},
            {"amount": "5.00", "name": "Milk", "sku": "milk"},
        ]
    }
    code = (await phone.ask("ShowRotatingCode"))["me"]["card"]["rotatingCode"]
    sold = {"receipt": "R-1", "currency": "USD", "card": code["code"], **basket}
    settled = (await story.at_the_till("SettleSale", input={"idempotencyKey": "R-1", "basket": sold}))["settle"]
    assert settled["userErrors"] == []
    (seen,) = [
        edge["node"]
        for edge in (await phone.ask("ListActivity"))["me"]["activity"]["edges"]
        if edge["node"]["id"] == settled["settlement"]["purchaseId"]
    ]
    assert [line["name"] for line in seen["lines"]] == ["Bread", "Milk"]
    assert seen["saving"]["amount"] == "2.00"
    assert seen["total"]["amount"] == "13.00"
    earned = {award["amount"]["currency"]: award["amount"]["amount"] for award in settled["settlement"]["awards"]}
    assert {one["currency"]: one["amount"] for one in seen["points"]} == earned


async def test_a_lost_card_is_refused_and_the_new_code_works_at_once(story: Story) -> None:
    """Reported in the app: the till refuses the old codes by name, the app shows new ones, the pass is pushed."""
    phone = await story.joins("ada@example.org", "en")
    old = (await phone.ask("GetCard"))["me"]["card"]["code"]
    shown = (await phone.ask("ShowRotatingCode"))["me"]["card"]["rotatingCode"]["code"]
    told = (await phone.ask("ReportCardLost", input={"stolen": True}))["reportCardLost"]
    assert told["cardCode"] not in (None, old)
    for code in (old, shown):
        scanned = (await story.at_the_till("ScanCode", code=code))["scan"]
        assert [error["code"] for error in scanned["userErrors"]] == ["CARD_CODE_REVOKED"]
    fresh = (await phone.ask("ShowRotatingCode"))["me"]["card"]["rotatingCode"]["code"]
    scanned = (await story.at_the_till("ScanCode", code=fresh))["scan"]
    assert scanned["member"]["id"] == phone.member_id
    assert scanned["secondFacts"] == ["ROTATING_CODE"]


async def test_a_pin_set_in_the_app_spends_at_the_till(story: Story) -> None:
    """A programme that takes PINs offers it once one is set; a bad PIN is refused in words."""
    phone = await story.joins("ada@example.org", "it")
    refused = (await phone.ask("SetCardPin", input={"pin": "1234"}))["setCardPin"]["userErrors"]
    assert [error["code"] for error in refused] == ["PIN_INVALID"]
    assert (await phone.ask("SetCardPin", input={"pin": "294613"}))["setCardPin"]["set"] is True
    assert (await phone.ask("ShowRotatingCode"))["me"]["card"]["hasPin"] is True
