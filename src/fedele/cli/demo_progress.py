"""How far the demo's data is: bars at a terminal, a plain line every few seconds where a script or a log listens."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fedele.cli.told import console as standard_error

LINE_SECONDS = 3.0


class DemoProgressBar:
    """Shows what `load_demo_data` tells: call it with (kind, phase, done, of)."""

    def __init__(self, console: Console = standard_error) -> None:
        self._console = console
        self._bars = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not self._bars,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._line_at = float("-inf")
        self._finished: set[tuple[str, str]] = set()

    def __call__(self, kind: str, phase: str, done: int, of: int) -> None:
        """Tell how far this phase is."""
        key = (kind, phase)
        if not self._bars:
            self._print(key, done, of)
            return
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(f"{kind}: {phase}")
        self._progress.update(self._tasks[key], completed=done, total=max(of, done))

    def _print(self, key: tuple[str, str], done: int, of: int) -> None:
        """A line when a phase ends, and one every few seconds before."""
        now, ended = time.monotonic(), done >= of and key not in self._finished
        if not ended and now < self._line_at + LINE_SECONDS:
            return
        if ended:
            self._finished.add(key)
        self._line_at = now
        self._console.print(f"  {key[0]}: {key[1]} {done:,} of {max(of, done):,}", highlight=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._progress.stop()
