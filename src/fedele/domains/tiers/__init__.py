"""Tiers: the member's standing, counted apart from what they may spend, so that redeeming never demotes.

Holds the qualifying counters by programme day, the standing row and its append-only history. May call messaging, feed,
members and programme below it. Announces TierChanged.
"""
