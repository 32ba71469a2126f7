"""The home screen asks a member to a gathering, until they have said yes."""

from typing import Any

from fedele.api.execution.operations import read_operations
from tests.fixtures.api import Api

DOCUMENTS = {file.name: file.text for file in read_operations("member")}


async def event_cards(api: Api) -> list[dict[str, Any]]:
    """The gatherings among all the cards of the home screen."""
    answer = await api.ask(DOCUMENTS["Home"], first=100)
    assert "errors" not in answer, answer
    nodes = [edge["node"] for edge in answer["data"]["me"]["feed"]["edges"]]
    return [node for node in nodes if node["__typename"] == "EventCard"]


async def test_a_card_leads_to_a_seat_and_goes(api: Api) -> None:
    """The card carries what the app draws and joins with; after joining it is gone."""
    (card,) = await event_cards(api)
    assert (card["kind"], card["title"], card["reason"]) == ("event", "Serata dei formaggi", "C'è un posto per te")
    assert (card["gathering"]["place"], card["gathering"]["seatsLeft"]) == ("store-367", 24)
    sent = {"gatheringId": card["gathering"]["id"], "guests": 1}
    joined = (await api.ask(DOCUMENTS["JoinGathering"], input=sent))["data"]["joinGathering"]
    assert joined["userErrors"] == []
    assert await event_cards(api) == []
