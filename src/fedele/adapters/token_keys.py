"""Keeps the keys that sign access tokens in a file of their own, made on first run and readable by its owner only."""

import os
from pathlib import Path

from pydantic import SecretStr

from fedele.domains.auth.commands import SigningKeys
from fedele.kernel.ids import new_id


def keep_token_keys(file: Path) -> SigningKeys:
    """The key ring in this file; a new one when there is no file yet. Raises ValueError for a file that is not one.

    Two processes that start at once end up with the same ring: the file appears whole, under its name, only once.
    """
    if not file.exists():
        _write_new(file, SigningKeys.generate())
    return SigningKeys.parse(SecretStr(file.read_text()))


def rotate_token_keys(file: Path) -> SigningKeys:
    """Sign with a fresh key from the next start on; tokens of the keys before it stay good until they expire."""
    rotated = keep_token_keys(file).rotated()
    temporary = _write_temporary(file, rotated)
    os.replace(temporary, file)
    return rotated


def _write_new(file: Path, keys: SigningKeys) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = _write_temporary(file, keys)
    try:
        os.link(temporary, file)  # fails if another process was first: then its ring is the one
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _write_temporary(file: Path, keys: SigningKeys) -> Path:
    temporary = file.with_name(f".{file.name}.{new_id().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(keys.dump().get_secret_value())
        stream.flush()
        os.fsync(stream.fileno())
    return temporary
