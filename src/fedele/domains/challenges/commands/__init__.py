"""What changes challenges: counting what a member did, joining, and forgetting."""

from fedele.domains.challenges.commands.catch_up import catch_up
from fedele.domains.challenges.commands.count import count_event, count_purchase, recount_purchase
from fedele.domains.challenges.commands.join import forget_member, join_challenge

__all__ = ["catch_up", "count_event", "count_purchase", "forget_member", "join_challenge", "recount_purchase"]
