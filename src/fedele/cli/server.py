"""uvicorn, which answers what it has in hand when it is told to stop, and then ends with exit code 0."""

import contextlib
from collections.abc import Iterator

import uvicorn


class Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again once it has stopped, and ends by them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
