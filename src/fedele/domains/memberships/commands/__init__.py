"""Joining, paying, renewing, leaving: one use case a file."""

from fedele.domains.memberships.commands.joining import JoinAsked, join, sell
from fedele.domains.memberships.commands.keeping import change_plan, end_due, forget_member, renew, use_benefit
from fedele.domains.memberships.commands.leaving import Cancelled, cancel, refund_term
from fedele.domains.memberships.commands.paying import pay

__all__ = [
    "Cancelled",
    "JoinAsked",
    "cancel",
    "change_plan",
    "end_due",
    "forget_member",
    "join",
    "pay",
    "refund_term",
    "renew",
    "sell",
    "use_benefit",
]
