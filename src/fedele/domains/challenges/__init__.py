"""Challenges, streaks, badges and surprises: what members reach by doing more, and what they get for it.

What one purchase or event counts for is decided once and kept as a contribution; everything else follows from the
contributions as they stand: progress, steps reached, periods kept in a row. So a retry changes nothing, a late event
counts in the period in which it happened, and a return lowers what it must, in whatever order they arrive. May call
prizes, earning, tiers, feed, messaging, segments, members, activity, programme. Listens to PurchaseRecorded,
PurchaseReturned and ActivityRecorded; announces ChallengeJoined, ChallengeProgressed, ChallengeCompleted,
ChallengeRevoked and BadgeEarned.
"""
