"""flock(2) locks on files in the data folder. The kernel drops them with the process, so no kill leaves one behind."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows; find_binaries says so before anything here is used
    fcntl = None  # type: ignore[assignment]

from fedele.db.embedded.errors import EmbeddedServerError, not_writable

POLL_SECONDS = 0.05


class SharedLock:
    """Held by everybody who uses the server; `release` may be called twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Stop using the server."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def anybody_holds(path: Path) -> bool:
    """Whether some process holds the lock. Ask only while holding `exclusive` on the folder's start lock."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exclusive(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock alone inside the block. Raises EmbeddedServerError when another holds it for too long."""
    descriptor = _open(path)
    deadline = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise EmbeddedServerError(
                        f"another process has been starting or stopping the server in {path.parent} for "
                        f"{wait_seconds:.0f} s. Wait for it, or end it and start again."
                    ) from None
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise not_writable(path.parent, error) from error
