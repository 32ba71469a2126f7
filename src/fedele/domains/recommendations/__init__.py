"""Recommendations: which products fit a member, from what they bought, and what others who buy the same buy.

The one scorer (`scoring.py`, weights in `weights.json`) ranks products, categories and offers; the benchmarks on public
data run the same code. What it reads of a member is `product_affinity`, recomputed from their purchases whenever one is
recorded or returned, so it can be thrown away at any time. What sells, and what is bought together, is counted by a
job. May call feed, members, activity, programme. Announces nothing.
"""
