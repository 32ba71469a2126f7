"""Reading passes, the phones that hold them, and what a card says."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.activity import queries as activity
from fedele.domains.ledger import queries as ledger
from fedele.domains.ledger.types import Balance
from fedele.domains.members import queries as members
from fedele.domains.messaging import queries as messaging
from fedele.domains.programme.config import Currencies, Currency, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import queries as tiers
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.wallet import passes, update_tag
from fedele.domains.wallet.config import WalletConfig
from fedele.domains.wallet.nearest import places_of_cards
from fedele.domains.wallet.passes import pass_of_claim, pass_of_place, pass_of_redemption
from fedele.domains.wallet.ports import SaveLinks
from fedele.domains.wallet.types import (
    CardBalance,
    CardBeacon,
    CardExpiry,
    CardNfc,
    CardState,
    Pass,
    PassHead,
    PassKind,
    PassLinks,
    PassSubject,
    Serial,
    UpdatedPasses,
    WalletLinks,
    subject_of,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units

__all__ = [
    "export_personal_data",
    "find_head",
    "find_heads",
    "find_pass",
    "links_of",
    "list_at_google",
    "list_lapsed",
    "list_push_tokens",
    "list_updated",
    "pass_of_claim",
    "pass_of_place",
    "pass_of_redemption",
    "read_card",
    "read_further",
    "read_pass",
    "serials_of",
]

_USUAL_STORES_MAX = 3
_SELECT = """
SELECT p.member_id, p.serial, p.authentication_token, p.update_tag, p.updated_at, p.issued_at, p.voided_at,
       p.expires_at
"""


async def find_pass(q: Queryable, member_id: MemberId, serial: Serial) -> Pass | None:
    """The pass of this serial, or None while it was never issued."""
    row = await q.fetch_row(_SELECT + "FROM pass p WHERE p.member_id = $1 AND p.serial = $2", member_id, serial)
    return _pass(row) if row else None


async def find_head(q: Queryable, member_id: MemberId, serial: Serial) -> PassHead | None:
    """All that a conditional request needs to be answered, in one statement."""
    row = await q.fetch_row(
        _SELECT
        + """, coalesce(v.version, 0) AS member_version
        FROM pass p LEFT JOIN member_version v USING (member_id)
        WHERE p.member_id = $1 AND p.serial = $2
        """,
        member_id,
        serial,
    )
    return PassHead(held=_pass(row), member_version=row["member_version"]) if row else None


async def find_heads(q: Queryable, keys: Sequence[tuple[MemberId, Serial]]) -> dict[tuple[MemberId, Serial], PassHead]:
    """`find_head` of many in one statement; those that were never issued are left out."""
    if len(keys) == 1:  # the usual case touches one member's shard
        head = await find_head(q, *keys[0])
        return {keys[0]: head} if head else {}
    rows = await q.fetch(
        _SELECT
        + """, coalesce(v.version, 0) AS member_version
        FROM unnest($1::uuid[], $2::text[]) AS k (member_id, serial)
        JOIN pass p ON p.member_id = k.member_id AND p.serial = k.serial
        LEFT JOIN member_version v ON v.member_id = p.member_id
        """,
        [member_id for member_id, _serial in keys],
        [serial for _member_id, serial in keys],
    )
    heads = [PassHead(held=_pass(row), member_version=row["member_version"]) for row in rows]
    return {(head.held.member_id, head.held.serial): head for head in heads}


async def serials_of(q: Queryable, member_id: MemberId, kinds: Sequence[PassKind]) -> list[Serial]:
    """The member's issued passes of these kinds, voided ones too: a seat may be taken again, a used reward reopened."""
    rows = await q.fetch(
        "SELECT serial FROM pass WHERE member_id = $1 AND kind = ANY($2::text[]) ORDER BY serial",
        member_id,
        list(kinds),
    )
    return [Serial(row["serial"]) for row in rows]


async def list_lapsed(q: Queryable, moment: Moment, count_max: int) -> list[PassSubject]:
    """Passes whose time is up and which are not voided yet, the longest past first."""
    rows = await q.fetch(
        """
        SELECT serial FROM pass WHERE voided_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2
        """,
        moment.now,
        count_max,
    )
    return [subject for row in rows if (subject := subject_of(row["serial"]))]


async def list_at_google(q: Queryable, member_id: MemberId) -> tuple[Serial, ...]:
    """The member's other passes that Google has and that hold: it shows them beside the card."""
    rows = await q.fetch(
        """
        SELECT p.serial FROM pass p JOIN google_card g USING (member_id, serial)
         WHERE p.member_id = $1 AND p.kind <> 'card' AND p.voided_at IS NULL AND g.written_tag > 0 ORDER BY p.serial
        """,
        member_id,
    )
    return tuple(Serial(row["serial"]) for row in rows)


