"""Positions, check-ins and explanations through the API: what is refused is said, and nothing of it is written."""

from typing import Any

from fedele.api import ids
from fedele.domains.offers.ports import Attribution, WeatherSource
from tests.factories import offer_operations as offers
from tests.fixtures.api import Api

EXPLAIN = "query ($o: ID!, $at: PositionInput) { me { explainOffer(offer: $o, at: $at) { open code reason } } }"
RECORD = """mutation ($input: RecordPositionInput!) { recordPosition(input: $input) {
  sighting { believed verdict place { key } opened } userErrors { code message } } }"""
CHECK_IN = """mutation ($input: CheckInInput!) { checkIn(input: $input) {
  sighting { believed place { key name } } userErrors { code message } } }"""
APPROVE = """mutation ($input: ApproveOfferInput!) { approveOffer(input: $input) {
  offer { state approvedBy } userErrors { code field } } }"""


async def positions_kept(admin: Any) -> int:
    """How many positions are in the database."""
    return int(await admin.fetchval("SELECT count(*) FROM member_position"))


async def test_without_consent_a_position_is_refused_in_the_members_language(api: Api, admin: Any) -> None:
    """The code, Italian words, and nothing kept; with consent it is believed and the place is named."""
    report = await offers.a_report(api)
    other = await api.ask(RECORD, api.stranger.headers, **report)
    (refused,) = other["data"]["recordPosition"]["userErrors"]
    assert refused["code"] == "LOCATION_CONSENT_MISSING"
    assert await positions_kept(admin) == 0
    answer = (await api.ask(RECORD, **report))["data"]["recordPosition"]
    assert answer["userErrors"] == []
    assert (answer["sighting"]["verdict"], answer["sighting"]["place"]) == ("believed", {"key": "store-367"})
    assert await positions_kept(admin) == 1


async def test_a_position_needs_its_offset_and_the_earth(api: Api, admin: Any) -> None:
    """A time without an offset and a latitude of 91 degrees are named; nothing is kept."""
    report = await offers.a_report(api)
    naive = {"input": {"at": {**report["input"]["at"], "seenAt": "2026-11-21T11:00:00"}}}
    answer = await api.ask(RECORD, **naive)
    assert "offset" in str(answer)
    off = {"input": {"at": {**report["input"]["at"], "latitude": 91.0}}}
    assert "latitude" in str(await api.ask(RECORD, **off))
    assert await positions_kept(admin) == 0


async def test_a_check_in_that_is_none(api: Api, admin: Any) -> None:
    """Another store, a simulated position, a place that is not: each refused with its code, nothing kept."""
    given = (await offers.a_check_in(api))["input"]
    for place, changes, code in (
        ("store-361", {}, "NOT_AT_PLACE"),
        ("store-367", {"mocked": True}, "POSITION_NOT_BELIEVED"),
        ("atlantis", {}, "NOT_FOUND"),
    ):
        tried = {**given, "placeKey": place, "at": {**given["at"], **changes}}
        (refused,) = (await api.ask(CHECK_IN, input=tried))["data"]["checkIn"]["userErrors"]
        assert refused["code"] == code
        assert await positions_kept(admin) == 0
    assert (await api.ask(CHECK_IN, input=given))["data"]["checkIn"]["sighting"]["place"]["name"] == "Riverside"


async def test_explaining_speaks_four_languages(api: Api) -> None:
    """Why an offer is not there, to whoever does not say where they are; null for one that the programme has not."""
    tea, none = ids.key_id("offer", "grey-sky-tea"), ids.key_id("offer", "none")
    for language, words in (
        ("en", "It holds near"), ("it", "Vale vicino"), ("ru", "Оно действует"), ("ar", "العرض متاح"),
    ):  # fmt: skip
        headers = {**api.member.headers, "accept-language": language}
        told = (await api.ask(EXPLAIN, headers, o=tea))["data"]["me"]["explainOffer"]
        assert (told["open"], told["code"]) == (False, "OFFER_ELSEWHERE")
        assert told["reason"].startswith(words)
        assert (await api.ask(EXPLAIN, headers, o=none))["data"]["me"]["explainOffer"] is None


async def test_staff_see_states_and_reasons(api: Api) -> None:
    """Where offers stand, approving as it is written, ending for everybody; unknown ids are null or not found."""
    listed = (await api.ask_staff("{ offers { key state digest } }"))["data"]["offers"]
    by_key = {one["key"]: one for one in listed}
    assert by_key["first-baskets"]["state"] == "LIVE"
    wrong = {"offerKey": "first-baskets", "digest": "0" * 32}
    (refused,) = (await api.ask_staff(APPROVE, input=wrong))["data"]["approveOffer"]["userErrors"]
    assert refused == {"code": "OFFER_CHANGED", "field": ["input", "digest"]}
    right = {"offerKey": "first-baskets", "digest": by_key["first-baskets"]["digest"]}
    assert (await api.ask_staff(APPROVE, input=right))["data"]["approveOffer"]["offer"]["approvedBy"]
    end = 'mutation { endOffer(input: {offerKey: "first-baskets"}) { offer { state } } }'
    assert (await api.ask_staff(end))["data"]["endOffer"]["offer"]["state"] == "ENDED"
    explain = 'query ($m: ID!) { explainOffer(memberId: $m, offerKey: "first-baskets") { code } }'
    member = ids.member_id(api.member.member_id)
    assert (await api.ask_staff(explain, m=member))["data"]["explainOffer"] == {"code": "OFFER_CLOSED"}
    assert (await api.ask_staff(explain, m="member_00"))["data"]["explainOffer"] is None
    assert (await api.ask_staff(APPROVE, api.till, input=right))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_whom_to_name_beside_the_weather(api: Api) -> None:
    """Nobody without a source; the source's words with one."""
    query = "{ weatherAttribution { text url } }"
    assert (await api.ask(query))["data"]["weatherAttribution"] is None

    class Source:
        attribution = Attribution("Weather data by Somebody", "https://weather.example/")

    extras: Any = api.services.extras
    extras[WeatherSource] = Source()
    assert (await api.ask(query))["data"]["weatherAttribution"] == {
        "text": "Weather data by Somebody",
        "url": "https://weather.example/",
    }
