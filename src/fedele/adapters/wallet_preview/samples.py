"""Made-up members to draw a design with: one a language, with a usual card or with the longest that must still fit."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from fedele.adapters.apple_wallet.design import Design
from fedele.adapters.apple_wallet.placeholders import FURTHER_MEANINGS, placeholders_in
from fedele.domains.wallet.types import CardBalance, CardExpiry, CardState, card_serial
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


_PEOPLE = {
    "en": _Person(
        "Maria Bell", "Alexandra Hamilton-Reid", "Harvest Lane", "Gold", "Platinum", "points", "Open until ten."
    ),
    "it": _Person(
        "Chiara Bianchi", "Massimiliano Castellani", "Bottega Verde", "Oro", "Platino", "punti", "Aperti fino alle 22."
    ),
    "ru": _Person(
        "Анна Белова", "Екатерина Вознесенская", "Зелёная лавка", "Золотой", "Платиновый", "баллов", "Открыто до 22:00."
    ),
    "ar": _Person(
        "عائشة الأنصاري", "عبد الرحمن محمد الأنصاري", "نادي الحصاد", "ذهبي", "بلاتيني", "نقطة", "مفتوح حتى العاشرة."
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
        texts=tuple((name, meaning) for name, meaning in FURTHER_MEANINGS.items() if _uses(design.template, name)),
    )


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


def _uses(template: Mapping[str, Any], placeholder: str) -> bool:
    return any(name == placeholder for _path, name in placeholders_in(template))
