"""What the community writes: pictures, reviews, entries, votes, places at gatherings."""

from fedele.domains.community.commands.contests import decide_contest, give_winners_prize, submit_entry, vote
from fedele.domains.community.commands.forget import forget_member
from fedele.domains.community.commands.gatherings import (
    check_in,
    fill_seats,
    find_guest,
    join_gathering,
    leave_gathering,
)
from fedele.domains.community.commands.moderation import moderate_entry, moderate_review
from fedele.domains.community.commands.pictures import forget_unused, keep_picture
from fedele.domains.community.commands.reviews import submit_review

__all__ = [
    "check_in", "decide_contest", "fill_seats", "find_guest", "forget_member", "forget_unused", "give_winners_prize",
    "join_gathering", "keep_picture", "leave_gathering", "moderate_entry", "moderate_review", "submit_entry",
    "submit_review", "vote",
]  # fmt: skip
