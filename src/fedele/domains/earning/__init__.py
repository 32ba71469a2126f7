"""Earning: what a purchase or an event is worth under the programme's rules, decided without I/O, to the unit.

Holds the awards given (with the lines they came from, so that a return never evaluates a rule again), the trace of
every rule tried (for Explain) and the members' use of capped rules. May call tiers, segments, budgets, ledger, activity
and programme below it. Announces nothing: the checkout and the ledger do. Listens for changes of tier, which lots
follow where a currency expires by tier, and for spending that keeps them alive.
"""
