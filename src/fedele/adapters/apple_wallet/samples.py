"""Cards of nobody: what a design is checked with before any member's card is made from it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.adapters.apple_wallet.placeholders import placeholders_in
from fedele.domains.wallet.types import (
    CardBalance,
    CardExpiry,
    CardPlace,
    CardState,
    CardTicket,
    CardVoucher,
    card_serial,
)
from fedele.kernel.ids import MemberId, StoreId

_NOBODY = MemberId(UUID(int=0))
_DAY = date(2000, 1, 1)
_AT = datetime(2000, 1, 1, tzinfo=UTC)
_VOUCHER = CardVoucher(
    key="reward", name="Reward", description="Text", terms="Terms", usable_until=_AT, percent=Decimal(20)
)
_TICKET = CardTicket(
    key="event", name="Event", starts_at=_AT, ends_at=_AT + timedelta(hours=1), venue="Venue", description="Text"
)


def full_card(template: Mapping[str, Any]) -> CardState:
    """A card with a value for every placeholder of the template: its document shows every field."""
    named = {name for _path, name in placeholders_in(template)}
    currencies = [name.removeprefix("balance_") for _path, name in placeholders_in(template)]
    return CardState(
        member_id=_NOBODY,
        serial=card_serial(_NOBODY),
        authentication_token="0" * 32,
        card_code=_code_for(template),
        display_name="Name",
        locale="en",
        programme_name="Programme",
        balances=tuple(
            CardBalance(currency=each, name=each, available=Decimal(0))
            for each in dict.fromkeys(["points", *currencies])
        ),
        tier_key="tier",
        tier_name="Tier",
        next_tier_name="Tier",
        expiry=CardExpiry(amount=Decimal(1), on=_DAY),
        member_since=_DAY,
        news="News",
        voucher=_VOUCHER if named & {"reward_name", "valid_until"} else None,
        ticket=_TICKET if "event_name" in named else None,
        places=(CardPlace(store_id=StoreId("store"), name="Store", latitude=0.0, longitude=0.0),),
    )


def _code_for(template: Mapping[str, Any]) -> str:
    """A code that the design's first barcode can hold: some hold digits only, and only so many."""
    formats = [str(barcode.get("format")) for barcode in template.get("barcodes", ()) if isinstance(barcode, dict)]
    return {"PKBarcodeFormatEAN13": "0" * 13, "PKBarcodeFormatI2of5": "0" * 14}.get(next(iter(formats), ""), "0")


def bare_card(template: Mapping[str, Any]) -> CardState:
    """The card of a member of whom nothing is known but the card code."""
    return CardState(
        member_id=_NOBODY,
        serial=card_serial(_NOBODY),
        authentication_token="0" * 32,
        card_code=_code_for(template),
        display_name="",
        locale="en",
        programme_name="Programme",
    )
