"""Facts of a member, without a database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fedele.domains.segments.types import MemberFacts


def facts(**values: Any) -> MemberFacts:
    """An active member in Columbus, Ohio, with a few purchases; names below `member` by their last word."""
    known = {
        "member.joined_at": datetime(2025, 1, 1, tzinfo=UTC),
        "member.days_since_joined": 400,
        "member.purchases_count": 12,
        "member.days_since_purchase": 3,
        "member.spend_12_months": Decimal("420.00"),
        "member.balances": {"points": Decimal(100)},
        "member.birth_month": 5,
        "member.birth_day": 2,
        "member.locale": "en-US",
        "member.country": "US",
        "member.favourite_store": "store-367",
        "member.segments": [],
        "member.attributes": {},
    }
    return MemberFacts(
        known | {f"member.{name}": value for name, value in values.items()},
        locale="en-US",
        time_zone="America/New_York",
        country="US",
        active=True,
    )
