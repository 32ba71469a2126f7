"""`make faults`: the whole fault suite in its long form; ends with `N passed, M failed` and a JSON line of counts."""

import json
import sys
from pathlib import Path

import pytest


class Counts:
    """Counts outcomes as pytest reports them."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test's call decides; a set-up that fails is a failure, one that skips a skip."""
        if report.when == "call" and report.passed:
            self.passed += 1
        elif report.failed:
            self.failed += 1
        elif report.skipped:
            self.skipped += 1


def main() -> int:
    """Run it."""
    counts = Counts()
    code = pytest.main(
        [str(Path(__file__).parent), "-o", "addopts=--import-mode=importlib -ra", *sys.argv[1:]], [counts]
    )
    print(f"{counts.passed} passed, {counts.failed} failed")
    print(json.dumps(vars(counts)))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
