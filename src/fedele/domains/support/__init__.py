"""Support: what members tell us in their own words is read, and somebody answers for it.

The worker reads free text (language, feeling, themes, what is urgent, and whether score and words contradict each
other), later if there was no model, and keeps what it read, never the words. By rule an unhappy member gets a case
with an owner and a time limit and a make-good, once a cause; a happy one is asked for a public review, once; and
whoever had a good moment is asked to bring a friend. The member sees what was done. May call surveys, community,
referrals, prizes, rewards, tiers, messaging, segments, budgets, members, activity, programme. Listens to
SurveyAnswered, ReviewSubmitted, ReviewDecided, ActivityRecorded, RewardRedeemed; announces CaseOpened, CaseMoved,
CaseOverdue, CaseResolved, MakeGoodGiven, PublicReviewAsked and ReferralAsked.
"""
