"""The feed's own candidates: the programme's content and value about to expire."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from fedele.db.database import Queryable
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.feed.wording import REASONS
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.kernel.languages import babel_locale
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

EXPIRY_NOTICE = timedelta(days=30)


async def content(_db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """The cards written in the programme file."""
    time_zone = situation.programme.section(ProgrammeConfig).time_zone
    bindings = MEMBER_ENVIRONMENT.bind(situation.facts.bindings(situation.moment.now, time_zone, situation.tier))
    return [
        Candidate(
            kind="content",
            key=card.key,
            title=situation.say(card.title),
            body=situation.say(card.body),
            image=card.image,
            action=situation.say(card.action) if card.action else None,
            deep_link=card.deep_link,
            reason=situation.say(REASONS["news"]),
            terms=(Term("content", 0.6), Term("priority", card.priority / 100)),
            subject=card,
            until=card.dates.ends_at(time_zone),
        )
        for card in situation.programme.section(FeedConfig).content
        if card.dates.contains(situation.moment.now, time_zone)
        and _speaks(card.locales, situation.locale)
        and (card.when is None or card.when.holds(bindings))
    ]


def _speaks(locales: Sequence[str], locale: str) -> bool:
    """Whether a card for these languages is for a member of this one: "pt" takes "pt-BR", not the reverse."""
    return not locales or locale in locales or locale.partition("-")[0] in locales


async def expiring(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """One card for each currency of which something expires within thirty days."""
    balances = await balances_by_member(db, [situation.member_id], situation.moment.now)
    zone = ZoneInfo(situation.programme.section(ProgrammeConfig).time_zone)
    found = []
    for balance in balances.get(situation.member_id, ()):
        soon = [e for e in balance.next_expiries if e.expires_at <= situation.moment.now + EXPIRY_NOTICE]
        if not soon:
            continue
        currency = situation.programme.section(Currencies).get(balance.currency)
        units = sum(expiry.units for expiry in soon)
        # The last day on which it can still be spent, on the programme's clock.
        day = (soon[0].expires_at - timedelta(microseconds=1)).astimezone(zone).date()
        title = situation.say(REASONS["expiring_title"]).format(
            amount=situation.say_units(currency, units),
            date=format_date(day, format="d MMMM", locale=babel_locale(situation.locale)),
        )
        found.append(
            Candidate(
                kind="expiry",
                key=currency.key,
                title=title,
                reason=situation.say(REASONS["expiring"]),
                terms=(Term("expiry", 2.4),),
                subject=balance,
                until=soon[0].expires_at,
            )
        )
    return found


OWN_SOURCES: tuple[FeedSource, ...] = (
    FeedSource("content", content),
    FeedSource("expiring", expiring),
)
