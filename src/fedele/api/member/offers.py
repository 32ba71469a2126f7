"""Offers in the members' schema: what is open here and now, claiming it, and the places worth watching."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import BadInput, UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.feed import Image
from fedele.api.member.programme import Speaker
from fedele.api.member.standing import PositionInput, standing_of
from fedele.api.member.wallet import WalletPass, pass_for
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field, query_field
from fedele.api.scalars import URL
from fedele.domains.offers import commands, errors, queries
from fedele.domains.offers import types as records
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.ports import WeatherSource
from fedele.domains.programme.config import Place as PlaceConfig
from fedele.domains.programme.config import Places
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.errors import RewardOutOfStock
from fedele.domains.wallet.queries import pass_of_claim
from fedele.kernel.clock import Position, Weather
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import page_of

OFFER = "offer"
CLAIM = "claim"
REGIONS_MAX = 100  # what Android monitors; iOS 20


@strawberry.enum(description="Which offers to list.")
class OfferFilter(Enum):
    """Parts of the open offers."""

    ALL = "all"
    TO_CLAIM = strawberry.enum_value("to_claim", description="Not claimed yet.")
    CLAIMED = strawberry.enum_value("claimed", description="Claimed and still to be used.")


@strawberry.type
class Place:
    """A shop, or another point on the map."""

    key: str
    name: str
    latitude: float
    longitude: float
    address: str | None

    @classmethod
    def of(cls, place: PlaceConfig, speaker: Speaker) -> Self:
        """From the programme file."""
        return cls(
            key=place.key,
            name=speaker.say(place.name),
            latitude=place.latitude,
            longitude=place.longitude,
            address=place.address,
        )


@strawberry.type
class OfferClaim(Node):
    """An offer that the member activated: it counts by itself at the till, once."""

    record: strawberry.Private[records.Claim]
    claimed_at: datetime
    usable_until: datetime
    used_at: datetime | None

    @strawberry.field
    async def wallet_pass(self, info: Info) -> WalletPass | None:
        """The claimed offer as a coupon for the phone's wallet. Null: it is over, or the programme carries no such."""
        context = info.context
        return pass_for(info, pass_of_claim(await context.programme(), self.record, context.moment.now))

    @classmethod
    def of(cls, record: records.Claim) -> Self:
        """From the record."""
        return cls(
            record=record,
            id=ids.row_id(CLAIM, record.member_id, record.id),
            claimed_at=record.claimed_at,
            usable_until=record.usable_until,
            used_at=record.used_at,
        )


@strawberry.type
class OfferWeather:
    """The sky at the offer's place. Show `weatherAttribution` beside it."""

    temperature_celsius: float
    feels_like_celsius: float | None
    rain_millimetres: float = strawberry.field(description="In the present hour.")
    condition: str = strawberry.field(description="clear, cloudy, fog, rain, snow or storm.")

    @classmethod
    def of(cls, weather: Weather) -> Self:
        """From the kernel's words."""
        return cls(
            temperature_celsius=weather.temperature_celsius,
            feels_like_celsius=weather.feels_like_celsius,
            rain_millimetres=weather.rain_millimetres,
            condition=weather.condition,
        )


@strawberry.type
class Attribution:
    """Whom to name where their data is shown."""

    text: str
    url: URL


