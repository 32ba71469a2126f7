"""Cards to sign: everything a card can show, without a database."""

import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from fedele.domains.wallet.types import CardBalance, CardExpiry, CardPlace, CardState, card_serial
from fedele.kernel.ids import MemberId, StoreId

PASSES = Path(__file__).parents[2] / "passes"
DESIGNS = tuple(sorted(path.name for path in PASSES.iterdir() if path.is_dir()))
LANGUAGES = ("en", "it", "ru", "ar")
SIGNED_AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
MEMBER = MemberId(UUID("0193a5c2-7c1e-7d3a-8f10-1234567890ab"))


def card_state(**changes: Any) -> CardState:
    """A full card of one made-up member; `changes` replace fields."""
    card = CardState(
        member_id=MEMBER,
        serial=card_serial(MEMBER),
        authentication_token="a-token-of-at-least-16-characters",
        card_code="FDL4-7Q2M-9XKD",
        display_name="Chiara Bianchi",
        locale="it",
        programme_name="Bottega Verde",
        balances=(
            CardBalance(currency="points", name="punti", available=Decimal(12450)),
            CardBalance(currency="stamps", name="bollini", available=Decimal(0)),
        ),
        tier_key="gold",
        tier_name="Oro",
        next_tier_name="Platino",
        expiry=CardExpiry(amount=Decimal(1200), on=date(2026, 12, 31)),
        member_since=date(2024, 3, 5),
        places=tuple(
            CardPlace(store_id=StoreId(f"store-{n}"), name=f"Via Roma {n}", latitude=45.4 + n / 100, longitude=9.2)
            for n in range(10)
        ),
    )
    return dataclasses.replace(card, **changes)
