"""Rewards: what a member's units can be spent on, and what they hold of it.

A redemption takes stock (if the reward has an end), burns the price and is written, in one transaction. Cancelling
gives both back, the units to their own lots. Limits of one member are safe under the member's lock, stock and pooled
codes under their own rows. May call tiers, segments, ledger, programme, members. Announces RewardRedeemed,
RedemptionUsed, RedemptionCancelled.
"""
