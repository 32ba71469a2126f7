"""Surprises: drawing for a purchase or an event, once, within the day's budget."""

from fedele.db.database import Transaction
from fedele.domains.activity.types import ActivityEvent
from fedele.domains.challenges import queries
from fedele.domains.challenges.commands.award import give, revoke
from fedele.domains.challenges.commands.source import Source
from fedele.domains.challenges.config import EventSurprise, PurchaseSurprise, Surprise, SurprisesConfig
from fedele.domains.challenges.counting import WHOLE, remaining
from fedele.domains.challenges.draw import draw, threshold
from fedele.domains.challenges.periods import WHOLE as NO_PERIOD
from fedele.domains.challenges.periods import local_day
from fedele.domains.challenges.types import AwardKind, DrawOutcome, Reached
from fedele.kernel.clock import Moment


async def draw_surprises(tx: Transaction, source: Source, moment: Moment) -> None:
    """Draw for every surprise that this source can bring and has not yet been drawn for."""
    candidates = [one for one in source.programme.section(SurprisesConfig) if _concerns(one, source)]
    if not candidates:
        return
    drawn = await queries.surprises_drawn(tx, source.member_id, source.id)
    for surprise in candidates:
        if surprise.key not in drawn:
            await _draw(tx, source, surprise, moment)


async def return_surprises(tx: Transaction, source: Source, moment: Moment) -> None:
    """Take back what a purchase brought by chance once all of it has come back."""
    purchase = source.purchase
    if purchase is None or remaining(purchase)[WHOLE] > 0:
        return
    known = {one.key: one for one in source.programme.section(SurprisesConfig)}
    for award in await queries.surprise_awards(tx, source.member_id, source.id):
        surprise = known.get(award.key)
        if award.state == "given" and surprise is not None and surprise.on_return == "revoke":
            await revoke(tx, source.programme, source.member_id, award, moment)


def _concerns(surprise: Surprise, source: Source) -> bool:
    happened = source.happened
    if not surprise.dates.contains(happened.occurred_at, source.time_zone):
        return False
    match surprise:
        case PurchaseSurprise():
            fits = source.purchase is not None and remaining(source.purchase)[WHOLE] > 0
        case EventSurprise():
            fits = isinstance(happened, ActivityEvent) and happened.name == surprise.event
    return fits and (surprise.when is None or surprise.when.holds(source.whole))


async def _draw(tx: Transaction, source: Source, surprise: Surprise, moment: Moment) -> None:
    number, below = draw(surprise.seed, surprise.key, source.member_id, source.id), threshold(surprise)
    outcome = await _outcome(tx, source, surprise, number < below, moment)
    await tx.execute(
        """
        INSERT INTO surprise_draw (member_id, surprise_key, source_id, drawn, threshold, outcome, occurred_at,
                                   decided_at, programme_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        source.member_id, surprise.key, source.id, number, below, outcome, source.happened.occurred_at, moment.now,
        source.programme.version,
    )  # fmt: skip
    if outcome == "won":
        named: tuple[AwardKind, str, str] = ("surprise", surprise.key, NO_PERIOD)
        reached = Reached(str(source.id), 1, 0)
        await give(
            tx, source.programme, source.member_id, named, reached, surprise.award, None, source.tier, source.id, moment
        )


async def _outcome(tx: Transaction, source: Source, surprise: Surprise, wins: bool, moment: Moment) -> DrawOutcome:
    if not wins:
        return "lost"
    if surprise.per_member_max is not None:
        won = await queries.surprises_won(tx, source.member_id, surprise.key)
        if won >= surprise.per_member_max:
            return "member_limit"
    # The budget's row is everybody's: winners of one surprise queue here until each has committed.
    given = await tx.fetch_value(
        """
        INSERT INTO surprise_day AS d (surprise_key, day, given) VALUES ($1, $2, 1)
        ON CONFLICT (surprise_key, day) DO UPDATE SET given = d.given + 1 WHERE d.given < $3
        RETURNING given
        """,
        surprise.key, local_day(moment.now, source.time_zone), surprise.per_day_max,
    )  # fmt: skip
    return "won" if given is not None else "budget"