async def list_updated(q: Queryable, device_library_identifier: str, tag: str | None) -> UpdatedPasses | None:
    """Which passes of this phone are not at the version that the tag says it has seen; None when all are."""
    rows = await q.fetch(
        """
        SELECT p.serial, p.update_tag
        FROM pass_device d JOIN pass p USING (member_id, serial)
        WHERE d.device_library_identifier = $1
        """,
        device_library_identifier,
    )
    return update_tag.since(tag, {Serial(row["serial"]): row["update_tag"] for row in rows})


async def list_push_tokens(q: Queryable, member_id: MemberId, serial: Serial) -> list[str]:
    """Where to tell that this pass has changed."""
    rows = await q.fetch(
        "SELECT DISTINCT push_token FROM pass_device WHERE member_id = $1 AND serial = $2 ORDER BY 1", member_id, serial
    )
    return [row["push_token"] for row in rows]


async def export_personal_data(q: Queryable, member_id: MemberId) -> dict[str, Any]:
    """All that this room keeps of the member, as JSON-able values; tokens are secrets, not data, and stay here."""
    rows = await q.fetch(
        """
        SELECT p.serial, p.kind, p.issued_at, p.updated_at, p.voided_at,
               array_agg(d.registered_at ORDER BY d.registered_at) FILTER (WHERE d.registered_at IS NOT NULL) AS devices
        FROM pass p LEFT JOIN pass_device d USING (member_id, serial)
        WHERE p.member_id = $1 GROUP BY p.member_id, p.serial ORDER BY p.issued_at
        """,
        member_id,
    )
    return {
        "passes": [
            {
                "serial": row["serial"],
                "kind": row["kind"],
                "issuedAt": row["issued_at"].isoformat(),
                "updatedAt": row["updated_at"].isoformat(),
                "voidedAt": row["voided_at"].isoformat() if row["voided_at"] else None,
                "onDevicesSince": [registered_at.isoformat() for registered_at in row["devices"] or ()],
            }
            for row in rows
        ]
    }


def links_of(serial: Serial, code: str | None, links: PassLinks | None, saves: SaveLinks | None) -> WalletLinks:
    """The links to a pass. Pure: known before any pass is issued, so `Home` reads nothing for them."""
    return WalletLinks(
        code=code,
        apple_wallet_url=links.url(serial) if links else None,
        google_wallet_url=links.google_url(serial) if links and saves else None,
    )


async def read_pass(q: Queryable, programme: Programme, held: Pass, moment: Moment) -> CardState:
    """What an issued pass says at the moment, whatever its kind."""
    subject = subject_of(held.serial)
    if subject is None or subject.kind == "card":
        return await read_card(q, programme, held.member_id, held.serial, held.authentication_token, moment)
    return await read_further(q, programme, subject, held.authentication_token, moment)


async def read_further(
    q: Queryable, programme: Programme, subject: PassSubject, authentication_token: str, moment: Moment
) -> CardState:
    """What a reward, a claimed offer or a ticket says. One that there is not, or whose member is gone, says nothing."""
    member_id = subject.member_id
    member = await members.find_member(q, member_id)
    about = programme.section(ProgrammeConfig)
    locale = member.locale if member else about.default_locale
    own = await passes.find_state(q, programme, subject, locale, moment.now)
    # A pass keeps its style on the phone for good: its design is that of its subject, whoever is gone.
    design = (own and own["design"]) or passes.design_of(programme, subject.kind)
    common: dict[str, Any] = {
        "member_id": member_id,
        "serial": subject.serial,
        "authentication_token": authentication_token,
        "kind": subject.kind,
        "locale": locale,
        "programme_name": about.name.in_locale(locale, about.default_locale),
        "design": design,
        "subject_key": (own.get("voucher") or own["ticket"]).key if own else None,
    }
    if member is None or not member.active or own is None:
        return CardState(card_code=None, display_name=None, ended="withdrawn", voided=True, **common)
    ended, code = own["ended"], own["code"]
    if ended is None and code is None:
        card = await members.find_card_code(q, member_id)
        code = card.code if card else None
    visited = await activity.usual_stores(q, member_id, _USUAL_STORES_MAX) if ended is None else ()
    usual = _usual(member.home_store, visited)
    return CardState(
        card_code=code if ended is None else None,
        display_name=member.display_name,
        voucher=own.get("voucher"),
        ticket=own.get("ticket"),
        expires_at=own["expires_at"],
        relevant=own.get("relevant", ()),
        places=places_of_cards.of(programme, usual, locale, own["places"]) if ended is None else (),
        ended=ended,
        voided=ended is not None,
        **common,
    )


