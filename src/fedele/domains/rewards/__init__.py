"""Rewards: what a member's units can be spent on, and what they hold of it.

What ends (stock, pools of codes) is reserved first, in a transaction of its own and with an end; then the member's
units are spent and the reservation confirmed, in one transaction under the member's lock; a reservation whose process
died is released by the clock. Cancelling gives both back, the units to their own lots. A new kind is data; what a kind
does when it is taken stands in `commands/kinds.py`. What a held reward takes off a basket is decided purely
(`discount.py`), and used up by `redemption_use_v1` inside the sale's own call. May call earning (expiry), tiers,
messaging, feed, segments, fraud, budgets, members, ledger, activity (lines), programme. Announces RewardRedeemed,
RedemptionUsed, RedemptionCancelled, RedemptionReopened, RewardDonated, GiftSent, SweepstakeWon.
"""
