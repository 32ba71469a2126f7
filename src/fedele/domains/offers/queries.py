"""Reading offers: what is open to a member here and now, and why the rest is not."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.budgets.queries import left_from
from fedele.domains.earning.types import Boost
from fedele.domains.offers.config import BonusBenefit, MultiplierBenefit, Offer, OffersConfig
from fedele.domains.offers.eligibility import Setting, explain_offer, see
from fedele.domains.offers.geography.regions import nearest_regions
from fedele.domains.offers.sky.grid import cell_of, cells_around, middle_of
from fedele.domains.offers.spending import cost_minor, find_pot, pots_of
from fedele.domains.offers.types import BeaconHeard, Claim, ClaimId, Decision, History, OpenOffer, Standing
from fedele.domains.offers.variants import digest_of
from fedele.domains.programme.config import Currencies, Places, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import ForecastHour, Position, Weather
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money, to_units

__all__ = [
    "Setting",
    "boost_of",
    "cell_of",
    "cost_minor",
    "digest_of",
    "explain",
    "explain_offer",
    "find_claim",
    "history_of",
    "middle_of",
    "nearest_regions",
    "open_offers",
    "see",
]

WEATHER_LIVES = timedelta(hours=6)  # what was fetched longer ago is not known any more

_HISTORY = """
SELECT (SELECT jsonb_agg(jsonb_build_array(claim_id, offer_key, programme_version, claimed_at, usable_until, used_at,
                                           purchase_id, variant) ORDER BY claimed_at DESC)
          FROM offer_claim WHERE member_id = $1) AS claims,
       (SELECT jsonb_object_agg(offer_key, claimed) FROM offer_total) AS totals,
       (SELECT jsonb_agg(jsonb_build_array(pot, period, money_minor, owed_minor, programme_version, left_minor))
          FROM budget_left_v1($2, $3)) AS pots,
       (SELECT jsonb_object_agg(offer_key, open_until) FROM (
               SELECT offer_key, max(open_until) AS open_until FROM offer_decision
                WHERE member_id = $1 AND outcome = 'fired' AND open_until > $5 GROUP BY offer_key) AS opened) AS opened,
       (SELECT jsonb_agg(jsonb_build_array(offer_key, digest, approved_by, ended_at)) FROM offer_standing) AS standings,
       (SELECT jsonb_object_agg(cell, hours) FROM (
               SELECT cell, jsonb_agg(jsonb_build_array(temperature_celsius, rain_millimetres, condition,
                                                        feels_like_celsius, extract(epoch FROM hour)) ORDER BY hour)
                      AS hours
                 FROM weather_hour
                WHERE cell = ANY($4) AND hour > $5::timestamptz - interval '1 hour'
                  AND hour <= $5::timestamptz + interval '24 hours' AND fetched_at > $6
                GROUP BY cell) AS sky) AS skies
