"""Checkout: what happens at the till: scan, quote, settle, return, and events that earn like a sale.

Holds no tables. Reads all that the rules need in one statement, decides purely (earning, tiers), and writes the whole
in one server-side call that carries the member's version; if something of the member changed meanwhile, it decides
again. May call every room below it. Announces, through that call, PurchaseRecorded, PurchaseReturned, PurchaseClaimed,
ActivityRecorded (activity) and TierChanged (tiers); the ledger announces its own.
"""
