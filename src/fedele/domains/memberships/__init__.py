"""Paid membership: plans, terms, trials, renewals and refunds. The payment itself is a port.

Holds a member's memberships, their terms and payments, and when their benefits were used. May call tiers (a membership
may bring one), messaging, members, activity and programme beneath it. Announces MembershipStarted, MembershipRenewed,
MembershipCancelled, MembershipEnded, PaymentFailed and PaymentRequested; what it charges follows from the last, outside
every transaction.
"""
