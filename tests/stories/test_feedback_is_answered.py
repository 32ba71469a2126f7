"""What members tell is read and answered: an angry survey in Arabic, a review (Yotpo), a photo (Growave)."""

import io
from typing import Any

from PIL import Image

from fedele.domains.activity.commands import save_products
from fedele.domains.activity.types import Product
from fedele.kernel.clock import Moment
from tests.fixtures.story import Phone, Story

ANGRY_IN_ARABIC = "خدمة سيئة جدا، الموظف وقح والخضار فاسدة. تجربة مريعة ولن أعود"  # rude staff, rotten vegetables


async def points(phone: Phone) -> str:
    """The available points, as text."""
    balances = (await phone.home())["balances"]
    return next(one["available"] for one in balances if one["currency"]["key"] == "points")


async def answers_survey(story: Story, phone: Phone, receipt: str, nps: int, words: str) -> None:
    """Buys, waits two hours, answers the survey about it, and the worker reads it."""
    await story.sells(phone, receipt, "20.00")
    await story.work()
    story.turn(hours=2)
    await story.work()
    surveys = (await phone.ask("ListSurveys"))["me"]["surveys"]
    survey = next(one for one in surveys if one["key"] == "after-shop")
    answers: list[dict[str, Any]] = [{"question": "recommend", "number": nps}, {"question": "better", "text": words}]
    if nps > 6:
        answers.append({"question": "best", "choice": "fresh"})
    answered = await phone.ask("AnswerSurvey", input={"surveyId": survey["id"], "answers": answers})
    assert answered["answerSurvey"]["userErrors"] == []
    await story.work()


async def in_app(phone: Phone) -> list[str]:
    """Titles of the messages in the app."""
    edges = (await phone.ask("ListMessages"))["me"]["messages"]["edges"]
    return [edge["node"]["title"] for edge in edges]


async def of_staff(story: Story, operation: str, **variables: Any) -> Any:
    """A console operation; its only field. Fails on errors of any kind."""
    answer = await story.run("/staff/graphql", f"console/{operation}", story.staff, variables)
    (field,) = answer.values()
    assert not (isinstance(field, dict) and field.get("userErrors")), field
    return field


async def test_an_angry_answer_in_arabic_becomes_a_case_a_make_good_and_an_answer(story: Story) -> None:
    """From the question to the make-good and to "what was done", in the member's language, with nothing given twice."""
    phone = await story.joins("layla@example.org", "ar")
    await story.work()
    await answers_survey(story, phone, "R-1", 2, ANGRY_IN_ARABIC)
    # 100 to welcome her, 20 for the purchase, 50 for answering, 100 as an apology.
    assert await points(phone) == "270"
    (own,) = (await phone.ask("ListCases"))["me"]["cases"]
    assert (own["state"], own["outcome"]) == ("OPEN", None)
    assert [(one["name"], one["amount"]) for one in own["makeGoods"]] == [("اعتذارنا", "100")]
    assert "اعتذارنا" in await in_app(phone)

    queue = await of_staff(story, "ListSupportCases")
    (case,) = [edge["node"] for edge in queue["edges"]]
    assert (case["urgency"], case["owner"], case["rule"]) == ("URGENT", "store-managers", "urgent")
    detail = await of_staff(story, "ShowSupportCase", id=case["id"])
    (text,) = detail["texts"]
    assert text["words"] == ANGRY_IN_ARABIC
    assert (text["language"], text["sentiment"], text["contradicts"]) == ("ar", "negative", False)
    assert {"Staff", "Freshness"} <= set(text["themes"])
    assert text["urgentFor"] == ["leaving"]

    await of_staff(story, "AssignSupportCase", input={"caseId": case["id"], "assignee": "Nadia"})
    resolved = {"caseId": case["id"], "outcome": "spoken", "message": "شكرًا لصراحتك"}
    await of_staff(story, "ResolveSupportCase", input=resolved)
    await story.work()
    (own,) = (await phone.ask("ListCases"))["me"]["cases"]
    assert (own["state"], own["outcome"], own["message"]) == ("RESOLVED", "تحدّثنا مع فريق المتجر.", "شكرًا لصراحتك")
    assert "ما الذي فعلناه" in await in_app(phone)
    reopened = await phone.ask("ReopenCase", input={"caseId": own["id"]})
    assert reopened["reopenCase"]["case"]["state"] == "REOPENED"
    await story.work()
    assert await points(phone) == "270"

    # The courier's system reports a late delivery, twice by mistake: it is made good once.
    late = {"memberId": phone.member_id, "name": "delivery_late", "idempotencyKey": "parcel-1"}
    for _ in range(2):
        await of_staff(story, "RecordEvent", input=late)
    await story.work()
    assert await points(phone) == "320"


