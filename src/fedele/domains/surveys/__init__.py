"""Surveys: short questions asked at the right time, answered once, rewarded once.

Whether one is open and whether an answer is complete are pure decisions. Answers may hold a member's own words: they
live in a table that erasure empties, and never in events. May call earning (expiry), tiers, ledger, activity, members,
programme, segments. Announces SurveyAnswered.
"""
