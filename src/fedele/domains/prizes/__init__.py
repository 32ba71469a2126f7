"""Prizes: what a challenge, referral, survey, journey, contest or make-good gives: units, a reward to hold, or both.

A prize is given once per key and can be taken back: units by the ledger's clawback, a reward if it is still unused. May
call rewards, earning (expiry), ledger, programme. Announces nothing: the ledger and rewards do.
"""