async def test_only_nine_and_ten_are_asked_for_a_public_review_and_a_review_earns_once(story: Story) -> None:
    """Yotpo: points after moderation, once per product; the ask for a public review reaches the happy, once."""
    happy, content = await story.joins("ada@example.org", "en"), await story.joins("bo@example.org", "en")
    for phone in (happy, content):
        for purpose in ("SURVEYS",):
            given = {"purpose": purpose, "channel": "IN_APP", "granted": True, "wording": "test-1"}
            await phone.ask("SetConsent", input=given)
    await answers_survey(story, happy, "R-1", 9, "Lovely people and very fresh bread, thank you")
    await answers_survey(story, content, "R-2", 8, "Nice shop")
    assert (await in_app(happy)).count("Tell others") == 1
    assert "Tell others" not in await in_app(content)

    async with story.fedele.database.transaction() as tx:
        await save_products(tx, [Product("sku-20.00", "Olive oil")], Moment(story.now))
    before = int(await points(happy))
    review = {"about": "PRODUCT", "subject": "sku-20.00", "stars": 5, "body": "The best oil"}
    sent = (await happy.ask("SubmitReview", input=review))["submitReview"]
    assert (sent["userErrors"], sent["review"]["state"], sent["review"]["verified"]) == ([], "PENDING", True)
    again = (await happy.ask("SubmitReview", input={**review, "stars": 1}))["submitReview"]
    assert [error["code"] for error in again["userErrors"]] == ["REVIEW_EXISTS"]
    await story.work()
    assert int(await points(happy)) == before
    queue = await of_staff(story, "ListReviewsToModerate")
    for _ in range(2):
        await of_staff(story, "ModerateReview", input={"reviewId": queue["edges"][0]["node"]["id"], "approve": True})
    await story.work()
    assert int(await points(happy)) == before + 20
    shown = (await content.ask("ListReviews", about="PRODUCT", subject="sku-20.00"))["reviews"]
    assert (shown["count"], shown["stars"], shown["latest"][0]["body"]) == (1, 5, "The best oil")
    # Five stars were a moment to ask for a friend, with the member's own code.
    assert "Bring a friend" in await in_app(happy)


async def test_a_moderated_photo_earns_and_is_seen_without_what_the_phone_wrote_into_it(story: Story) -> None:
    """Growave: nothing before the moderator, thirty points after; the picture's link tells neither place nor person."""
    phone, friend = await story.joins("ada@example.org", "en"), await story.joins("bo@example.org", "en")
    await story.work()
    before = int(await points(phone))
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "SECRETPHONE"
    Image.new("RGB", (300, 200), "orange").save(file, "JPEG", exif=exif)
    nobody = await story.client.post("/pictures", content=file.getvalue())
    assert nobody.status_code == 401
    broken = await story.client.post(
        "/pictures", content=b"not a picture", headers={**phone.headers, "accept-language": "it"}
    )
    assert (broken.status_code, broken.json()["error"]["code"]) == (422, "PICTURE_UNREADABLE")
    assert "Invia" in broken.json()["error"]["message"]
    uploaded = await story.client.post("/pictures", content=file.getvalue(), headers=phone.headers)
    assert uploaded.status_code == 201, uploaded.text

    contest = next(
        one for one in (await phone.ask("ListContests"))["me"]["contests"] if one["title"] == "Your autumn table"
    )
    entered = await phone.ask("SubmitEntry", input={"contestId": contest["id"], "pictureId": uploaded.json()["id"]})
    assert (entered["submitEntry"]["userErrors"], entered["submitEntry"]["entry"]["state"]) == ([], "PENDING")
    theft = await friend.ask("SubmitEntry", input={"contestId": contest["id"], "pictureId": uploaded.json()["id"]})
    assert [error["code"] for error in theft["submitEntry"]["userErrors"]] == ["NOT_FOUND"]
    assert (await friend.ask("ListContests"))["me"]["contests"][0]["gallery"] == []
    assert int(await points(phone)) == before
    (edge,) = (await of_staff(story, "ListEntriesToModerate"))["edges"]
    await of_staff(story, "ModerateEntry", input={"entryId": edge["node"]["id"], "approve": True})
    await story.work()
    assert int(await points(phone)) == before + 30

    (seen,) = (await friend.ask("ListContests"))["me"]["contests"][0]["gallery"]
    assert phone.member_id.removeprefix("member_") not in str(seen)
    picture = await story.client.get(seen["picture"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert b"SECRETPHONE" in file.getvalue()
    assert b"SECRETPHONE" not in picture.content
    assert (await story.client.get(seen["picture"].split("?")[0])).status_code == 404
    voted = await friend.ask("VoteForEntry", input={"entryId": seen["id"]})
    assert voted["voteForEntry"]["userErrors"] == []
    own = await phone.ask("VoteForEntry", input={"entryId": seen["id"]})
    assert [error["code"] for error in own["voteForEntry"]["userErrors"]] == ["OWN_ENTRY"]
