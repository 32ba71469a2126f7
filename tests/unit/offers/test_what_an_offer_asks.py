"""Each question of an offer, with what it saw; beacons, areas, tags, forecasts, approval, and which words one sees."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.api.offer_words import LANGUAGES, sentences, told
from fedele.domains.feed.types import Situation
from fedele.domains.offers.checking.checks import CHECKS
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.eligibility import Setting, explain_offer, see
from fedele.domains.offers.feed import _card
from fedele.domains.offers.queries import digest_of, state_of
from fedele.domains.offers.types import History, OpenOffer, Standing
from fedele.domains.offers.variants import variant_of
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.kernel.clock import ForecastHour, Moment, Position, Weather
from fedele.kernel.ids import MemberId, new_id
from tests.factories.facts import facts
from tests.factories.programme import SMALL, make_programme

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # ten in Rome
HEAD = (
    SMALL
    + """
areas:
  - key: lagoon
    name: Lagoon
    polygons: [{points: [[45.3, 12.2], [45.3, 12.5], [45.55, 12.5], [45.55, 12.2]]}]
places:
  - {key: bar, name: Bar, latitude: 45.0, longitude: 9.0, radius_metres: 200, tags: [coffee],
     beacons: [{uuid: 5b9c2d0e-4a6f-4c1e-9d3b-0f6a7c1d2e31}]}
  - {key: kiosk, name: Kiosk, latitude: 45.1, longitude: 9.0, radius_metres: 200}
offers:
  - key: o
    benefit: {type: bonus, currency: points, amount: 5}
    creative: {title: T, body: B}
"""
)


def setting(text: str, now: datetime = NOW, at: Position | None = None, **given: Any) -> Setting:
    """A member's situation under a programme whose offer `o` has these lines more."""
    programme = make_programme(HEAD + "".join(f"    {line}\n" for line in text.splitlines()))
    moment = Moment(now, at, given.pop("weather", None))
    defaults: dict[str, Any] = {"facts": facts(), "tier": None, "history": History(), "member_id": MemberId(new_id())}
    return Setting(programme, moment=moment, **defaults | given)


def reason(found: Setting) -> tuple[str, str] | None:
    """The first check that says no, and its code; both ways of asking must agree."""
    offer = found.programme.section(OffersConfig).find("o")
    assert offer is not None
    failed = next((check for check in explain_offer(offer, found) if not check.passed), None)
    seen = see(offer, found)
    if failed is None:
        assert isinstance(seen, OpenOffer)
        return None
    assert failed.refusal is not None
    assert not isinstance(seen, OpenOffer)
    assert seen.code == failed.refusal.code
    return failed.name, failed.refusal.code


def test_an_area_a_tag_and_a_beacon() -> None:
    """A named polygon; every store with a tag and no other; a beacon where a position proves nothing."""
    lagoon = "where: {areas: [lagoon]}"
    assert reason(setting(lagoon, at=Position(45.43, 12.33))) is None
    assert reason(setting(lagoon, at=Position(45.43, 12.6))) == ("place", "OFFER_ELSEWHERE")
    tagged = "where: {tags: [coffee]}"
    assert reason(setting(tagged, at=Position(45.0, 9.0))) is None
    assert reason(setting(tagged, at=Position(45.1, 9.0))) == ("place", "OFFER_ELSEWHERE")
    heard = "where: {places: [bar], beacons: true}"
    assert reason(setting(heard, at=Position(45.0, 9.0))) == ("place", "OFFER_ELSEWHERE")
    assert reason(setting(heard, at_places=frozenset({"bar"}), by_beacon=True)) is None
    assert reason(setting(heard, at_places=frozenset({"kiosk"}), by_beacon=True)) == ("place", "OFFER_ELSEWHERE")


def test_the_next_hours_of_the_sky() -> None:
    """Rain within three hours opens it; rain in five does not; nor does a sky without a forecast."""
    text = "weather: weather.forecast.exists(h, h.hours_ahead <= 3 && h.condition == 'rain')"
    dry = ForecastHour(1, 9.0)
    soon, late = (Weather(9.0, forecast=(dry, ForecastHour(hours, 8.0, 1.0, "rain"))) for hours in (3, 5))
    assert reason(setting(text, weather=soon)) is None
    assert reason(setting(text, weather=late)) == ("weather", "OFFER_WEATHER_DIFFERS")
    assert reason(setting(text, weather=Weather(9.0))) == ("weather", "OFFER_WEATHER_DIFFERS")
    assert reason(setting(text)) == ("weather", "OFFER_WEATHER_DIFFERS")


def test_the_sky_over_the_favourite_store_where_nobody_knows_the_position() -> None:
    """Of an offer without a place: the cell of the favourite store; without one it is not known."""
    text, cold = "weather: weather.temperature_celsius < 5.0", History(skies={"45.0,9.0": Weather(1.0)})
    assert reason(setting(text, history=cold, facts=facts(favourite_store="bar"))) is None
    assert reason(setting(text, history=cold, facts=facts(favourite_store=None))) == (
        "weather",
        "OFFER_WEATHER_DIFFERS",
    )
    assert reason(setting(text, history=cold, at=Position(45.02, 9.01))) is None


