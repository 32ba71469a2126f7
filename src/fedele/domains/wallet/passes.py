"""What a reward, a claimed offer or a ticket says as a pass of its own, and which of them the programme carries.

Purely a reading of what the other rooms keep: the pass has no life of its own. Once the redemption is used, the seat
given back or the hour past, the pass is voided, whoever asks for it.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable
from fedele.domains.community import queries as community
from fedele.domains.community.config import Gathering, GatheringsConfig
from fedele.domains.community.types import Place as Seat
from fedele.domains.community.types import PlaceState
from fedele.domains.offers import queries as offers
from fedele.domains.offers.config import (
    AmountBenefit,
    Creative,
    MultiplierBenefit,
    Offer,
    OffersConfig,
    PercentBenefit,
)
from fedele.domains.offers.types import Claim, ClaimId
from fedele.domains.programme.config import Place, Places, ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.domains.rewards import queries as rewards
from fedele.domains.rewards.config import (
    DiscountAmount,
    DiscountPercent,
    Donation,
    Experience,
    GiftCard,
    PhysicalGift,
    Reward,
    SweepstakeEntry,
    UnitsReward,
    VoucherCode,
)
from fedele.domains.rewards.types import Redemption, RedemptionId
from fedele.domains.wallet.config import WalletConfig
from fedele.domains.wallet.types import CardSpan, CardTicket, CardVoucher, Ended, PassKind, PassSubject, Words

_NOT_SHOWN = (Donation, SweepstakeEntry, UnitsReward, PhysicalGift)  # nobody scans or looks at them
EXPERIENCE_LASTS = timedelta(hours=3)  # a programme says when one begins, and not when it ends


def carries_reward(programme: Programme, reward: Reward | None) -> bool:
    """Whether the programme lets members add this reward to their wallet."""
    declared = programme.section(WalletConfig).passes
    if reward is None or isinstance(reward, _NOT_SHOWN):
        return False
    if declared.rewards is None:
        return declared.tickets is not None and _is_dated(reward)
    return not declared.rewards.only or reward.key in declared.rewards.only


def carries_offer(programme: Programme, key: str) -> bool:
    """Whether the programme lets members add this claimed offer to their wallet."""
    declared = programme.section(WalletConfig).passes.offers
    return declared is not None and key in declared.only


def carries_seats(programme: Programme) -> bool:
    """Whether the programme makes tickets of seats at gatherings."""
    return programme.section(WalletConfig).passes.tickets is not None


def pass_of_redemption(programme: Programme, redemption: Redemption) -> PassSubject | None:
    """The pass that the holder of this reward may add; None: not held any more, or not carried."""
    if redemption.status != "held" or not carries_reward(programme, rewards.reward_of(redemption, programme)):
        return None
    return PassSubject("reward", redemption.member_id, redemption.id)


def pass_of_claim(programme: Programme, claim: Claim, at: datetime) -> PassSubject | None:
    """The pass that who claimed this offer may add; None: used, over, or not carried."""
    if not claim.in_hand(at) or not carries_offer(programme, claim.offer_key):
        return None
    return PassSubject("offer", claim.member_id, claim.id)


def pass_of_place(programme: Programme, place: Seat, at: datetime) -> PassSubject | None:
    """The ticket that who has this seat may add; None: no seat, over, or not carried."""
    gathering = programme.section(GatheringsConfig).find(place.gathering_key)
    if gathering is None or gathering.ends_at <= at or place.state != "joined":
        return None
    return PassSubject("ticket", place.member_id, place.id) if carries_seats(programme) else None


def design_of(programme: Programme, kind: PassKind) -> str:
    """The folder of this kind's design; the card's, where the programme no longer carries it."""
    config = programme.section(WalletConfig)
    declared = {"reward": config.passes.rewards, "offer": config.passes.offers, "ticket": config.passes.tickets}
    found = declared.get(kind)
    return found.design if found else config.design


async def find_state(
    db: Queryable, programme: Programme, subject: PassSubject, locale: str, at: datetime
) -> dict[str, Any] | None:
    """The parts of a CardState that this kind of pass has of its own; None: there is nothing of the kind.

    `places` are keys: where it comes up; None: wherever the card does. `code` None: the member's card code.
    """
    if subject.id is None:
        return None
    if subject.kind == "reward":
        redemption = await rewards.find_redemption(db, subject.member_id, RedemptionId(subject.id), at)
        return _of_redemption(programme, redemption, locale) if redemption else None
    if subject.kind == "offer":
        claim = await offers.find_claim(db, subject.member_id, ClaimId(subject.id))
        return _of_claim(programme, claim, locale, at) if claim else None
    places = await community.places_of(db, subject.member_id)
    seat = next((place for place in places.values() if place.id == subject.id), None)
    gathering = programme.section(GatheringsConfig).find(seat.gathering_key) if seat else None
    return _of_seat(programme, gathering, seat.state, seat.guests, locale, at) if seat and gathering else None


def _of_redemption(programme: Programme, redemption: Redemption, locale: str) -> dict[str, Any] | None:
    reward = rewards.reward_of(redemption, programme)
    declared = programme.section(WalletConfig).passes
    if reward is None or not carries_reward(programme, reward):
        return None
    speak = _Speaker(programme, locale)
    ended: dict[str, Ended] = {"used": "used", "expired": "expired", "cancelled": "withdrawn"}
    until = redemption.usable_until.astimezone(speak.zone)
    voucher = CardVoucher(
        key=reward.key,
        name=speak.say(reward.name),
        description=speak.maybe(reward.description),
        terms=speak.maybe(reward.terms),
        usable_until=until,
        names=_words(reward.name),
        descriptions=_words(reward.description),
        **_figure_of_reward(reward, speak.money),
    )
    state: dict[str, Any] = {
        "voucher": voucher,
        "ended": ended.get(redemption.status),
        "code": redemption.code,
        "expires_at": redemption.usable_until,
        "places": reward.places or None,
        "design": declared.rewards.design if declared.rewards else None,
    }
    if isinstance(reward, Experience) and reward.starts_at is not None and declared.tickets is not None:
        starts_at = datetime.fromisoformat(reward.starts_at).replace(tzinfo=speak.zone)
        ticket = CardTicket(
            key=reward.key,
            name=voucher.name,
            starts_at=starts_at,
            ends_at=starts_at + EXPERIENCE_LASTS,
            venue=speak.maybe(reward.venue),
            description=voucher.description,
            persons=reward.seats,
            names=voucher.names,
            venues=_words(reward.venue),
        )
        state |= {"ticket": ticket, "design": declared.tickets.design}
        state["relevant"] = (_span(ticket, declared.tickets.up_minutes_before),)
    return state


def _of_claim(programme: Programme, claim: Claim, locale: str, at: datetime) -> dict[str, Any] | None:
    declared = programme.section(WalletConfig).passes.offers
    offer = next((one for one in programme.section(OffersConfig) if one.key == claim.offer_key), None)
    if declared is None or offer is None or not carries_offer(programme, offer.key):
        return None
    speak, words = _Speaker(programme, locale), _creative(offer, claim.variant)
    ended: Ended | None = "used" if claim.used_at else "expired" if claim.usable_until <= at else None
    voucher = CardVoucher(
        key=offer.key,
        name=speak.say(words.title),
        description=speak.say(words.body),
        usable_until=claim.usable_until.astimezone(speak.zone),
        names=_words(words.title),
        descriptions=_words(words.body),
        **_figure_of_offer(offer, speak.money),
    )
    keys = offer.where.places if offer.where and offer.where.places != "all" else ()
    return {
        "voucher": voucher,
        "ended": ended,
        "code": None,
        "expires_at": claim.usable_until,
        "places": keys or None,
        "design": declared.design,
    }


def _of_seat(
    programme: Programme, gathering: Gathering, state: PlaceState, guests: int, locale: str, at: datetime
) -> dict[str, Any] | None:
    declared = programme.section(WalletConfig).passes.tickets
    if declared is None or state == "waiting":
        return None
    speak = _Speaker(programme, locale)
    place = next((one for one in programme.section(Places) if one.key == gathering.place), None)
    zone = ZoneInfo(place.time_zone) if place and place.time_zone else speak.zone
    ticket = CardTicket(
        key=gathering.key,
        name=speak.say(gathering.title),
        starts_at=gathering.starts_at.astimezone(zone),
        ends_at=gathering.ends_at.astimezone(zone),
        venue=speak.maybe(_venue(gathering, place)),
        description=speak.maybe(gathering.body),
        persons=1 + guests,
        names=_words(gathering.title),
        venues=_words(_venue(gathering, place)),
    )
    # Who came keeps the ticket as a memory; it holds no more all the same.
    ended: Ended | None = {"left": "withdrawn", "attended": "used"}.get(state)  # type: ignore[assignment]
    if ended is None and gathering.ends_at <= at:
        ended = "expired"
    return {
        "ticket": ticket,
        "ended": ended,
        "code": None,
        "expires_at": gathering.ends_at,
        "places": (gathering.place,) if gathering.place else None,
        "design": declared.design,
        "relevant": (_span(ticket, declared.up_minutes_before),),
    }


class _Speaker:
    """The programme's words for one member, its clock and its money."""

    def __init__(self, programme: Programme, locale: str) -> None:
        about = programme.section(ProgrammeConfig)
        self.zone, self.money = ZoneInfo(about.time_zone), about.home_currency
        self._locale, self._default = locale, about.default_locale

    def say(self, text: Text) -> str:
        return text.in_locale(self._locale, self._default)

    def maybe(self, text: Text | None) -> str | None:
        return self.say(text) if text else None


