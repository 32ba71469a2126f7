"""Till: who may spend, what is put aside meanwhile, and what tills sold while they were alone.

Holds the programme's section `till`; second facts (the app's rotating code, a PIN, a cashier's confirmation) with their
history; holds of value and rewards with their end; the journal of each device's offline sales. May call rewards, fraud,
members, ledger and programme. Announces nothing: the rooms it calls announce their own.
"""
