"""Google Wallet: "save" links signed by a service account, and the typed payloads of the loyalty class and object.

A link is skinny: it names the member's object, which is written by REST. Writing by REST is not here yet (`wallet
doctor` says so); the payloads it will send are.
"""
