"""What changes referrals, a file per side and step."""

from fedele.domains.referrals.commands.admit import admit, answer
from fedele.domains.referrals.commands.apply import apply_code
from fedele.domains.referrals.commands.codes import forget_member, issue_code, remember_marks
from fedele.domains.referrals.commands.pay import follow_friend, pay_referrer
from fedele.domains.referrals.commands.review import approve_referral, reject_referral
from fedele.domains.referrals.commands.settle import follow_purchases, pay_due

__all__ = [
    "admit",
    "answer",
    "apply_code",
    "approve_referral",
    "follow_friend",
    "follow_purchases",
    "forget_member",
    "issue_code",
    "pay_due",
    "pay_referrer",
    "reject_referral",
    "remember_marks",
]
