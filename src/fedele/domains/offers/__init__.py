"""Offers: what is open to whom, when, where and under which sky; what makes it speak up; claiming it.

An offer asks its questions in one order (`checking`), which is also what Explain tells. `timing` turns hours into
stretches of instants and wake-ups that ring once; `geography` finds the fences that hold a point, and what a phone
should watch; `sky` keeps the weather over a grid; `triggers` judges positions and fires once an occasion. A claim is
made under the member's lock; totals under the offer's own row, budgets in their pots (`budgets`).

May call rewards, earning, tiers, recommendations, messaging, feed, segments, budgets, members, activity, programme.
Announces OfferClaimed, OfferTriggered, CheckedIn; a claim used by a sale is marked by `offer_claims_use_v1`, inside the
sale's own call.
"""
