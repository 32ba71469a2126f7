"""Offers: what is open to whom, when, where and under which sky; claiming it; the places worth watching.

Eligibility is pure and says why not. A claim is made under the member's lock; totals under the offer's own row, budgets
in their pots (`budgets`). May call rewards, tiers, segments, budgets, programme, members. Announces OfferClaimed; a
claim used by a sale is marked by `offer_claims_use_v1`, inside the sale's own call.
"""
