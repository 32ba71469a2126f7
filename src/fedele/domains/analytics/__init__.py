"""Analytics: what the programme owes, what it will never have to pay, and what its campaigns bring, from the books.

Holds no tables and writes nothing: statements of its own in `sql/` (a test plans each against the schema), read
in one REPEATABLE READ snapshot that a replica can serve, and pure arithmetic over what they answer. May call every room
beneath it. Announces nothing.
"""