@strawberry.type
class Offer(Node):
    """Something the member may claim and use, while it is open to them here and now."""

    key: str
    title: str
    body: str
    reason: str | None = strawberry.field(description="Why it is here now, in the member's language, if it says so.")
    image: Image | None
    deep_link: str | None
    category: str | None
    benefit: str = strawberry.field(description="multiplier, bonus, discount_amount, discount_percent or reward.")
    closes_at: datetime | None = strawberry.field(description="When it closes today or for good; null: no end.")
    place: Place | None = strawberry.field(description="The nearest of its places, if it has any.")
    distance_metres: int | None
    claim: OfferClaim | None = strawberry.field(description="The member's own claim that can still be used.")
    refusal: str | None = strawberry.field(description="The code of what stops claiming it right here, if anything.")
    variant: str | None = strawberry.field(description="Which of its wordings the member sees; null: its own words.")
    weather: "OfferWeather | None" = strawberry.field(description="The sky it was judged by, if it asks for one.")

    @classmethod
    def of(cls, found: records.OpenOffer, programme: Programme, locale: str) -> Self:
        """From the record."""
        speaker, creative, spot = Speaker(programme, locale), found.creative, found.spot
        return cls(
            id=ids.key_id(OFFER, found.offer.key),
            key=found.offer.key,
            title=speaker.say(creative.title),
            body=speaker.say(creative.body),
            reason=speaker.say(creative.reason) if creative.reason else None,
            image=Image(url=URL(creative.image)) if creative.image else None,
            deep_link=creative.deep_link,
            category=found.offer.category,
            benefit=found.offer.benefit.type,
            closes_at=found.closes_at,
            place=Place.of(spot.place, speaker) if spot and spot.place else None,
            distance_metres=round(spot.distance_metres) if spot else None,
            claim=OfferClaim.of(found.claim) if found.claim else None,
            refusal=found.refusal,
            variant=found.claim.variant if found.claim else found.variant,
            weather=OfferWeather.of(found.weather) if found.weather else None,
        )


@strawberry.type
class Region:
    """A circle for the phone to monitor. Entering one proves nothing: the server decides again when it is told."""

    place: Place | None = strawberry.field(description="Null for the refresh region.")
    latitude: float
    longitude: float
    radius_metres: int
    distance_metres: int

    @classmethod
    def of(cls, record: records.Region, programme: Programme, locale: str) -> Self:
        """From the record."""
        places = {place.key: place for place in programme.section(Places)}
        place = places.get(record.place_key or "")
        return cls(
            place=Place.of(place, Speaker(programme, locale)) if place else None,
            latitude=record.latitude,
            longitude=record.longitude,
            radius_metres=record.radius_metres,
            distance_metres=round(record.distance_metres),
        )


@strawberry.type
class RegionSet:
    """What to monitor from here."""

    regions: list[Region] = strawberry.field(description="The nearest places, nearest first.")
    refresh: Region = strawberry.field(description="On leaving this one, ask again.")


@strawberry.type
class OfferFields(MemberBase):
    """Offers' part of Member."""

    @strawberry.field
    async def offers(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        at: PositionInput | None = None,
        filter: OfferFilter = OfferFilter.ALL,
    ) -> Connection[Offer]:
        """The offers open to this member now, and at that position: to be claimed first, the most important first."""
        context = info.context
        setting, locale = await setting_of(context, self.member_id, at.position() if at else None)
        found = [
            one
            for one in queries.open_offers(setting)
            if filter is OfferFilter.ALL or (one.claim is not None) is (filter is OfferFilter.CLAIMED)
        ]
        ranks = {one.offer.key: rank for rank, one in enumerate(found)}
        page = page_of(found, lambda one: (ranks[one.offer.key], one.offer.key), page_size(first), after)
        return connection(page, lambda one: Offer.of(one, setting.programme, locale))

    @strawberry.field
    async def regions(self, info: Info, at: PositionInput, first: int = 20) -> RegionSet:
        """The nearest places for the phone to monitor, with a region that says when to ask again. The refresh region
        counts: `first: 20` is what iOS takes in all."""
        if not 1 <= first <= REGIONS_MAX:
            raise BadInput(f"`first` is {first}; it must be 1 to {REGIONS_MAX}")
        programme, locale = await info.context.programme(), await info.context.language()
        chosen = queries.nearest_regions(tuple(programme.section(Places)), at.position(), first)
        return RegionSet(
            regions=[Region.of(region, programme, locale) for region in chosen.regions],
            refresh=Region.of(chosen.refresh, programme, locale),
        )


