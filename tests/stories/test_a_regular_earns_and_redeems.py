"""The whole loop: a purchase at the till earns, the feed and the card change, a push goes out, points are spent."""

import io
import zipfile
from typing import Any

import orjson
import pytest
import segno
import zxingcpp
from PIL import Image

from tests.fixtures.story import Phone, Story

AT_RIVERSIDE = {"latitude": 39.9520, "longitude": -83.0010}
FIVE_KM_NORTH = {"latitude": 39.9070, "longitude": -83.0010}


def cards(home: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The cards of one kind on a home screen."""
    return [edge["node"] for edge in home["feed"]["edges"] if edge["node"]["kind"] == kind]


def points(home: dict[str, Any]) -> str:
    """The available points, as text."""
    return next(b["available"] for b in home["balances"] if b["currency"]["key"] == "points")


async def pass_of(story: Story, phone: Phone) -> dict[str, Any]:
    """The member's pass, downloaded anew: its pass.json."""
    url = (await phone.home())["card"]["appleWalletUrl"]
    answer = await story.client.get(url)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        document: dict[str, Any] = orjson.loads(archive.read("pass.json"))
    return document


def shown_points(document: dict[str, Any]) -> str:
    """What the pass says of points."""
    fields = [field for place in document["storeCard"].values() if isinstance(place, list) for field in place]
    return next(field["value"] for field in fields if "point" in field["key"] or "balance" in field["key"])


async def test_the_whole_loop(story: Story) -> None:
    """Join, buy, see it everywhere, claim, buy again with what was claimed, redeem, answer."""
    phone = await story.joins("ada@example.org", "it")
    await story.work()  # the welcome gift
    assert points(await phone.home()) == "100"

    settlement = await story.sells(phone, "R-1", "64.00", "21.50")
    assert [award["amount"]["amount"] for award in settlement["awards"]] == ["85"]
    home = await phone.home(**AT_RIVERSIDE)
    assert points(home) == "185"  # at once, before any worker
    assert len(home["feed"]["edges"]) >= 10
    assert len({edge["node"]["kind"] for edge in home["feed"]["edges"]}) >= 4

    await story.work()
    push = next(message for message in phone.pushes() if "+85" in message["notification"]["title"])
    assert push["notification"] == {
        "title": "+85 punti",
        "body": "Grazie della visita. Il tuo saldo è 185.",
    }
    assert push["data"]["deep_link"] == "harvestlane://activity"
    messages = (await phone.ask("ListMessages"))["me"]["messages"]["edges"]
    assert any(edge["node"]["title"] == "+85 punti" for edge in messages)

    offer = next(card for card in cards(home, "offer") if card["offer"]["title"] == "Fuori fa freddo")
    claimed = await phone.ask(
        "ClaimOffer", input={"offerId": offer["offer"]["id"], "idempotencyKey": "tap", "at": AT_RIVERSIDE}
    )
    assert claimed["claimOffer"]["userErrors"] == []
    assert offer["id"] not in [card["id"] for card in cards(await phone.home(**AT_RIVERSIDE), "offer")]
    redemptions = (await phone.ask("ListRedemptions"))["me"]["redemptions"]["edges"]
    assert [edge["node"]["reward"]["name"] for edge in redemptions] == ["Un caffè offerto da noi"]

    story.turn(hours=2)
    survey = cards(await phone.home(), "survey")[0]["survey"]
    answers = [{"question": "recommend", "number": 9}, {"question": "best", "choice": "fresh"}]
    answered = await phone.ask("AnswerSurvey", input={"surveyId": survey["id"], "answers": answers})
    assert answered["answerSurvey"]["earned"] == {"currency": "points", "amount": "50"}

    reward = next(edge["node"] for edge in await rewards(phone) if edge["node"]["affordable"])
    redeemed = await phone.ask("RedeemReward", input={"rewardId": reward["id"], "idempotencyKey": "tap-2"})
    assert redeemed["redeemReward"]["redemption"]["status"] == "HELD"
    assert points(await phone.home()) == str(235 - int(reward["cost"]["amount"]))

    events = [{"id": "0192f0c0-0000-7000-8000-000000000001", "token": card["token"], "kind": "SEEN",
               "occurredAt": story.now.isoformat()} for card in cards(await phone.home(), "content")[:1]]  # fmt: skip
    assert (await phone.ask("RecordFeedEvents", input={"events": events}))["recordFeedEvents"]["recorded"] == 1


async def rewards(phone: Phone) -> list[dict[str, Any]]:
    """The catalogue as the member sees it."""
    edges: list[dict[str, Any]] = (await phone.ask("ListRewards"))["me"]["rewards"]["edges"]
    return edges


async def test_two_members_see_two_feeds(story: Story) -> None:
    """What one buys again and again is on their home screen, and not on the other's."""
    ada, bo = await story.joins("ada@example.org", "en"), await story.joins("bo@example.org", "en")
    for week in range(3):
        await story.sells(ada, f"A-{week}", "11.00", "12.00")
        await story.sells(bo, f"B-{week}", "21.00", "22.00")
        story.turn(days=7)
    one, other = await ada.home(), await bo.home()
    assert {card["title"] for card in cards(one, "product")} == {"Article 11.00", "Article 12.00"}
    assert {card["title"] for card in cards(other, "product")} == {"Article 21.00", "Article 22.00"}
    assert [e["node"]["id"] for e in one["feed"]["edges"]] != [e["node"]["id"] for e in other["feed"]["edges"]]


async def test_place_and_hour_change_the_offers(story: Story) -> None:
    """Five kilometres, or seven hours, and other offers are open; without a position it works too."""
    phone = await story.joins("ada@example.org", "en")

    async def offered(**position: float) -> set[str]:
        return {card["title"] for card in cards(await phone.home(**position), "offer")}

    here = await offered(**AT_RIVERSIDE)
    assert {"It is cold outside", "Breakfast is ready"} <= here
    assert not {"It is cold outside", "Breakfast is ready"} & await offered(**FIVE_KM_NORTH)
    assert not {"It is cold outside", "Breakfast is ready"} & await offered()
    story.turn(hours=7)
    later = await offered(**AT_RIVERSIDE)
    assert not {"It is cold outside", "Breakfast is ready"} & later
    regions = (await phone.ask("ListRegions", at=AT_RIVERSIDE, first=3))["me"]["regions"]
    assert regions["regions"][0]["place"]["key"] == "store-367"
    assert len(regions["regions"]) == 2


@pytest.mark.parametrize(
    ("locale", "title", "body"),
    [
        ("en", "+64 points", "Thank you for your visit. Your balance is 64."),
        ("ru", "+64 балла", "Спасибо за визит. На вашем счёте: 64."),
        ("ar", "+٦٤ نقطة", None),
    ],
)
async def test_a_push_speaks_the_members_language(story: Story, locale: str, title: str, body: str | None) -> None:
    """Exact title and words, and the programme's deep link."""
    phone = await story.joins(f"{locale}@example.org", locale)
    await story.sells(phone, "R-1", "64.00")
    await story.work()
    told = {message["notification"]["title"]: message for message in phone.pushes()}
    matching = told.get(title) or told.get(title.replace("٦٤", "64"))
    assert matching is not None, list(told)
    if body is not None:
        assert matching["notification"]["body"] == body
    assert matching["data"]["deep_link"] == "harvestlane://activity"


async def test_nobody_is_pushed_without_consent(story: Story) -> None:
    """The same sale, one member who agreed and one who did not: one push; and none after the consent is withdrawn."""
    willing = await story.joins("ada@example.org", "en")
    silent = await story.joins("bo@example.org", "en", consents=False)
    await story.sells(willing, "R-1", "64.00")
    await story.sells(silent, "R-2", "64.00")
    await story.work()
    assert any("+64" in message["notification"]["title"] for message in willing.pushes())
    assert silent.pushes() == []
    before = len(willing.pushes())
    withdrawn = {"purpose": "MARKETING", "channel": "PUSH", "granted": False, "wording": "test-1"}
    await willing.ask("SetConsent", input=withdrawn)
    await story.sells(willing, "R-3", "32.00")
    await story.work()
    assert len(willing.pushes()) == before


async def test_the_pass_is_found_by_its_code_and_shows_the_ledger(story: Story) -> None:
    """The QR, drawn and read back by another library, is what the till finds the member by; after a sale the pass,
    fetched again, says what the ledger says."""
    phone = await story.joins("ada@example.org", "en")
    document = await pass_of(story, phone)
    assert shown_points(document) == "0"
    drawn = io.BytesIO()
    segno.make(document["barcodes"][0]["message"], error="m").save(drawn, kind="png", scale=6, border=4)
    (read,) = zxingcpp.read_barcodes(Image.open(drawn))
    scanned = (await story.at_the_till("ScanCode", code=read.text))["scan"]
    assert scanned["userErrors"] == []
    assert scanned["member"]["id"] == phone.member_id
    await story.sells(phone, "R-1", "1234.00")
    await story.work()
    balance = points(await phone.home())
    assert balance == "200"  # the cap of the day: a sale this large leaves no room for the welcome gift
    assert shown_points(await pass_of(story, phone)) == balance
