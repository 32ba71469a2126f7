"""The database floor: connections, transactions, the member's version, the outbox, the embedded server.

Tables are SQLModel classes (the schema of record, checked against the migrations); statements are hand-written SQL
sent through asyncpg. May import kernel only.
"""
