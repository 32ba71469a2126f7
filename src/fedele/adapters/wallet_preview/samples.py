"""Made-up members to draw a design with: one a language, with a usual card or with the longest that must still fit."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from fedele.adapters.apple_wallet.design import Design
from fedele.adapters.apple_wallet.placeholders import placeholders_in
from fedele.domains.wallet.types import (
    CardBalance,
    CardExpiry,
    CardSpan,
    CardState,
    CardTicket,
    CardVoucher,
    card_serial,
)
from fedele.kernel.ids import MemberId

_NOBODY = MemberId(UUID(int=0))
LONGEST_BALANCE = Decimal(8_888_888)  # seven digits, the widest ones
USUAL_BALANCE = Decimal(12_450)


class _Person(NamedTuple):
    """Who the card is of, and the programme's words."""

    name: str
    long_name: str
    programme: str
    tier: str
    next_tier: str
    balance: str
    news: str
    coupon: str
    long_coupon: str
    event: str
    long_event: str
    venue: str
    long_venue: str
    text: str


_PEOPLE = {
    "en": _Person(
        "Maria Bell",
        "Alexandra Hamilton-Reid",
        "Harvest Lane",
        "Gold",
        "Platinum",
        "points",
        "Open until ten.",
        "$5 off your shop",
        "20% off fresh bread, cakes and everything pastry",
        "Cheese evening",
        "The bakers' breakfast",
        "Riverside",
        "Harvest Lane, Old Town Street",
        "Eight cheeses and their makers.",
    ),
    "it": _Person(
        "Chiara Bianchi",
        "Massimiliano Castellani",
        "Bottega Verde",
        "Oro",
        "Platino",
        "punti",
        "Aperti fino alle 22.",
        "5 $ di sconto sulla spesa",
        "20% di sconto su pane, torte e tutta la pasticceria",
        "Serata dei formaggi",
        "La colazione dei fornai",
        "Riverside",
        "Bottega Verde, via della Spiga",
        "Otto formaggi e chi li produce.",
    ),
    "ru": _Person(
        "Анна Белова",
        "Екатерина Вознесенская",
        "Зелёная лавка",
        "Золотой",
        "Платиновый",
        "баллов",
        "Открыто до 22:00.",
        "Скидка 5 $ на покупку",
        "Скидка 20 % на хлеб, торты и всю нашу выпечку",
        "Вечер сыра",
        "Завтрак с пекарями",
        "Риверсайд",
        "Зелёная лавка на Тверской",
        "Восемь сыров и их сыровары.",
    ),
    "ar": _Person(
        "عائشة الأنصاري",
        "عبد الرحمن محمد الأنصاري",
        "نادي الحصاد",
        "ذهبي",
        "بلاتيني",
        "نقطة",
        "مفتوح حتى العاشرة.",
        "خصم 5 دولارات على مشترياتك",
        "خصم 20% على الخبز والكعك وجميع المعجنات الطازجة",
        "أمسية الأجبان",
        "فطور الخبّازين",
        "ريفرسايد",
        "نادي الحصاد، شارع السوق القديم",
        "ثمانية أجبان وصانعوها.",
    ),
}


def sample_card(
    design: Design, locale: str, *, longest: bool = False, balance: Decimal | None = None, tier: str | None = None
) -> CardState:
    """A card of nobody in this language, with every field that the design can show.

    `longest` gives it a long name and a seven-digit balance. `balance` and `tier` (a key) choose the design's look.
    """
    person = _PEOPLE.get(locale.partition("-")[0], _PEOPLE["en"])
    have = balance if balance is not None else LONGEST_BALANCE if longest else _usual_balance(design)
    return CardState(
        member_id=_NOBODY,
        serial=card_serial(_NOBODY),
        authentication_token="0" * 32,
        card_code=_card_code(design.template),
        display_name=person.long_name if longest else person.name,
        locale=locale,
        programme_name=person.programme,
        design=design.name,
        balances=_balances(design.template, have, person.balance),
        tier_key=tier or next(iter(design.looks.others), None) if design.looks.by == "tier" else tier,
        tier_name=person.tier,
        next_tier_name=person.next_tier,
        expiry=CardExpiry(amount=have if longest else Decimal(120), on=date(2026, 12, 31)),
        member_since=date(2024, 9, 5),
        news=person.news,
        **_further(design, person, longest=longest),
    )


def _further(design: Design, person: _Person, *, longest: bool) -> dict[str, Any]:
    """What a coupon or a ticket stands for, where the design is one."""
    until = datetime(2027, 1, 1, tzinfo=UTC)
    if "coupon" in design.template:
        coupon = person.long_coupon if longest else person.coupon
        voucher = CardVoucher(
            key="sample", name=coupon, description=person.text, terms=person.text, usable_until=until,
            money=(Decimal(1250) if longest else Decimal(5), "EUR"),
        )  # fmt: skip
        return {"kind": "reward", "voucher": voucher, "expires_at": until}
    if "eventTicket" in design.template:
        starts_at = datetime(2026, 12, 10, 18, 30, tzinfo=timezone(timedelta(hours=1)))
        ticket = CardTicket(
            key="sample", name=person.long_event if longest else person.event, starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=3), venue=person.long_venue if longest else person.venue,
            description=person.text, persons=10 if longest else 2,
        )  # fmt: skip
        up = CardSpan(starts_at=starts_at - timedelta(hours=3), ends_at=ticket.ends_at)
        return {"kind": "ticket", "ticket": ticket, "expires_at": ticket.ends_at, "relevant": (up,)}
    return {}


def _usual_balance(design: Design) -> Decimal:
    """A balance that shows the design at its best: two thirds of the way through its looks, if it has such."""
    steps = design.looks.thresholds
    return Decimal(steps[len(steps) * 2 // 3]) if steps else USUAL_BALANCE


def _balances(template: Mapping[str, Any], have: Decimal, name: str) -> tuple[CardBalance, ...]:
    named = [each.removeprefix("balance_") for _path, each in placeholders_in(template) if each.startswith("balance_")]
    keys = dict.fromkeys(key for key in named if key != "name") or {"points": None}
    return tuple(CardBalance(currency=key, name=name, available=have) for key in keys)


def _card_code(template: Mapping[str, Any]) -> str:
    formats = [str(barcode.get("format")) for barcode in template.get("barcodes", ())]
    digits = {"PKBarcodeFormatEAN13": "5901234123457", "PKBarcodeFormatI2of5": "59012341234570"}
    digits["PKBarcodeFormatCodabar"] = "A5901234123457B"
    return digits.get(next(iter(formats), ""), "FDL4-7Q2M-9XKD")
