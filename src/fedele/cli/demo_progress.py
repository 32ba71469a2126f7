"""The demo's progress bars: one line for each kind of data."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fedele.cli.told import console


class DemoProgressBar:
    """Draws what `load_demo_data` tells: call it with (kind, phase, done, of)."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, kind: str, phase: str, done: int, of: int) -> None:
        """Move the bar of this phase."""
        key = (kind, phase)
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(f"{kind}: {phase}")
        self._progress.update(self._tasks[key], completed=done, total=max(of, done))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._progress.stop()
