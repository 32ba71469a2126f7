"""Who wins when rules of one group want the same line. Ties go to the rule that stands first in the file."""

from fedele.domains.earning.candidates import Candidate
from fedele.domains.earning.config import Conflict


def settle_conflict(candidates: list[Candidate], how: Conflict) -> dict[str, str]:
    """Empty the losing lines of these candidates (one group, one currency, in file order), in place.

    Returns, for each rule that lost everything, the rule that outbid it.
    """
    if how == "sum" or len(candidates) < 2:
        return {}
    winners: dict[str, str] = {}
    if how == "first":
        for loser in candidates[1:]:
            loser.money = [0] * len(loser.money)
            winners[loser.rule.key] = candidates[0].rule.key
        return winners
    for index in range(len(candidates[0].money)):
        wanting = [candidate for candidate in candidates if candidate.money[index]]
        if not wanting:
            continue
        best = max(wanting, key=lambda candidate: candidate.exact(index))  # max keeps the first of equals
        for loser in wanting:
            if loser is not best:
                loser.money[index] = 0
                winners.setdefault(loser.rule.key, best.rule.key)
    return {
        candidate.rule.key: winners[candidate.rule.key]
        for candidate in candidates
        if candidate.rule.key in winners and not any(candidate.money)
    }