def _figure_of_reward(reward: Reward, home: str) -> dict[str, Any]:
    if isinstance(reward, DiscountPercent):
        return {"percent": reward.percent}
    if isinstance(reward, DiscountAmount | GiftCard | VoucherCode) and reward.value is not None:
        return {"money": (reward.value, reward.money or home)}
    return {}


def _figure_of_offer(offer: Offer, home: str) -> dict[str, Any]:
    benefit = offer.benefit
    if isinstance(benefit, PercentBenefit):
        return {"percent": benefit.percent}
    if isinstance(benefit, AmountBenefit):
        return {"money": (benefit.value, home)}
    return {"times": benefit.multiplier} if isinstance(benefit, MultiplierBenefit) else {}


def _creative(offer: Offer, variant: str | None) -> Creative:
    return next((one.creative for one in offer.variants if one.key == variant), offer.creative)


def _is_dated(reward: Reward) -> bool:
    return isinstance(reward, Experience) and reward.starts_at is not None


def _span(ticket: CardTicket, minutes_before: int) -> CardSpan:
    return CardSpan(starts_at=ticket.starts_at - timedelta(minutes=minutes_before), ends_at=ticket.ends_at)


def _venue(gathering: Gathering, place: Place | None) -> Text | None:
    return gathering.where or (place.name if place else None)


def _words(text: Text | None) -> Words:
    return tuple(text.root.items()) if text else ()
