"""Google Wallet: "save" links signed by a service account, loyalty class and object written by REST, callbacks.

A link is skinny: it names the member's object, which is written when the link is tapped. Source: Google Wallet API
(developers.google.com/wallet/reference/rest).
"""
