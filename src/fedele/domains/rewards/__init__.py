"""Rewards: what units can be spent on, stock and codes, and what members hold."""
