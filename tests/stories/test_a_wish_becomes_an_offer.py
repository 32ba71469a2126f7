"""The Growave row: a wishlist event → a segment → an offer; all of it through the public surface and the worker."""

from typing import Any

from tests.fixtures.story import Phone, Story

WISHES = "wish-granted"


async def offers_of(phone: Phone) -> dict[str, Any]:
    """The member's open offers by key."""
    edges = (await phone.ask("ListOffers"))["me"]["offers"]["edges"]
    return {edge["node"]["key"]: edge["node"] for edge in edges}


async def staff(story: Story, operation: str, **variables: Any) -> Any:
    """Run a console operation."""
    return await story.run("/staff/graphql", f"console/{operation}", story.staff, variables)


async def wishes(story: Story, phone: Phone, key: str) -> None:
    """The shop reports that something was put on the wish list, and the worker follows."""
    event = {"memberId": phone.member_id, "name": "wishlist", "properties": {"sku": "1029743"}, "idempotencyKey": key}
    answer = (await staff(story, "RecordEvent", input=event))["recordEvent"]
    assert answer["userErrors"] == []
    await story.work()


async def test_a_wish_opens_an_offer_to_whoever_made_it(story: Story) -> None:
    """Nobody has it before; the event alone opens it, with its reason, to that member and to nobody else."""
    ada, bo = await story.joins("ada@example.org", "en"), await story.joins("bo@example.org", "it")
    refreshed = (await staff(story, "RefreshSegment", input={"segment": "wishers"}))["refreshSegment"]
    assert (refreshed["membersCount"], refreshed["userErrors"]) == (0, [])
    assert WISHES not in await offers_of(ada)
    await wishes(story, ada, "wish-1")
    assert (await offers_of(ada))[WISHES]["reason"] == "You put something on your wish list"
    assert WISHES not in await offers_of(bo)
    (stint,) = [
        one
        for one in (await staff(story, "ListMemberSegments", memberId=ada.member_id))["member"]["segments"]
        if one["segment"] == "wishers"
    ]
    assert (stint["leftAt"], stint["entriesCount"]) == (None, 1)
    inside = await staff(story, "ListSegmentMembers", segment="wishers")
    assert [edge["node"]["memberId"] for edge in inside["segmentMembers"]["edges"]] == [ada.member_id]


async def test_a_wish_is_forgotten_after_a_quarter(story: Story) -> None:
    """Ninety days later nothing has happened, and the next look closes the offer; a preview says so before."""
    ada = await story.joins("ada@example.org", "en")
    await staff(story, "RefreshSegment", input={"segment": "wishers"})
    await wishes(story, ada, "wish-1")
    assert WISHES in await offers_of(ada)
    story.turn(days=45)
    await ada.home()  # an app that is opened now and then stays logged in
    story.turn(days=46)
    refreshed = (await staff(story, "RefreshSegment", input={"segment": "wishers"}))["refreshSegment"]
    assert (refreshed["membersCount"], refreshed["leftCount"]) == (0, 1)
    assert WISHES not in await offers_of(ada)
    asked = await staff(story, "PreviewSegment", condition="has(member.events_90_days.wishlist)")
    assert asked["previewSegment"]["preview"]["membersCount"] == 0
    wrong = await staff(story, "PreviewSegment", condition="member.purchases_cont > 3")
    assert wrong["previewSegment"]["preview"] is None
    assert "Did you mean 'member.purchases_count'" in wrong["previewSegment"]["mistake"]
    assert (wrong["previewSegment"]["line"], wrong["previewSegment"]["column"]) == (1, 1)
