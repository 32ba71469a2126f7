"""Place, time, weather, audience and limits each open or close an offer, and the refusal names which."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fedele.domains.offers.eligibility import Setting, explain_offer
from fedele.domains.offers.queries import explain, open_offers
from fedele.domains.offers.spending import cost_minor
from fedele.domains.offers.types import Claim, ClaimId, History
from fedele.kernel.clock import Moment, Position, Weather
from fedele.kernel.ids import MemberId, new_id
from tests.factories.facts import facts
from tests.factories.programme import grocer, make_programme

RIVERSIDE = Position(39.9520, -83.0010)
FIVE_KM_NORTH = Position(39.9970, -83.0010)
# A Tuesday in November: 08:30 in New York is 13:30 UTC.
MORNING = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
COLD = Weather(3.0)

SMALL = """
format: 1
programme: {key: small, name: Small, time_zone: America/New_York, home_currency: USD}
currencies: [{key: points, name: points, worth: 0.01}]
places:
  - {key: mill, name: Mill, latitude: 39.952, longitude: -83.001, radius_metres: 300, time_zone: America/Chicago,
     hours: [{opens: '08:00', closes: '20:00'}]}
offers:
"""


def setting(text: str | None = None, now: datetime = MORNING, **given: Any) -> Setting:
    """A member's situation under the grocer's programme, or under a small one with these offers."""
    moment = Moment(now, given.pop("place", None), given.pop("weather", None))
    defaults: dict[str, Any] = {"facts": facts(), "tier": None, "history": History()}
    return Setting(make_programme(SMALL + text) if text else grocer(), moment=moment, **defaults | given)


def test_coffee_on_a_cold_morning_near_the_shop() -> None:
    """Cold, 08:30, 300 metres away: the coffee offer is open, until ten on the shop's clock."""
    seen = {found.offer.key: found for found in open_offers(setting(place=RIVERSIDE, weather=COLD))}
    assert seen["cold-morning-coffee"].refusal is None
    assert seen["cold-morning-coffee"].closes_at == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"now": MORNING + timedelta(hours=7)}, "OFFER_CLOSED"),
        ({"place": FIVE_KM_NORTH}, "OFFER_ELSEWHERE"),
        ({"place": None}, "OFFER_ELSEWHERE"),
        ({"weather": Weather(18.0)}, "OFFER_WEATHER_DIFFERS"),
        ({"weather": None}, "OFFER_WEATHER_DIFFERS"),
    ],
)
def test_what_closes_the_coffee_offer_is_named(change: dict[str, Any], code: str) -> None:
    """Seven hours later, five kilometres away, warmer, or not knowing where or how warm: each has its reason."""
    given: dict[str, Any] = {"place": RIVERSIDE, "weather": COLD} | change
    assert explain(setting(**given))["cold-morning-coffee"] == code
    assert "cold-morning-coffee" not in {found.offer.key for found in open_offers(setting(**given))}


def test_the_windows_follow_the_places_clock() -> None:
    """The mill's clock is an hour behind the programme's: 08:30 in New York is 07:30 there, and it opens at eight."""
    offer = "  - {key: o, benefit: {type: bonus, currency: points, amount: 5}, creative: {title: T, body: B},"
    offer += " where: {places: all}, schedule: {windows: [{opens: '07:00', closes: '08:00'}], local_to: place}}"
    assert explain(setting(offer, place=RIVERSIDE)) == {"o": None}
    by_programme = offer.replace("local_to: place", "local_to: programme")
    assert explain(setting(by_programme, place=RIVERSIDE)) == {"o": "OFFER_CLOSED"}
    while_open = offer.replace("local_to: place", "local_to: place, opening_hours: true")
    assert explain(setting(while_open, place=RIVERSIDE)) == {"o": "OFFER_CLOSED"}


