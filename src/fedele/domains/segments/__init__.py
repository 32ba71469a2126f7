"""Segments: what is known of a member, in the words that conditions use, and who belongs together because of it.

`queries.find_facts` reads the names below `member` in one statement, for whoever judges one member. For judging all of
them there is `member_facts`, a row a member, made from the other rooms' rows (`facts`) after the events of bootstrap's
FACT_EVENTS and as time passes. A condition is translated to SQL over that row (`conditions`) and is equal to CEL's
evaluator; what has no SQL is judged by the evaluator. `membership` moves members in and out under the lock of their
row. `rfm` keeps dated cut points. May call members, programme; other rooms' rows are read in SQL. Announces
SegmentEntered and SegmentLeft, each at most once within a segment's window.
"""
