"""Proposals: what a version of the programme that is not in force would mean: whom it touches, and what it would cost.

Re-rating replays what members did, as it was recorded, through the till's own pure decisions: once under the versions
that were in force then, once under the proposed one. It writes nothing and sees one snapshot of the database. May call
every room below the checkout's storey and the checkout; its questions about who is affected read other rooms' tables.
Announces nothing.
"""
