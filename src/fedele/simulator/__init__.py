"""The till simulator: realistic traffic of many stores against a running server, and the proof of the books after it.

`plan` decides, from a seed, what happens at each till; `tills` says it over HTTP as a till would, retrying what got no
answer under the same key; `journal` keeps what was acknowledged, refused or left open; `books` compares that with the
rows of a database, in SQL of its own that trusts no reply, balance or function of the server.

Above `wiring`, beside `scenarios`: a client like any other. It knows the shipped GraphQL documents and nothing else of
the server.
"""
