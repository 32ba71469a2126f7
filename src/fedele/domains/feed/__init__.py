"""Feed: which cards a member sees on the home screen, in which order, and why.

Rooms above bring candidates (`types.FeedSource`); this room brings content and expiring value. What may not be shown is
masked before anything is scored; a policy weighs the facts of a card (`types.Term`), and a ranking draws the order from
a seed, so that a feed can be replayed and showing it writes nothing. What the member did with a card comes back with
the card's signed token, which carries its chances and facts: `learning` fits policies from what was seen, judges them
by what was shown, and lets one rank only when it is better beyond doubt. May call segments, members, ledger, programme.
Announces nothing.
"""
