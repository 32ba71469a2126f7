"""Decide whether score and words contradict each other: a 9 with angry words, a 1 with praise."""

from fedele.domains.support.types import Feeling, Scores

HAPPY_SHARE = 0.8  # of the scale: an 8 of 10
UNHAPPY_SHARE = 0.3
SURE = 0.6  # how probable the feeling must be: a third of all guesses would be right by chance


def contradicts(scores: Scores, feeling: Feeling | None) -> bool:
    """Whether all scores are high and the words surely negative, or all low and the words surely positive."""
    if feeling is None or scores.share is None or scores.best_share is None:
        return False
    if scores.share >= HAPPY_SHARE and feeling.negative >= SURE:
        return True
    return scores.best_share <= UNHAPPY_SHARE and feeling.positive >= SURE
