"""Activity: the one funnel for what members did: purchases with their lines, returns, visits and custom events.

Also the product catalogue, since lines are what it explains. Calls no other room. Rooms above write through
`settle_v2` (purchases at the till) or `commands` (events, the catalogue) and announce PurchaseRecorded,
PurchaseReturned, PurchaseClaimed and ActivityRecorded, so that whoever listens need not stand above the checkout.
"""