async def read_card(
    q: Queryable, programme: Programme, member_id: MemberId, serial: Serial, authentication_token: str, moment: Moment
) -> CardState:
    """What this member's card says at the moment. A member who is gone has a voided card that says nothing."""
    member = await members.find_member(q, member_id)
    about = programme.section(ProgrammeConfig)
    locale = member.locale if member else about.default_locale
    name = about.name.in_locale(locale, about.default_locale)
    if member is None or not member.active:
        return CardState(
            member_id=member_id,
            serial=serial,
            authentication_token=authentication_token,
            card_code=None,
            display_name=None,
            locale=locale,
            programme_name=name,
            design=programme.section(WalletConfig).design,
            voided=True,
        )
    code = await members.find_card_code(q, member_id)
    balances = await ledger.balances_by_member(q, [member_id], moment.now, expiries_count=1)
    tier = await tiers.status_of(q, programme, member_id, moment)
    said = await messaging.find_wallet_message(q, programme, member_id, moment, locale)
    visited = await activity.usual_stores(q, member_id, _USUAL_STORES_MAX)
    currencies = _shown_first(programme)
    held: dict[str, Balance] = {balance.currency: balance for balance in balances[member_id]}
    shown = held.get(currencies[0].key) if currencies else None
    return CardState(
        member_id=member_id,
        serial=serial,
        authentication_token=authentication_token,
        card_code=code.code if code else None,
        display_name=member.display_name,
        locale=locale,
        programme_name=name,
        design=programme.section(WalletConfig).design,
        balances=tuple(_balance(each, held.get(each.key), locale, about.default_locale) for each in currencies),
        expiry=_expiry(shown, currencies[0], about.time_zone) if shown else None,
        tier_key=tier.current if tier else None,
        tier_name=_tier_name(programme, tier.current if tier else None, locale),
        next_tier_name=_tier_name(programme, tier.next if tier else None, locale),
        member_since=_day(member.joined_at, about.time_zone),
        news="\n".join(filter(None, (said.title, said.body))) if said else None,
        places=places_of_cards.of(programme, _usual(member.home_store, visited), locale),
        beacons=_beacons(programme, locale),
        nfc=_nfc(programme),
    )


def _shown_first(programme: Programme) -> list[Currency]:
    """The currencies, that of the large figures first."""
    chosen = programme.section(WalletConfig).currency
    return sorted(programme.section(Currencies), key=lambda currency: currency.key != chosen)


def _balance(currency: Currency, held: Balance | None, locale: str, default_locale: str) -> CardBalance:
    available = from_units(held.available if held else 0, currency.decimals)
    name = currency.named(available, locale, default_locale)
    return CardBalance(currency=currency.key, name=name, available=available)


def _tier_name(programme: Programme, key: str | None, locale: str) -> str | None:
    levels = programme.section(TiersConfig).levels
    names = (
        level.name.in_locale(locale, programme.section(ProgrammeConfig).default_locale)
        for level in levels
        if level.key == key
    )
    return next(names, None)


def _expiry(held: Balance, currency: Currency, time_zone: str) -> CardExpiry | None:
    if not held.next_expiries:
        return None
    soonest = held.next_expiries[0]
    # Units are good until the instant they expire at: at midnight, the day before is their last.
    last_day = _day(soonest.expires_at - timedelta(microseconds=1), time_zone)
    return CardExpiry(amount=from_units(soonest.units, currency.decimals), on=last_day)


def _usual(home_store: str | None, visited: Iterable[str]) -> tuple[str, ...]:
    """The store the member chose, then those they shop in most."""
    return tuple(dict.fromkeys([*([home_store] if home_store else []), *visited]))


def _beacons(programme: Programme, locale: str) -> tuple[CardBeacon, ...]:
    default_locale = programme.section(ProgrammeConfig).default_locale
    return tuple(
        CardBeacon(
            proximity_uuid=str(beacon.uuid).upper(),
            major=beacon.major,
            minor=beacon.minor,
            relevant_text=beacon.text.in_locale(locale, default_locale) if beacon.text else None,
        )
        for beacon in programme.section(WalletConfig).beacons
    )


def _nfc(programme: Programme) -> CardNfc | None:
    nfc = programme.section(WalletConfig).nfc
    return CardNfc(nfc.encryption_public_key, requires_authentication=nfc.requires_authentication) if nfc else None


def _day(instant: datetime, time_zone: str) -> date:
    return instant.astimezone(ZoneInfo(time_zone)).date()


def _pass(row: Row) -> Pass:
    return Pass(
        member_id=MemberId(row["member_id"]),
        serial=Serial(row["serial"]),
        authentication_token=row["authentication_token"],
        update_tag=row["update_tag"],
        updated_at=row["updated_at"],
        issued_at=row["issued_at"],
        voided_at=row["voided_at"],
        expires_at=row["expires_at"],
    )
