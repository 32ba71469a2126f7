"""Automatic rewards: units that become rewards by themselves, as often as they suffice; what is over stays.

A reward of `auto_rewards` burns its units, oldest first, and makes a held reward of the catalogue, in one transaction
under the member's lock. How many are due is computed from what the member has at that moment and what was issued in the
period, so repeating the work issues nothing. Tiers are not touched: they count what was earned. When a return leaves
the member owing units, unused rewards are revoked, the newest first, and their units pay the debt; used ones stay, and
the debt is netted from later earning. May call rewards, tiers, messaging, segments, ledger, programme. Announces
AutoRewardIssued, AutoRewardRevoked.
"""
