"""Journeys: what happens to a member over days, step by step, from a trigger to a goal; written as data.

Holds where every member stands (`journey_run`), each step taken with its reason (`journey_visit`), and which journeys
are paused. A step's effect, its line in the trace and the member's new place are one transaction: a worker that is
killed in between has done nothing of it, and the next one does it once. `path.py` decides and touches nothing. May call
surveys, offers, challenges, referrals, auto_rewards, community, prizes, rewards, memberships, tiers, messaging,
segments, members, ledger, activity, programme. Listens to what these announce; announces JourneyWebhookAsked.
"""
