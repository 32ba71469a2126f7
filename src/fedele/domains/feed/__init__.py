"""Feed: which cards a member sees on the home screen, in which order, and why.

Rooms above bring candidates (`types.FeedSource`); this room brings content, expiring value and products bought again. A
ranking is a pure function of the candidates and a seed, so that a feed can be replayed: showing it writes nothing. What
the member did with a card comes back with the card's signed token. May call members, programme, ledger, activity,
segments. Announces nothing.
"""
