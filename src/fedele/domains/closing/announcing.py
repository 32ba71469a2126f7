"""Telling members ahead of time what will expire: once for each currency and instant."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from fedele.db.database import Transaction
from fedele.domains.closing.events import ExpiryAnnounced
from fedele.domains.closing.queries import announced_until
from fedele.domains.closing.types import DayEnd
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.kernel.ids import MemberId
from fedele.kernel.languages import babel_locale
from fedele.kernel.money import CurrencyKey

# The row is what makes it once: a lot that is moved to another instant is announced for that one, too.
_ANNOUNCE = """
    INSERT INTO expiry_announcement (member_id, currency, expires_at, units, announced_at)
    SELECT member_id, currency, expires_at, sum(remaining), $4 FROM lot
     WHERE member_id = ANY($1::uuid[]) AND remaining > 0 AND state = 'active' AND expires_at > $2 AND expires_at <= $3
     GROUP BY member_id, currency, expires_at
    ON CONFLICT DO NOTHING
    RETURNING member_id, currency, expires_at, units
"""


async def announce_expiries(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
    """Announce what will expire within the time that the programme promises; how many announcements were new."""
    rows = await tx.fetch(_ANNOUNCE, list(member_ids), end.at, announced_until(end), end.moment.now)
    for row in sorted(rows, key=lambda row: (row["member_id"], row["expires_at"])):
        await tx.publish(
            ExpiryAnnounced(
                member_id=MemberId(row["member_id"]),
                occurred_at=end.moment.now,
                currency=CurrencyKey(row["currency"]),
                units=row["units"],
                expires_at=row["expires_at"],
            )
        )
    return len(rows)


def told_of_expiry(event: ExpiryAnnounced, programme: Programme) -> Mapping[str, Value]:
    """`{amount}`, `{date}` (the last day on which the units can be spent) and `{days}` until then, for the words."""
    brand = programme.section(ProgrammeConfig)
    zone = ZoneInfo(brand.time_zone)
    last_day = (event.expires_at - timedelta(microseconds=1)).astimezone(zone).date()
    locales = dict.fromkeys((*brand.locales, brand.default_locale))
    return {
        "amount": AmountValue(event.currency, event.units),
        "date": Text({locale: format_date(last_day, "long", locale=babel_locale(locale)) for locale in locales}),
        "days": str((last_day - event.occurred_at.astimezone(zone).date()).days),
    }
