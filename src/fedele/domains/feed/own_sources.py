"""The feed's own candidates: the programme's content and value about to expire."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from fedele.db.database import Queryable
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.types import Candidate, Expiring, FeedSource, Situation, Term
from fedele.domains.feed.wording import REASONS
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.ledger.types import ExpiringUnits
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.kernel.languages import babel_locale, plural_form
from fedele.kernel.money import from_units
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

EXPIRY_NOTICE = timedelta(days=30)
EXPIRIES_MAX = 100  # of one currency within the notice: lots end at midnights, so that there are hardly ever more


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
    """One card for each currency of which something expires within thirty days: what goes first, and what in all."""
    now, member_id = situation.moment.now, situation.member_id
    balances = await balances_by_member(db, [member_id], now, EXPIRIES_MAX)
    found = []
    for balance in balances.get(member_id, ()):
        soon = [expiry for expiry in balance.next_expiries if expiry.expires_at <= now + EXPIRY_NOTICE]
        if soon:
            units = sum(expiry.units for expiry in soon)
            found.append(_expiry_card(situation, Expiring(balance.currency, units, soon[0].expires_at), soon))
    return found


def _expiry_card(situation: Situation, subject: Expiring, soon: Sequence[ExpiringUnits]) -> Candidate:
    zone = ZoneInfo(situation.programme.section(ProgrammeConfig).time_zone)
    currency = situation.programme.section(Currencies).get(subject.currency)

    def last_day(expires_at: datetime) -> date:
        """The last day on which it can still be spent, on the programme's clock."""
        return (expires_at - timedelta(microseconds=1)).astimezone(zone).date()

    day = last_day(subject.expires_at)
    first = sum(expiry.units for expiry in soon if last_day(expiry.expires_at) == day)
    in_all = situation.say(REASONS["expiring_in_all"]).format(amount=situation.say_units(currency, subject.units))
    form = plural_form(from_units(first, currency.decimals), situation.locale)  # the verb agrees with the number
    return Candidate(
        kind="expiry",
        key=currency.key,
        title=situation.say(REASONS.get(f"expiring_title_{form}", REASONS["expiring_title"])).format(
            amount=situation.say_units(currency, first),
            date=format_date(day, format="d MMMM", locale=babel_locale(situation.locale)),
        ),
        body=in_all if subject.units > first else None,
        reason=situation.say(REASONS["expiring"]),
        terms=(Term("expiry", 2.4),),
        subject=subject,
        until=subject.expires_at,
    )


OWN_SOURCES: tuple[FeedSource, ...] = (
    FeedSource("content", content),
    FeedSource("expiring", expiring),
)
