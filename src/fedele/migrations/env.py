"""Alembic's entry: runs on the connection that fedele.db.migrate hands over."""

from alembic import context

from fedele.migrations.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata(),
    compare_type=True,
    transaction_per_migration=True,
    version_table="schema_version",
    include_object=lambda _object, name, kind, _reflected, _other: (
        not (kind == "table" and name is not None and name.startswith("pgqueuer"))
    ),
)
with context.begin_transaction():
    context.run_migrations()
