"""A friend is brought, a challenge is completed and a badge is earned: all of it through the apps' and the till's own
operations, with the pushes and the cards that follow."""

from typing import Any

from fedele.domains.referrals.commands import pay_due
from tests.fixtures.story import Phone, Story
from tests.stories.test_a_regular_earns_and_redeems import cards, points

FIVE = ("PRODUCE", "DAIRY", "BAKERY", "GROCERY", "DELI")


async def shops(story: Story, phone: Phone, receipt: str, *departments: str) -> dict[str, Any]:
    """Six dollars from each of these departments, with the member's card."""
    code = (await phone.ask("GetCard"))["me"]["card"]["code"]
    lines = [{"amount": "6.00", "name": name, "sku": name, "department": name} for name in departments]
    basket = {"receipt": receipt, "currency": "USD", "card": code, "lines": lines}
    answer = await story.at_the_till("SettleSale", input={"idempotencyKey": receipt, "basket": basket})
    assert not answer["settle"]["userErrors"], answer
    settled: dict[str, Any] = answer["settle"]["settlement"]
    await story.work()
    return settled


async def challenges(phone: Phone) -> dict[str, Any]:
    """The page of challenges."""
    me: dict[str, Any] = (await phone.ask("ListChallenges"))["me"]
    return me


async def pays_due(story: Story) -> None:
    """The referrals' clock work."""
    await pay_due(story.fedele.database, story.fedele.programmes.at, story.clock())
    await story.work()


async def test_a_challenge_is_followed_completed_and_told_of(story: Story) -> None:
    """Progress on the page and in the feed, units and a badge at the end, one push in the member's language."""
    phone = await story.joins("ada@example.org", "it")
    await story.work()
    await shops(story, phone, "A-1", *FIVE[:3])
    (seen,) = [
        e["node"] for e in (await challenges(phone))["challenges"]["edges"] if e["node"]["key"] == "round-the-shop"
    ]
    assert (seen["progress"], seen["target"], seen["missing"], seen["complete"]) == ("3", "5", "2", False)
    assert [step["reached"] for step in seen["steps"]] == [True, False]
    shown = [one for one in cards(await phone.home(), "challenge") if one["challenge"]]
    card = next(one for one in shown if one["challenge"]["id"] == seen["id"])
    assert card["reason"] == "Sei già a buon punto"

    before = int(points(await phone.home()))
    sale = await shops(story, phone, "A-2", *FIVE[2:])
    earned = sum(int(award["amount"]["amount"]) for award in sale["awards"])
    assert int(points(await phone.home())) == before + earned + 100
    page = await challenges(phone)
    assert [badge["name"] for badge in page["badges"]] == ["Esploratore del mese"]
    assert page["streaks"][0]["current"] == 1
    told = [edge["node"]["title"] for edge in (await phone.ask("ListMessages", first=20))["me"]["messages"]["edges"]]
    assert "Complimenti: Il giro del negozio" in told
    assert "Un nuovo distintivo: Esploratore del mese" in told

    figures = (await story.run("/staff/graphql", "console/ListChallengeFigures", story.staff, {}))["challenges"]
    (own,) = [one for one in figures if one["key"] == "round-the-shop"]
    assert (own["members"], own["completions"], own["given"]) == (1, 2, [{"currency": "points", "amount": "120"}])


async def test_an_opt_in_challenge_is_joined_once_and_then_counts(story: Story) -> None:
    """Joining is answered with its time, twice the same; what is not there or automatic is refused in words."""
    phone = await story.joins("ada@example.org", "it")
    phone.headers["accept-language"] = "it"
    page = await challenges(phone)
    named = {edge["node"]["key"]: edge["node"] for edge in page["challenges"]["edges"]}
    assert (named["own-bag-month"]["optIn"], named["own-bag-month"]["joined"]) == (True, False)
    first = (await phone.ask("JoinChallenge", input={"challengeId": named["own-bag-month"]["id"]}))["joinChallenge"]
    story.turn(minutes=5)
    again = (await phone.ask("JoinChallenge", input={"challengeId": named["own-bag-month"]["id"]}))["joinChallenge"]
    assert first["joinedAt"] == again["joinedAt"]
    refused = (await phone.ask("JoinChallenge", input={"challengeId": named["round-the-shop"]["id"]}))["joinChallenge"]
    assert refused["userErrors"] == [
        {"code": "CHALLENGE_NOT_OPEN", "message": "A questa sfida ora non si può partecipare.", "field": None}
    ]
    unknown = (await phone.ask("JoinChallenge", input={"challengeId": "challenge_00"}))["joinChallenge"]
    assert [error["code"] for error in unknown["userErrors"]] == ["NOT_FOUND"]
    await story.work()
    await shops(story, phone, "A-1", "PRODUCE")
    named = {edge["node"]["key"]: edge["node"] for edge in (await challenges(phone))["challenges"]["edges"]}
    assert (named["own-bag-month"]["joined"], named["own-bag-month"]["progress"]) == (True, "1")


