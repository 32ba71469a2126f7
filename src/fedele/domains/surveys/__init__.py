"""Surveys: short questions asked at the right time, answered once, rewarded once.

An *invitation* is a survey that is, was or will be open to one member about one occasion (a purchase, a visit, a
reward, joining, an event, a segment). It is noted when the thing happens, opened when it is due unless something
hinders it (who is meant, how often, the limits over all surveys), and answered, or not, before it closes. Answers are
kept step by step; a complete one is rewarded once, enriches the profile as the questions declare, and may be changed
for a while.

What is open, what hinders, which questions are asked and whether an answer is complete are pure decisions. Answers may
hold a member's own words: they live in tables that erasure empties, and never in events. May call prizes, rewards,
tiers, messaging, feed, segments, members, activity, programme. Listens to purchases, returns, events, rewards, joining,
segments and erasure; announces SurveyOpened and SurveyAnswered.
"""