async def setting_of(context: Context, member_id: MemberId, position: Position | None) -> tuple[queries.Setting, str]:
    """The member's situation at a position, and the language to speak: two statements, and one for offers."""
    standing = await standing_of(context, member_id)
    moment = context.moment.at(position)
    favourite = standing.facts.values.get("member.favourite_store")
    history = await context.once(
        ("offer_history", member_id, position),
        lambda: queries.history_of(context.reader, standing.programme, member_id, moment.now, position, favourite),
    )
    setting = queries.Setting(standing.programme, standing.facts, standing.tier, history, moment, member_id)
    return setting, standing.locale


async def fetch_offer(context: Context, text: strawberry.ID) -> Offer | None:
    """An offer by its id, if it is open to this member now."""
    key = ids.find_key(OFFER, text)
    setting, locale = await setting_of(context, context.member_id, None)
    offer = setting.programme.section(OffersConfig).find(key or "")
    found = queries.see(offer, setting) if offer else None
    return Offer.of(found, setting.programme, locale) if isinstance(found, records.OpenOffer) else None


async def fetch_claim(context: Context, text: strawberry.ID) -> OfferClaim | None:
    """A claim of this member by its id."""
    row = ids.find_row(CLAIM, text, context.member_id)
    record = await queries.find_claim(context.reader, context.member_id, records.ClaimId(row)) if row else None
    return OfferClaim.of(record) if record else None


@user_error(
    errors.OfferClosed,
    errors.OfferNotForMember,
    errors.OfferElsewhere,
    errors.OfferWeatherDiffers,
    errors.OfferLimitReached,
    errors.OfferExhausted,
    errors.OfferNotApproved,
    errors.OfferNotEarned,
    RewardOutOfStock,
)
class ClaimOfferUserError(UserError):
    """Why the offer was not claimed."""


@strawberry.type
class ClaimOfferPayload:
    """The claim, or why there is none."""

    claim: OfferClaim | None = None
    user_errors: list[ClaimOfferUserError] = strawberry.field(default_factory=list)


@strawberry.input
class BeaconInput:
    """A Bluetooth beacon that the phone hears (iBeacon's names)."""

    uuid: str
    major: int = 0
    minor: int = 0

    def heard(self) -> records.BeaconHeard:
        """As offers know it."""
        return records.BeaconHeard(self.uuid, self.major, self.minor)


@strawberry.input
class ClaimOfferInput:
    """Which offer to claim, and where the phone is."""

    offer_id: strawberry.ID
    idempotency_key: str = strawberry.field(description="One per tap: a retry with the same key claims once.")
    at: PositionInput | None = None
    beacon: BeaconInput | None = strawberry.field(
        default=None, description="The beacon that the phone hears, for offers that ask for one."
    )


@strawberry.type
class WeatherQuery:
    """Whom the weather comes from."""

    @query_field(requires=MEMBER)
    async def weather_attribution(self, info: Info) -> Attribution | None:
        """Whom to name beside weather; null where nothing needs to be said."""
        source = info.context.services.find(WeatherSource)  # type: ignore[type-abstract]
        if source is None or source.attribution is None:
            return None
        return Attribution(text=source.attribution.text, url=URL(source.attribution.url))


@strawberry.type
class OfferMutation:
    """What members do with offers."""

    @mutation_field(requires=MEMBER)
    async def claim_offer(self, info: Info, input: ClaimOfferInput) -> ClaimOfferPayload | None:
        """Give the member this offer. While the claim can be used, repeating the call returns it."""
        context, member_id = info.context, info.context.member_id
        key = ids.key_of(OFFER, input.offer_id, field="offerId")
        programme = await context.programme()
        moment = context.moment.at(input.at.position() if input.at else None)
        async with context.database.transaction() as tx:
            places = queries.places_of_beacon(programme, input.beacon.heard()) if input.beacon else frozenset[str]()
            record = await commands.claim_offer(tx, programme, member_id, key, moment, input.idempotency_key, places)
        return ClaimOfferPayload(claim=OfferClaim.of(record))