"""


async def history_of(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    at: datetime,
    position: Position | None = None,
    favourite_store: str | None = None,
) -> History:
    """The member's claims, every offer's totals, what is left of budgets, what triggers opened, and the sky over the
    places that matter to a member at this position, at this moment: one statement."""
    pots = pots_of(programme, at)
    asked = list(pots.values())
    cells = cells_around(programme, position, favourite_store)
    row = await db.fetch_row(
        _HISTORY, member_id, [pot.key for pot in asked], [pot.period for pot in asked], cells, at, at - WEATHER_LIVES
    )
    assert row is not None, "aggregates always answer one row"
    claims: dict[str, tuple[Claim, ...]] = {}
    for values in row["claims"] or ():
        claim = _claim(member_id, values)
        claims[claim.offer_key] = (*claims.get(claim.offer_key, ()), claim)
    left = left_from(asked, row["pots"] or ())
    return History(
        claims,
        row["totals"] or {},
        {key: left[pot.id] for key, pot in pots.items()},
        {key: datetime.fromisoformat(until) for key, until in (row["opened"] or {}).items()},
        _standings(row["standings"] or ()),
        {cell: sky for cell, hours in (row["skies"] or {}).items() if (sky := sky_of(hours, at))},
    )


def sky_of(hours: Sequence[Sequence[Any]], at: datetime) -> Weather | None:
    """The weather at a moment out of rows (temperature, rain, condition, felt, epoch of the hour); None: not known."""
    now = at.timestamp()
    present = next((row for row in hours if row[4] <= now < row[4] + 3600), None)
    if present is None:
        return None
    temperature, rain, condition, felt, begins = present
    coming = tuple(
        ForecastHour(round((row[4] - begins) / 3600), row[0], row[1], row[2]) for row in hours if row[4] > begins
    )
    return Weather(temperature, rain, condition, felt, coming)


def _standings(rows: Sequence[Sequence[Any]]) -> Mapping[tuple[str, str], Standing]:
    return {
        (key, digest): Standing(approved_by, datetime.fromisoformat(ended_at) if ended_at else None)
        for key, digest, approved_by, ended_at in rows
    }


def open_offers(setting: Setting) -> tuple[OpenOffer, ...]:
    """What the member sees here and now, the highest priority first, then what closes first."""
    seen = [see(offer, setting) for offer in setting.programme.section(OffersConfig)]
    shown = [found for found in seen if isinstance(found, OpenOffer)]
    return tuple(sorted(shown, key=_order))


def explain(setting: Setting) -> dict[str, str | None]:
    """For every offer of the programme: the code of what keeps it from this member here and now, or None."""
    answers = {}
    for offer in setting.programme.section(OffersConfig):
        found = see(offer, setting)
        answers[offer.key] = found.refusal if isinstance(found, OpenOffer) else found.code
    return answers


async def find_claim(db: Queryable, member_id: MemberId, claim_id: ClaimId) -> Claim | None:
    """One claim of this member, or None."""
    row = await db.fetch_row(
        """
        SELECT claim_id, offer_key, programme_version, claimed_at, usable_until, used_at, purchase_id, variant
          FROM offer_claim WHERE member_id = $1 AND claim_id = $2
        """,
        member_id, claim_id,
    )  # fmt: skip
    return None if row is None else Claim(row["claim_id"], member_id, *list(row.values())[1:])


async def list_in_hand(db: Queryable, member_id: MemberId, at: datetime) -> Sequence[Claim]:
    """The claims that a sale at this moment may use, the first to end first."""
    rows = await db.fetch(
        """
        SELECT claim_id, offer_key, programme_version, claimed_at, usable_until, used_at, purchase_id, variant
          FROM offer_claim WHERE member_id = $1 AND used_at IS NULL AND claimed_at <= $2 AND usable_until > $2
         ORDER BY usable_until, claim_id
        """,
        member_id, at,
    )  # fmt: skip
    return [Claim(row["claim_id"], member_id, *list(row.values())[1:]) for row in rows]


def boost_of(offer: Offer, programme: Programme, at: datetime | None = None) -> tuple[Boost, int] | None:
    """What a claimed offer adds to a sale's awards, with the minimum spend in minor units. None: it is no such offer
    (a discount is the till's to take off; a reward was given when it was claimed).

    `at`: the sale's own time, whose budget period pays for what a claim could not reserve.
    """
    benefit, key = offer.benefit, f"offer:{offer.key}"
    brand = programme.section(ProgrammeConfig)
    pot = find_pot(offer, programme, at) if at is not None and cost_minor(offer, programme) is None else None
    if isinstance(benefit, MultiplierBenefit):
        boost = Boost(key, benefit.currency, multiplier=benefit.multiplier, when=benefit.when, pot=pot)
        return dataclasses.replace(boost, margin_floor=offer.margin_floor), 0
    if isinstance(benefit, BonusBenefit):
        minimum = Money.parse(benefit.minimum_spend, brand.home_currency).minor
        units = to_units(Decimal(benefit.amount), programme.section(Currencies).get(benefit.currency).decimals)
        boost = Boost(key, benefit.currency, bonus_units=units, minimum_minor=minimum, when=benefit.when)
        return dataclasses.replace(boost, margin_floor=offer.margin_floor), minimum
    return None


def _order(found: OpenOffer) -> tuple[bool, int, str, str]:
    closes = found.closes_at.isoformat() if found.closes_at else "9999"
    return (found.claim is not None, -found.offer.priority, closes, found.offer.key)


def _claim(member_id: MemberId, values: Sequence[Any]) -> Claim:
    claim_id, key, version, claimed_at, usable_until, used_at, purchase_id, variant = values
    return Claim(
        ClaimId(UUID(claim_id)),
        member_id,
        key,
        version,
        datetime.fromisoformat(claimed_at),
        datetime.fromisoformat(usable_until),
        datetime.fromisoformat(used_at) if used_at else None,
        UUID(purchase_id) if purchase_id else None,
        variant,
    )


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """What offers keep of the member: claims, positions that are still kept, and what triggers decided and why."""
    claims = await db.fetch(
        "SELECT offer_key, claimed_at, usable_until, used_at FROM offer_claim WHERE member_id = $1 ORDER BY claimed_at",
        member_id,
    )
    positions = await db.fetch(
        """
        SELECT latitude, longitude, accuracy_metres, kind, verdict, place_key, seen_at, kept_until
          FROM member_position WHERE member_id = $1 ORDER BY seen_at
        """,
        member_id,
    )
    return {
        "claims": [_plain(row) for row in claims],
        "positions": [_plain(row) for row in positions],
        "decisions": [
            {
                "offer": one.offer_key,
                "why": one.why,
                "outcome": one.outcome,
                "reason": one.code,
                "place": one.place_key,
                "decidedAt": one.decided_at.isoformat(),
            }
            for one in await list_decisions(db, member_id, 10_000)
        ],
    }


async def list_decisions(
    db: Queryable, member_id: MemberId, count: int = 100, offer_key: str | None = None
) -> list[Decision]:
    """What triggers decided about the member, the newest first, each with its reason."""
    rows = await db.fetch(
        """
        SELECT decision_id, offer_key, occasion, why, outcome, code, details, place_key, variant, decided_at
          FROM offer_decision WHERE member_id = $1 AND ($3::text IS NULL OR offer_key = $3)
         ORDER BY decided_at DESC, decision_id DESC LIMIT $2
        """,
        member_id, count, offer_key,
    )  # fmt: skip
    return [
        Decision(
            row["decision_id"], member_id, row["offer_key"], row["occasion"], row["why"], row["outcome"], row["code"],
            row["details"], row["place_key"], row["variant"], row["decided_at"],
        )
        for row in rows
    ]  # fmt: skip


async def list_standings(db: Queryable) -> Mapping[tuple[str, str], Standing]:
    """What staff decided about offers, by key and digest."""
    rows = await db.fetch("SELECT offer_key, digest, approved_by, ended_at FROM offer_standing")
    return {(row["offer_key"], row["digest"]): Standing(row["approved_by"], row["ended_at"]) for row in rows}


def state_of(offer: Offer, standing: Standing, now: datetime, time_zone: str) -> str:
    """Where an offer stands now: draft, waits_for_approval, scheduled, live or ended."""
    dates = offer.schedule.dates
    ends_at, starts_at = dates.ends_at(time_zone), dates.starts_at(time_zone)
    if offer.state in ("draft", "ended"):
        return offer.state
    if standing.ended_at is not None or (ends_at is not None and now >= ends_at):
        return "ended"
    if offer.needs_approval and standing.approved_by is None:
        return "waits_for_approval"
    return "scheduled" if starts_at is not None and now < starts_at else "live"


def places_of_beacon(programme: Programme, heard: BeaconHeard) -> frozenset[str]:
    """The keys of the places at which this beacon hangs: none for one that is nobody's."""
    named = (heard.uuid.lower(), heard.major, heard.minor)
    return frozenset(
        place.key
        for place in programme.section(Places)
        for beacon in place.beacons
        if (beacon.uuid.lower(), beacon.major, beacon.minor) == named
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in dict(row).items()}
