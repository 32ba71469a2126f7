"""The file of token keys: made once, whole, and for its owner only."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fedele.adapters.token_keys import keep_token_keys, rotate_token_keys


def test_the_first_run_makes_it_and_the_second_reads_it(tmp_path: Path) -> None:
    """The same keys both times, in a file of mode 0600, with nothing left beside it."""
    file = tmp_path / "keys" / "token_keys.json"
    first = keep_token_keys(file)
    assert keep_token_keys(file).public_jwks() == first.public_jwks()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_those_who_start_at_once_agree(tmp_path: Path) -> None:
    """Eight at once end up with one ring."""
    file = tmp_path / "token_keys.json"
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: keep_token_keys(file), range(8)))
    assert len({ring.ring[0].kid for ring in rings}) == 1


def test_rotation_puts_a_fresh_key_first(tmp_path: Path) -> None:
    """The old key stays behind it, and the next start reads both."""
    file = tmp_path / "token_keys.json"
    old = keep_token_keys(file)
    rotated = rotate_token_keys(file)
    assert rotated.ring[0].kid != old.ring[0].kid == rotated.ring[1].kid
    assert keep_token_keys(file).public_jwks() == rotated.public_jwks()


def test_a_broken_file_is_refused_not_replaced(tmp_path: Path) -> None:
    """Replacing it would log everybody out in silence."""
    file = tmp_path / "token_keys.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match="token key file"):
        keep_token_keys(file)
    assert file.read_text() == "{}"
