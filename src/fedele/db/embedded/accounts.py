"""Which operating system account runs PostgreSQL. It refuses to be root, so root has to find it another."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import pwd
except ImportError:  # Windows; find_binaries says so before anything here is used
    pwd = None  # type: ignore[assignment]

from fedele.db.embedded.binaries import Binaries, copy_to
from fedele.db.embedded.errors import EmbeddedServerError

SHARED_HOME = Path("/var/lib/fedele")
SERVICE_ACCOUNTS = ("fedele", "postgres", "nobody")

# Nothing of the caller's PG*, LD_* or locale variables may reach the server.
CLEAN_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """Who PostgreSQL runs as. `owner` is what its files are chowned to; None leaves them as they are made."""

    name: str
    owner: tuple[int, int] | None = None
    prefix: tuple[str, ...] = ()
    switches: bool = False

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments for subprocess that make a child run as this account, out of reach of our Ctrl-C."""
        options: dict[str, Any] = {"cwd": "/", "env": dict(CLEAN_ENVIRONMENT), "start_new_session": True}
        if self.switches and self.owner is not None:
            options |= {"user": self.owner[0], "group": self.owner[1], "extra_groups": []}
        return options

    def can_use(self, binaries: Binaries, folder: Path) -> bool:
        """Try it: whether this account can run the binaries and walk into the folder."""
        probe = ["/bin/sh", "-c", '"$0" --version >/dev/null 2>&1 && test -x "$1"', str(binaries.postgres), str(folder)]
        try:
            done = subprocess.run(
                [*self.prefix, *probe], **self.popen_options(), capture_output=True, timeout=30, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or a whole folder to this account."""
        if self.owner is None:
            return
        for folder, _, files in os.walk(path):
            os.chown(folder, *self.owner)
            for file in files:
                os.chown(Path(folder) / file, *self.owner, follow_symlinks=False)


@dataclass(frozen=True, slots=True)
class Lodging:
    """The account, the binaries it can run, and where new data goes if the data folder itself is out of its reach."""

    account: Account
    binaries: Binaries
    cluster_home: Path | None = None


def find_lodging(binaries: Binaries, folder: Path) -> Lodging:
    """Decide who runs the server on this folder, by trying. Raises EmbeddedServerError when nobody can.

    An ordinary user runs it as themselves. Root hands it to an unprivileged account; where that account cannot walk,
    below a private home such as /root, root keeps it inside a user namespace, in which it is nobody in particular; and
    where namespaces are forbidden, binaries and data move to /var/lib/fedele.
    """
    if os.geteuid() != 0:
        return Lodging(Account("this user"), binaries)
    for account in _unprivileged_accounts(folder):
        if account.can_use(binaries, folder):
            return Lodging(account, binaries)
    if (namespace := _namespace_account()) and namespace.can_use(binaries, folder):
        return Lodging(namespace, binaries)
    return _lodging_in_shared_home(binaries)


def _unprivileged_accounts(folder: Path) -> Iterator[Account]:
    """Whoever owns the data or the folder around it (sudo in somebody's home), then the usual service accounts."""
    seen: set[int] = {0}
    for path in (folder / "cluster", folder, folder.parent):
        with contextlib.suppress(OSError, KeyError):
            entry = pwd.getpwuid(path.stat().st_uid)
            if entry.pw_uid not in seen:
                seen.add(entry.pw_uid)
                yield Account(entry.pw_name, (entry.pw_uid, entry.pw_gid), switches=True)
    for name in SERVICE_ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid not in seen:
                seen.add(entry.pw_uid)
                yield Account(entry.pw_name, (entry.pw_uid, entry.pw_gid), switches=True)


def _namespace_account() -> Account | None:
    unshare = shutil.which("unshare")
    return Account("root in a user namespace", (0, 0), (unshare, "--user")) if unshare else None


def _lodging_in_shared_home(binaries: Binaries) -> Lodging:
    clusters = SHARED_HOME / "clusters"
    try:
        clusters.mkdir(mode=0o711, parents=True, exist_ok=True)
        SHARED_HOME.chmod(0o711)
        copied = copy_to(binaries, SHARED_HOME)
    except OSError as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and no other account can reach {binaries.folder}; copying it to "
            f"{SHARED_HOME} failed too: {error}. Run this as an ordinary user."
        ) from error
    for account in _unprivileged_accounts(clusters):
        if account.can_use(copied, clusters):
            return Lodging(account, copied, clusters)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is no unprivileged account that could run it "
        f"({', '.join(SERVICE_ACCOUNTS)}). Run this as an ordinary user."
    )
