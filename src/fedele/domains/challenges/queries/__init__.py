"""Reading challenges: what is stored, as a member sees it, and what it came to."""

from fedele.domains.challenges.progress import TARGET, scaled
from fedele.domains.challenges.queries.figures import export_personal_data, figures
from fedele.domains.challenges.queries.stored import (
    NOTHING,
    Standing,
    Sum,
    awards_by_key,
    draw_again,
    list_draws,
    source_state,
    sources_since,
    standing_of,
    sums_of,
    surprise_awards,
    surprises_drawn,
    surprises_won,
)
from fedele.domains.challenges.queries.views import challenges_of, list_badges, streak_state, streaks_of

__all__ = [
    "NOTHING",
    "TARGET",
    "Standing",
    "Sum",
    "awards_by_key",
    "challenges_of",
    "draw_again",
    "export_personal_data",
    "figures",
    "list_badges",
    "list_draws",
    "scaled",
    "source_state",
    "sources_since",
    "standing_of",
    "streak_state",
    "streaks_of",
    "sums_of",
    "surprise_awards",
    "surprises_drawn",
    "surprises_won",
]