def test_what_follows_a_deed_is_open_from_then_on() -> None:
    """Without it the offer is not to be seen; with it, until its time is over."""
    text = "triggers: [{type: purchase, every: 5}]"
    assert reason(setting(text)) == ("earned", "OFFER_NOT_EARNED")
    opened = History(opened_until={"o": NOW + timedelta(hours=1)})
    assert reason(setting(text, history=opened)) is None
    assert reason(setting(text, NOW + timedelta(hours=1), history=opened)) == ("earned", "OFFER_NOT_EARNED")


def test_states_are_read_from_file_dates_and_staff() -> None:
    """Draft, waiting, scheduled, live, ended: and only the live one is open."""
    text = "state: scheduled\nneeds_approval: true\nschedule: {dates: {starts: 2026-11-24, ends: 2026-11-30}}"
    found = setting(text)
    offer = found.programme.section(OffersConfig).find("o")
    assert offer is not None
    approved, key = Standing("anna"), ("o", digest_of(offer))
    before, after = NOW - timedelta(days=1), NOW + timedelta(days=7)
    assert state_of(offer, Standing(), NOW, "Europe/Rome") == "waits_for_approval"
    assert [state_of(offer, approved, at, "Europe/Rome") for at in (before, NOW, after)] == [
        "scheduled",
        "live",
        "ended",
    ]
    assert state_of(offer, Standing("anna", NOW), NOW, "Europe/Rome") == "ended"
    assert reason(found) == ("approval", "OFFER_NOT_APPROVED")
    yes = History(standings={key: approved})
    assert reason(setting(text, history=yes)) is None
    assert reason(setting(text, before, history=yes)) == ("dates", "OFFER_CLOSED")
    assert reason(setting(text, history=History(standings={("o", "another wording"): approved}))) is not None
    assert reason(setting(text, history=History(standings={key: Standing("anna", NOW)}))) == ("state", "OFFER_CLOSED")
    assert reason(setting("state: draft")) == ("state", "OFFER_CLOSED")


def test_variants_are_fixed_by_a_hash_and_keep_their_shares() -> None:
    """The same member always sees the same; of many, each wording has its share; the words are the variant's."""
    text = "variants: [{key: b, share: 30 %, creative: {title: Other, body: B}}]"
    found = setting(text)
    offer = found.programme.section(OffersConfig).find("o")
    assert offer is not None
    members = [MemberId(new_id()) for _ in range(3_000)]
    seen = [variant_of(offer, member) for member in members]
    assert seen == [variant_of(offer, member) for member in members]
    assert 0.27 < seen.count("b") / len(seen) < 0.33
    other = members[seen.index("b")]
    shown = see(offer, setting(text, member_id=other))
    assert isinstance(shown, OpenOffer)
    assert (shown.variant, shown.creative.title.in_locale("en")) == ("b", "Other")
    situation = Situation(found.programme, other, found.moment, "en", found.facts, None)
    card = _card(shown, situation, ())
    assert card.title == "Other"
    assert [term.weight for term in card.terms if term.name == "variant:b"] == [0.0]  # logged with the exposure


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("triggers: [{type: enter}]", "needs `where`"),
        ("triggers: [{type: time, to: everybody}]", "needs `at`"),
        ("triggers: [{type: time, at: '08:00'}]", "can only be to everybody"),
        ("triggers: [{type: purchase, nth: 2, every: 3}]", "not both"),
        ("claim: automatic", "needs triggers"),
        ("state: scheduled", "needs the date"),
        ("where: {areas: [atlantis]}", "no area 'atlantis'"),
        ("where: {polygons: [{points: [[0, 0], [1, 1], [0, 1], [1, 0]]}]}", "sides cross"),
        ("variants: [{key: b, share: 60, creative: &w {title: T, body: B}}, {key: c, share: 60, creative: *w}]",
         "more than 100"),
    ],
)  # fmt: skip
def test_what_cannot_happen_is_refused_when_the_file_is_read(text: str, words: str) -> None:
    """Each mistake in words, before anybody sees the offer."""
    with pytest.raises(ProgrammeInvalid, match=words):
        setting(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words_in_every_language(language: str) -> None:
    """For each check one sentence at least, with the same names in braces as in English; and they are filled in."""
    mine, english = sentences(language), sentences("en")
    assert mine.keys() == english.keys()
    assert {name for name, _ in CHECKS} - {key.partition("_")[0] for key in mine} - mine.keys() == set()
    found = setting("where: {places: all}\nweather: weather.temperature_celsius < 5.0", at=Position(45.01, 9.0),
                    weather=Weather(12.5))  # fmt: skip
    offer = found.programme.section(OffersConfig).find("o")
    assert offer is not None
    failed = {check.name: check for check in explain_offer(offer, found) if not check.passed}
    said = told(failed["place"], found.programme, language)
    assert "200" in said or "٢٠٠" in said
    assert "12" in told(failed["weather"], found.programme, language) or "١٢" in told(
        failed["weather"], found.programme, language
    )
    for check in failed.values():
        assert "{" not in told(check, found.programme, language)
