"""The day's close: settle pending → auto-rewards → tiers → expiry → tiers, once for each day of the programme.

Holds which day has come how far, batch by batch, and which expiries were announced. May call memberships, tiers,
messaging, ledger and programme beneath it; the steps of other rooms come through `bootstrap.CLOSING_STEPS`. Announces
ExpiryAnnounced.
"""