def test_a_place_may_be_needed_to_claim_only() -> None:
    """`needed_to: claim` shows the offer everywhere and says that it is had elsewhere."""
    offer = "  - {key: o, benefit: {type: bonus, currency: points, amount: 5}, creative: {title: T, body: B},"
    offer += " where: {places: [mill], needed_to: claim}}"
    (far,) = open_offers(setting(offer, place=FIVE_KM_NORTH))
    assert (far.refusal, far.spot is not None and far.spot.within) == ("OFFER_ELSEWHERE", False)
    (near,) = open_offers(setting(offer, place=RIVERSIDE))
    assert near.refusal is None


def test_audience_decides_first() -> None:
    """A tier and a condition over the member keep others from even seeing the offer."""
    offer = "  - {key: o, benefit: {type: bonus, currency: points, amount: 5}, creative: {title: T, body: B},"
    offer += ' audience: {when: "member.purchases_count >= 20"}}'
    assert explain(setting(offer)) == {"o": "OFFER_NOT_FOR_MEMBER"}
    assert explain(setting(offer, facts=facts(purchases_count=20))) == {"o": None}


def claims(count: int, ago: timedelta, used: bool = True) -> History:
    """So many earlier claims of offer `o`."""
    at = MORNING - ago
    made = tuple(
        Claim(ClaimId(new_id()), MemberId(new_id()), "o", 1, at, at + timedelta(hours=72), at if used else None)
        for _ in range(count)
    )
    return History({"o": made})


def test_limits_of_a_member_and_in_all() -> None:
    """Once a day, three times in all; and hard stops by number and by money."""
    offer = "  - {key: o, benefit: {type: discount_amount, value: 2.00}, creative: {title: T, body: B},"
    offer += " limits: {per_member: 3, per_member_day: 1, total: 10}, budget: {money: 12.00}}"
    assert explain(setting(offer, history=claims(1, timedelta(hours=1)))) == {"o": "OFFER_LIMIT_REACHED"}
    assert explain(setting(offer, history=claims(1, timedelta(hours=10)))) == {"o": None}  # that was yesterday
    assert explain(setting(offer, history=claims(3, timedelta(days=5)))) == {"o": "OFFER_LIMIT_REACHED"}
    assert explain(setting(offer, history=History(gone={"o": 10}))) == {"o": "OFFER_EXHAUSTED"}
    assert explain(setting(offer, history=History(left_minor={"o": 199}))) == {"o": "OFFER_EXHAUSTED"}
    assert explain(setting(offer, history=History(left_minor={"o": 200}))) == {"o": None}


def test_a_claim_in_hand_is_shown_as_such() -> None:
    """While it can be used, the offer shows its claim instead of hiding behind the limit."""
    offer = "  - {key: o, benefit: {type: discount_amount, value: 2.00}, creative: {title: T, body: B}}"
    held = setting(offer, history=claims(1, timedelta(hours=1), used=False))
    (found,) = open_offers(held)
    assert found.claim is not None
    assert found.refusal is None
    assert all(check.passed for check in explain_offer(found.offer, held))  # asked why, it says the same
    used = setting(offer, history=claims(1, timedelta(hours=1)))
    assert [check.name for check in explain_offer(found.offer, used) if not check.passed] == ["member_limit"]


def test_what_a_claim_costs_at_most() -> None:
    """Budgets count a discount at its most; what a multiplier costs only the sale can tell."""
    costs = {offer.key: cost_minor(offer, grocer()) for offer in _offers()}
    assert costs["breakfast-pastry"] == 400
    assert costs["lunch-deli"] == 200
    assert costs["evening-fresh"] is None


def _offers() -> Any:
    from fedele.domains.offers.config import OffersConfig

    return grocer().section(OffersConfig)


def test_decimals_stay_exact() -> None:
    """A budget of 0.30 holds exactly three claims of 0.10: no float creeps in."""
    offer = "  - {key: o, benefit: {type: discount_amount, value: 0.10}, creative: {title: T, body: B},"
    offer += " budget: {money: 0.30}}"
    assert explain(setting(offer, history=History(left_minor={"o": 10}))) == {"o": None}
    assert explain(setting(offer, history=History(left_minor={"o": 9}))) == {"o": "OFFER_EXHAUSTED"}
    assert Decimal("0.1") * 3 == Decimal("0.3")
