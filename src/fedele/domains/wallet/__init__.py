"""Wallet cards: which passes exist, what a member's card says, which phones hold it, and when it has changed.

Holds `pass` (serial and authentication token never change; `update_tag` rises by one, under the member's lock, whenever
the card would read differently) and `pass_device` (the phones to tell). What a card says is a pure function of
(design, CardState); turning it into a signed file or a Google object is the work of adapters behind `ports.py`.

Beside the card there are passes of rewards, claimed offers and tickets (`passes.py`): one a member and subject, made
when it is added, voided when what it stands for is used, given back or over, or its member erased. They share the
serials, links, web service and Google's outbox of the card.

A card at Google is written when its save link is tapped and after each change (`google_card` says what is due).

May call community, offers, rewards, tiers, messaging, members, ledger, activity, programme. Announces PassIssued,
PassUpdated, PassInstalled, PassRemoved. Listens to what changes a pass (points, tier, profile, card code, words set on
it; sales, redemptions and seats) through the outbox.
"""
