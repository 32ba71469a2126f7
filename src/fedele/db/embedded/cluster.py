"""The data folder: making it so that a kill leaves nothing in the way, judging what is found there, starting it."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fedele.db.embedded.accounts import Account, Lodging
from fedele.db.embedded.binaries import MAJOR_VERSION
from fedele.db.embedded.errors import EmbeddedServerError, disk_full, explain, not_writable

SUPERUSER = "postgres"
INITDB_SECONDS_MAX = 300
FREE_BYTES_FOR_NEW_CLUSTER = 128 * 2**20
SOCKET_PATH_BYTES_MAX = 103  # sockaddr_un holds 108 bytes on Linux and 104 on macOS, the last one a NUL
DEFAULT_SOCKET_NUMBER = 5432
UNFINISHED = "cluster.new-"

# For a small machine that must not lose a commit: fsync and synchronous_commit keep PostgreSQL's default, on.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "jit": "off",
    "random_page_cost": "1.1",
    # parallel plans need /dev/shm, of which a container has 64 MB, and gain nothing on point look-ups
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # a log line must not carry what a statement carried
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


def make_folder(folder: Path) -> None:
    """Make the data folder. Others may walk through it (the server's account must) but not list it."""
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise not_writable(folder, error) from error


def check_version(folder: Path) -> None:
    """Raise EmbeddedServerError unless the folder is empty, or holds data of our major version that we may use."""
    cluster = folder / "cluster"
    if (folder / "PG_VERSION").exists():
        _check_major(folder, folder)
        raise EmbeddedServerError(
            f"{folder} is itself a PostgreSQL data folder, not one that Fedele made. Choose another folder, or set "
            "FEDELE_DATABASE_URL and run that server yourself."
        )
    if not cluster.exists() or not any(cluster.iterdir()):
        return
    _check_major(cluster, folder)
    owner = cluster.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise EmbeddedServerError(
            f"the data in {folder} belongs to user number {owner}. Run this as that user, or give it to yours "
            f"(`chown -R`)."
        )


def _check_major(cluster: Path, folder: Path) -> None:
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedServerError(
            f"{cluster} holds files, but no PostgreSQL data (PG_VERSION is missing). Move them away, or restore the "
            "folder from a backup."
        ) from None
    except OSError as error:
        raise not_writable(folder, error) from error
    if found != str(MAJOR_VERSION):
        raise EmbeddedServerError(
            f"the data in {folder} is of PostgreSQL {found}, and this Fedele brings PostgreSQL {MAJOR_VERSION}. "
            f"Start it with a Fedele that brings {found}, run `fedele backup` there, move the folder away, and "
            "`fedele restore` into a new one. Nothing was changed."
        )


def remove_unfinished(folder: Path) -> None:
    """Delete what an interrupted initdb left. Call it under the start lock."""
    for leftover in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    cluster = folder / "cluster"
    if cluster.is_symlink() and not cluster.exists():
        cluster.unlink()
    if cluster.is_dir() and not cluster.is_symlink() and not any(cluster.iterdir()):
        cluster.rmdir()


def make_cluster(folder: Path, lodging: Lodging) -> None:
    """Run initdb in a temporary folder beside the final one, then rename: there is a whole cluster or none."""
    if shutil.disk_usage(folder).free < FREE_BYTES_FOR_NEW_CLUSTER:
        raise disk_full(folder)
    home = lodging.cluster_home or folder
    temporary = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home))
    try:
        lodging.account.own(temporary)
        _initdb(temporary, folder, lodging)
        if lodging.cluster_home is None:
            temporary.rename(folder / "cluster")
        else:
            final = home / temporary.name.removeprefix(UNFINISHED)
            temporary.rename(final)
            (folder / "cluster").symlink_to(final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync(home)
    _sync(folder)


def _initdb(target: Path, folder: Path, lodging: Lodging) -> None:
    command = [
        *lodging.account.prefix,
        str(lodging.binaries.program("initdb")),
        f"--pgdata={target}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--auth-local=trust",  # the socket's folder is open to us alone
        "--auth-host=scram-sha-256",
        "--no-instructions",
    ]
    with subprocess.Popen(
        command,
        **lodging.account.popen_options(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=INITDB_SECONDS_MAX)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        with contextlib.suppress(OSError), (folder / "postgres.log").open("a") as log:
            log.write(output)
        raise explain(output, folder, None, "making the data folder (initdb)")


def take_ownership(folder: Path, account: Account) -> None:
    """Give existing data to the account that will serve it (root may have started it another way before)."""
    cluster = (folder / "cluster").resolve()
    if account.owner is not None and cluster.stat().st_uid != account.owner[0]:
        account.own(cluster)


def socket_folder(folder: Path, lodging: Lodging) -> Path:
    """A folder for the socket that only we and the server's account can enter; short, because socket paths must be."""
    place = folder / "socket"
    name = f".s.PGSQL.{DEFAULT_SOCKET_NUMBER}"
    fits = len(os.fsencode(place / name)) <= SOCKET_PATH_BYTES_MAX and re.fullmatch(r"[\w./-]+", str(place), re.ASCII)
    if not fits or lodging.cluster_home is not None:
        place = short_socket_folder(folder)
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    found = place.lstat()
    owner = lodging.account.owner
    if place.is_symlink() or found.st_uid not in (os.geteuid(), owner[0] if owner else os.geteuid()):
        raise EmbeddedServerError(f"{place} belongs to somebody else. Remove it, or use another data folder.")
    place.chmod(0o700)
    if owner is not None:
        os.chown(place, *owner)
    return place


def short_socket_folder(folder: Path) -> Path:
    """Where the socket goes when the data folder's own path will not do: the same for every process that asks."""
    digest = hashlib.blake2s(os.fsencode(folder), digest_size=8).hexdigest()
    return Path("/tmp") / f"fedele-{digest}"  # noqa: S108 - whoever uses it makes it 0700 and checks the owner


def forget_socket_folder(folder: Path) -> None:
    """Remove the short socket folder, if there is one and no socket is in it."""
    with contextlib.suppress(OSError):
        short_socket_folder(folder).rmdir()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
