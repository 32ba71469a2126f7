"""What support writes: readings, cases, make-goods, asks."""

from fedele.domains.support.commands.cases import (
    CLOSE_BATCH_COUNT,
    announce_overdue,
    assign_case,
    close_due,
    move_case,
    note_case,
    open_case,
    reopen_own_case,
    resolve_case,
)
from fedele.domains.support.commands.follow import follow_event, follow_feedback, follow_redemption
from fedele.domains.support.commands.forget import forget_member
from fedele.domains.support.commands.readings import UNREAD_BATCH_COUNT, claim_unread, keep_readings

__all__ = [
    "CLOSE_BATCH_COUNT", "UNREAD_BATCH_COUNT", "announce_overdue", "assign_case", "claim_unread", "close_due",
    "follow_event", "follow_feedback", "follow_redemption",
    "forget_member", "keep_readings", "move_case", "note_case", "open_case", "reopen_own_case", "resolve_case",
]  # fmt: skip
