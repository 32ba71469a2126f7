"""The way to the next tier as a candidate of the feed."""

from collections.abc import Sequence

from babel.numbers import format_currency, format_decimal

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.queries import status_of
from fedele.domains.tiers.types import TierStatus
from fedele.kernel.languages import babel_locale
from fedele.kernel.money import Money


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """One card while there is a next tier."""
    status = await status_of(db, situation.programme, situation.member_id, situation.moment)
    if status is None or status.next is None:
        return ()
    level = next(level for level in situation.programme.section(TiersConfig).levels if level.key == status.next)
    share = min(1.0, status.counted / status.required) if status.required else 0.0
    title = situation.say(REASONS["next_tier_title"])
    return [
        Candidate(
            kind="progress",
            key=status.next,
            title=title.format(missing=_missing(status, situation), tier=situation.say(level.name)),
            reason=situation.say(REASONS["next_tier"]),
            terms=(Term("progress", 0.7), Term("next_tier", share)),
            subject=status,
            until=status.qualify_until,
        )
    ]


def _missing(status: TierStatus, situation: Situation) -> str:
    """What is still to be counted, in the member's language: money, purchases, or units of a currency."""
    locale = babel_locale(situation.locale)
    if status.counter == "spend":
        money = Money(status.missing, situation.programme.section(ProgrammeConfig).home_currency)
        return format_currency(money.decimal, money.currency, locale=locale)
    if status.counter.startswith("earned:"):
        currency = situation.programme.section(Currencies).get(status.counter.partition(":")[2])
        return situation.say_units(currency, status.missing)
    return str(format_decimal(status.missing, locale=locale))


FEED_SOURCE = FeedSource("progress", candidates)
