"""Run hand-written SQL scripts of several statements inside the migration's own transaction."""

from pathlib import Path

from alembic import op

FUNCTIONS = Path(__file__).parent / "functions"


def run_sql(script: str) -> None:
    """Run a script of one or more statements, in the current migration's transaction.

    SQLAlchemy prepares every statement, and PostgreSQL prepares only one at a time: a script goes to the driver itself,
    after a statement of SQLAlchemy's has opened the transaction (before that, the driver would commit by itself).
    """
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")
    driver = bind.connection.dbapi_connection
    assert driver is not None, "migrations run on a live connection"
    driver.run_async(lambda connection: connection.execute(script))


def run_sql_file(name: str) -> None:
    """Run `functions/<name>.sql` in the current migration."""
    run_sql((FUNCTIONS / f"{name}.sql").read_text())
