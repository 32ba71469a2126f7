"""A member tells every room something, asks to be forgotten, and no table of the whole application remembers it."""

from pathlib import Path
from typing import Any

from fedele.api import ids
from fedele.api.execution.operations import read_operations
from fedele.domains.members import queries
from fedele.keyring import open_keyring
from fedele.settings import read_settings
from fedele.wiring import wire
from tests.fixtures.api import Api
from tests.fixtures.leaks import find_leaks
from tests.fixtures.operations import VARIABLES

DOCUMENTS = {file.name: file.text for file in read_operations("member")}
NAME = "Adelaide Kowalewska-Test"
PICTURE = "https://pictures.example/adelaide-445566.png"
PHONE_TOKEN = "registration-token-of-adelaide-445566"
HOME = "17 Adelaide Mews"
COMPLAINT = "the cashier knows that Adelaide 445566 has diabetes"


async def tell_everything(api: Api) -> tuple[str, ...]:
    """Through the app's own documents; answers what must be forgotten."""

    async def run(name: str, variables: dict[str, Any]) -> None:
        answer = await api.ask(DOCUMENTS[name], **variables)
        assert "errors" not in answer, answer
        assert "'userErrors': [{" not in str(answer), answer

    await run("UpdateProfile", {"input": {"displayName": NAME, "picture": PICTURE}})
    await run("GetCard", {})
    device = await VARIABLES["member/RegisterDevice"](api)
    device["input"]["value"] = PHONE_TOKEN
    await run("RegisterDevice", device)
    survey = await VARIABLES["member/AnswerSurvey"](api)
    survey["input"]["answers"].append({"question": "better", "text": COMPLAINT})
    await run("AnswerSurvey", survey)
    bag = await VARIABLES["member/RedeemReward"](api)
    delivery = {"recipient": NAME, "street": HOME, "city": "Lexington", "country": "US"}
    bag["input"] |= {"rewardId": ids.key_id("reward", "canvas-bag"), "idempotencyKey": "bag", "delivery": delivery}
    await run("RedeemReward", bag)
    code = await queries.find_card_code(api.database.reader, api.member.member_id)
    assert code is not None
    return NAME, PICTURE, PHONE_TOKEN, COMPLAINT, HOME, "ada@example.org", code.code


async def test_no_table_remembers_an_erased_member(api: Api, admin: Any, database_url: str, data_dir: Path) -> None:
    """Before: each thing is somewhere (or the search sees nothing). After erasure and the worker's round: nowhere."""
    settings = read_settings({}, database_url=database_url, data_dir=data_dir)
    fedele = wire(settings, open_keyring(settings, may_create=True), lambda: api.moment)
    try:
        personal = await tell_everything(api)
        await fedele.worker().drain()
        found = {needle for _, needle in await find_leaks(admin, personal)}
        assert found == set(personal)
        erased = await api.ask(DOCUMENTS["RequestErasure"], input={"confirmation": "ERASE"})
        assert erased["data"]["requestErasure"]["erased"] is True
        await fedele.worker().drain()
        assert await find_leaks(admin, personal) == []
    finally:
        await fedele.close()
