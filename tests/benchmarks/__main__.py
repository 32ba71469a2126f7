"""`make bench`: every benchmark in turn, a table, and `.fedele/bench.json` with one number per key.

`python -m tests.benchmarks [NAME[=COUNT] …]` runs the named ones only, with so many of what it counts where it counts
any. Each module has `measure`, which answers a mapping of keys to numbers; one that needs a database takes the URL of a
superuser, one that can be made bigger a `count`. Ratios are taken within one run, side by side.
"""

import asyncio
import importlib
import inspect
import json
import os
import pkgutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import tests.benchmarks
from fedele.db import embedded

OUT = Path(".fedele") / "bench.json"
console = Console()


def names() -> list[str]:
    """Every benchmark there is."""
    return sorted(module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__) if module.name[0] != "_")


def run(asked: str, url: str) -> dict[str, float]:
    """One benchmark's figures: `NAME`, or `NAME=COUNT`."""
    name, _, count = asked.partition("=")
    measure: Any = importlib.import_module(f"tests.benchmarks.{name}").measure
    given: dict[str, Any] = {"url": url, "count": int(count)} if count else {"url": url}
    takes = inspect.signature(measure).parameters
    if count and "count" not in takes:
        raise SystemExit(f"{name} counts nothing that could be given")
    answer = measure(**{key: value for key, value in given.items() if key in takes})
    figures: dict[str, float] = asyncio.run(answer) if inspect.isawaitable(answer) else answer
    return figures


def main() -> None:
    """Run, print, write."""
    chosen = sys.argv[1:] or names()
    figures: dict[str, float] = {}
    with embedded.start(Path(tempfile.mkdtemp(prefix="fdl-")) / "pg", settings={"max_connections": "200"}) as server:
        os.environ.pop("FEDELE_TEST_DATABASE_URL", None)
        for name in chosen:
            console.print(f"[dim]{name} …[/dim]")
            found = run(name, server.url)
            figures |= found
            table = Table("key", "figure", title=name, title_justify="left")
            for key, figure in found.items():
                table.add_row(key, f"{figure:,}")
            console.print(table)
    OUT.parent.mkdir(exist_ok=True)
    earlier = json.loads(OUT.read_text()) if OUT.exists() and sys.argv[1:] else {}
    OUT.write_text(json.dumps(earlier | figures, indent=2, sort_keys=True))
    console.print(f"written to {OUT}; ratios hold within one run, single figures belong to the machine")


if __name__ == "__main__":
    main()
