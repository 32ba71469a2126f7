"""The floors and storeys hold."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_import_contracts_hold() -> None:
    """import-linter's contracts (floors, storeys, forbidden libraries) are all kept."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:]


def test_nothing_shadows_graphql_core() -> None:
    """The top-level folder graphql holds no Python, and nothing of ours is a module named graphql at the top."""
    assert not list((ROOT / "graphql").rglob("*.py"))
    assert not list((ROOT / "passes").rglob("*.py"))
    assert not (ROOT / "src" / "graphql").exists()
    assert not (ROOT / "tests" / "graphql").exists()
