"""Referrals: a member brings a friend, and both get something once the friend's first purchase has settled.

The friend's side (which code, which purchase, what for) and the referrer's (how many, how often, what for) are two
members' rows: each is written in a transaction of its own and hears of the other through the outbox, back and forth.
Nothing is paid at sign-up. Fraud checks compare digests, never addresses. May call prizes, earning, tiers, feed,
messaging, segments, members, activity, programme. Listens to PurchaseRecorded, PurchaseReturned and its own events;
announces ReferralApplied, ReferralAdmitted, ReferralSettled, ReferralPaid and ReferralEnded.
"""
