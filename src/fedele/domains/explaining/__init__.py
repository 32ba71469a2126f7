"""Explaining: why a member has these units and not others: every movement of the ledger, every purchase and event.

Answers records: terms of an addition that give the units exactly, and for each rule that gave nothing the first part of
its condition that stopped it, with what it saw. No words: the API speaks them. Nothing is kept for it beyond what the
decision kept (`evaluation`), the receipt and the ledger; rules are looked up in the version that decided. May call
every room below. Announces nothing.
"""
