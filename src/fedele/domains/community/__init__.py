"""Community: what members give beside buying: reviews, photo entries, and their presence at gatherings.

Whatever others will see waits for a moderator; its award comes with the approval, once: a review once per product or
store, an entry once. Pictures are drawn anew when they arrive (no EXIF, no surprises inside the file) and live in
PostgreSQL, where erasure finds them. A contest is decided once, by votes or by lot, and can be decided again from its
seed. Seats at a gathering are counted in one row that everybody queues for, so that none is given twice; who leaves
makes room for the next in line. May call prizes, tiers, feed, messaging, segments, members, activity, programme.
Announces ReviewSubmitted, ReviewDecided, EntryDecided, ContestDecided, ContestWon, GatheringJoined, GatheringLeft and
GatheringAttended.
"""
