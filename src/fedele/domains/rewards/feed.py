"""Rewards within reach as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.programme.config import Currencies
from fedele.domains.rewards.queries import catalogue, counts_of
from fedele.domains.rewards.types import Offered
from fedele.kernel.money import to_units


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """What the member can have, is near to, or may save for. What only lacks units is shown, anything else is not."""
    counts = await counts_of(db, situation.programme, situation.member_id, situation.moment.now)
    currencies = situation.programme.section(Currencies)
    spendable = {
        key: to_units(amount, currencies.get(key).decimals)
        for key, amount in situation.facts.values["member.balances"].items()
    }
    seen = catalogue(situation.programme, situation.facts, situation.tier, counts, spendable, situation.moment.now)
    return [_card(offered, situation) for offered in seen if offered.refusal in (None, "INSUFFICIENT_POINTS")]


def _card(offered: Offered, situation: Situation) -> Candidate:
    reward, share = offered.reward, min(1.0, offered.spendable / offered.units) if offered.units else 1.0
    currency = situation.programme.section(Currencies).get(offered.currency)
    name = "affordable" if offered.affordable else "nearly" if share >= 0.5 else "dreamed_of"
    return Candidate(
        kind="reward",
        key=reward.key,
        title=situation.say(reward.name),
        body=situation.say(reward.description) if reward.description else None,
        image=reward.image,
        reason=situation.say(REASONS[name]).format(missing=situation.say_units(currency, offered.missing)),
        terms=(Term("reward", 0.4), Term(name, 0.6 * share + (0.4 if offered.affordable else 0.0))),
        subject=offered,
    )


FEED_SOURCE = FeedSource("rewards", candidates)
