"""Which places a card carries: both wallets read ten, so the ten that this member is likely to pass."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from fedele.domains.programme.config import Place, Places, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.wallet.config import WalletConfig
from fedele.domains.wallet.types import LOCATIONS_MAX, CardPlace
from fedele.kernel.ids import StoreId

EARTH_RADIUS_METRES = 6_371_009
_REMEMBERED_MAX = 4096
_Key: TypeAlias = tuple[int, tuple[str, ...], str, tuple[str, ...] | None]


class PlacesOfCards:
    """The places of a card by programme, usual stores and language. Each is worked out once, and then the same tuple:
    ranking a chain's thousand shops for every card would cost more than signing it."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[Programme, tuple[CardPlace, ...]]] = {}

    def of(
        self, programme: Programme, usual: Sequence[str], locale: str, among: tuple[str, ...] | None = None
    ) -> tuple[CardPlace, ...]:
        """The places for a member of these usual stores, the most usual first; of those of these keys, if given."""
        key = (id(programme), tuple(usual), locale, among)
        known = self._known.get(key)
        if known is not None and known[0] is programme:  # an id alone may be another programme's by now
            return known[1]
        if len(self._known) >= _REMEMBERED_MAX:
            self._known.clear()
        places = _card_places(programme, usual, locale, among)
        self._known[key] = programme, places
        return places


places_of_cards = PlacesOfCards()


def nearest(places: Sequence[Place], usual: Sequence[str], count_max: int) -> tuple[Place, ...]:
    """The member's usual stores, and those nearest to any of them; with none known, the first in programme order."""
    by_key = {place.key: place for place in places}
    homes = [by_key[key] for key in usual if key in by_key][:count_max]
    if not homes:
        return tuple(places[:count_max])
    others = [place for place in places if place.key not in usual]
    ranked = sorted(others, key=lambda place: min(distance_metres(home, place) for home in homes))
    return tuple([*homes, *ranked][:count_max])


def distance_metres(one: Place, other: Place) -> float:
    """Along the great circle, by the haversine formula; a sphere is near enough to sort shops."""
    phi, other_phi = math.radians(one.latitude), math.radians(other.latitude)
    half_phi = (other_phi - phi) / 2
    half_lambda = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi) * math.cos(other_phi) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, chord)))


def _card_places(
    programme: Programme, usual: Sequence[str], locale: str, among: tuple[str, ...] | None
) -> tuple[CardPlace, ...]:
    declared = tuple(programme.section(Places))
    chosen = among if among is not None else programme.section(WalletConfig).places
    if chosen != "nearest":
        declared = tuple(place for place in declared if place.key in chosen)
    default_locale = programme.section(ProgrammeConfig).default_locale
    return tuple(
        CardPlace(
            store_id=StoreId(place.key),
            name=place.name.in_locale(locale, default_locale),
            latitude=place.latitude,
            longitude=place.longitude,
        )
        for place in nearest(declared, usual, LOCATIONS_MAX)
    )