async def test_two_friends_are_paid_when_the_first_shop_has_been_kept(story: Story) -> None:
    """Share, apply, shop, wait: both get 200 and are told, not of whom; a refund takes both back."""
    ada, bob = await story.joins("ada@example.org", "en"), await story.joins("bob@example.org", "ru")
    await story.work()
    assert cards(await ada.home(), "referral")
    shared = (await ada.ask("ShareReferral", input={}))["shareReferral"]["referral"]
    assert shared["code"] in shared["shareText"]
    bob.headers["accept-language"] = "ru"
    wrong = (await bob.ask("ApplyReferralCode", input={"code": "nobody"}))["applyReferralCode"]
    assert wrong["userErrors"] == [
        {
            "code": "REFERRAL_CODE_UNKNOWN",
            "message": "Такого кода нет. Проверьте, как он написан.",
            "field": ["input", "code"],
        }
    ]
    applied = (await bob.ask("ApplyReferralCode", input={"code": shared["code"].lower()}))["applyReferralCode"]
    assert applied["cameBy"]["state"] == "CHECKING"
    await story.work()
    assert (await bob.ask("ShowReferral"))["me"]["referral"]["cameBy"]["state"] == "OPEN"

    settled = await shops(story, bob, "B-1", *FIVE[:4])
    adas, bobs = int(points(await ada.home())), int(points(await bob.home()))
    story.turn(days=13)
    await pays_due(story)
    assert (int(points(await ada.home())), int(points(await bob.home()))) == (adas, bobs)
    story.turn(days=1)
    await pays_due(story)
    assert (int(points(await ada.home())), int(points(await bob.home()))) == (adas + 200, bobs + 200)
    seen = (await ada.ask("ShowReferral"))["me"]["referral"]
    assert seen["paidCount"] == 1
    assert seen["friends"] == [
        {"state": "PAID", "since": seen["friends"][0]["since"], "given": {"currency": "points", "amount": "200"}}
    ]
    assert bob.member_id not in str(seen)
    told = [edge["node"]["title"] for edge in (await ada.ask("ListMessages", first=20))["me"]["messages"]["edges"]]
    assert any("thank you for your friend" in title for title in told)

    lines = [{"number": number, "quantity": "1"} for number in (1, 2)]
    back = {"idempotencyKey": "back", "receipt": "B-1", "lines": lines}
    answer = await story.at_the_till("ReturnLines", input=back)
    assert not answer["returnPurchase"]["userErrors"], answer
    await story.work()
    assert (await ada.ask("ShowReferral"))["me"]["referral"]["friends"][0]["state"] == "REVOKED"
    assert int(points(await ada.home())) == adas
    assert settled["purchaseId"]


async def test_staff_decide_about_what_is_held(story: Story) -> None:
    """Two friends from one phone: the second waits in the queue with words for it, and is approved once."""
    ada = await story.joins("ada@example.org", "en")
    friends = [await story.joins(f"friend{number}@example.org", "en") for number in (1, 2)]
    await story.work()
    code = (await ada.ask("ShareReferral", input={}))["shareReferral"]["referral"]["code"]
    for friend in friends:
        await friend.ask("ApplyReferralCode", input={"code": code, "deviceId": "one-phone-for-both"})
        await story.work()
    queue = (await story.run("/staff/graphql", "console/ListReferrals", story.staff, {"states": ["held"]}))["referrals"]
    (held,) = [edge["node"] for edge in queue["edges"]]
    assert (held["friendId"], held["reason"]) == (friends[1].member_id, "REFERRAL_SAME_DEVICE")
    assert held["reasonText"] == "This phone was used by the referrer, or by another of their friends."
    decision = {"input": {"friendId": held["friendId"], "reason": "Sisters"}}
    for expected in ([], ["REFERRAL_NOT_HELD"]):
        answer = await story.run("/staff/graphql", "console/ApproveReferral", story.staff, decision)
        assert [error["code"] for error in answer["approveReferral"]["userErrors"]] == expected
    checks = await story.run(
        "/staff/graphql", "console/ListReferralChecks", story.staff, {"memberId": held["friendId"]}
    )
    assert [one["outcome"] for one in checks["referralChecks"]] == ["approved", "held"]
