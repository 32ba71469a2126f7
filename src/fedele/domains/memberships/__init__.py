"""Paid membership: plans, terms, trials, renewals and refunds. The payment itself is a port.

Holds a member's memberships, their terms and payments, and when their benefits were used. Calls members, programme and
tiers beneath it (a membership may bring a tier). Announces MembershipStarted, MembershipRenewed, MembershipCancelled,
MembershipEnded and PaymentRequested; what it charges follows from the last, outside every transaction.
"""
