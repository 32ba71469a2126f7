"""One secret key is enough, can be changed in two steps, and a secret that is made once is made whole."""

import itertools
import multiprocessing
from pathlib import Path

import pytest
from pydantic import SecretStr

from fedele.domains.auth.commands import SigningKeys
from fedele.domains.members.types import Identity
from fedele.keyring import SECRET_KEY_FILE, TOKEN_KEYS_FILE, _kept, open_keyring
from fedele.settings import Settings, SettingsError

OLD, NEW = "an old secret key, long enough to be one", "a new secret key, long enough to be one"
ADA = Identity.parse("email", "ada@example.org")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with the old key, and token keys made on the spot."""
    folder = tmp_path_factory.mktemp("keyring")
    open_keyring(Settings(data_dir=folder), may_create=True)
    return Settings(data_dir=folder, secret_key=SecretStr(OLD))


def changed(settings: Settings, current: str, previous: str | None) -> Settings:
    """The same with other keys."""
    other = SecretStr(previous) if previous else None
    return settings.model_copy(update={"secret_key": SecretStr(current), "secret_key_previous": other})


def test_members_are_found_while_the_key_changes(settings: Settings) -> None:
    """In each step every process looks for whatever any other writes, and a key's number stays what it was."""
    steps = [
        open_keyring(changed(settings, current, previous), may_create=True).peppers
        for current, previous in ((OLD, None), (OLD, NEW), (NEW, OLD))
    ]
    for before, after in itertools.pairwise(steps):
        assert after.digest(ADA) in before.digests(ADA) or after.current not in before.values
        assert before.digest(ADA) in after.digests(ADA)
    first, second, third = steps
    assert second.digest(ADA) == first.digest(ADA), "the first step writes under the new key already"
    assert third.digest(ADA) in second.digests(ADA), "the second step writes what the first cannot find"
    assert (first.current, second.current, third.values.keys()) == (second.current, first.current, second.values.keys())
    assert third.values[first.current] == first.values[first.current]
    assert all(1 <= number <= 32_767 for number in third.values)


def test_a_key_of_its_own_for_each_purpose(settings: Settings) -> None:
    """No two secrets derived from one key are the same, and none is the key."""
    ring = open_keyring(settings, may_create=True)
    derived = {ring.pass_links.get_secret_value(), ring.feed_tokens.get_secret_value()}
    derived |= {pepper.get_secret_value() for pepper in ring.peppers.values.values()}
    assert len(derived) == 3
    assert OLD.encode() not in derived
    assert OLD not in repr(ring)


@pytest.mark.parametrize(
    ("current", "previous", "named"),
    [("tiny", None, "FEDELE_SECRET_KEY is"), (OLD, "tiny", "FEDELE_SECRET_KEY_PREVIOUS"), (OLD, OLD, "itself")],
)
def test_unusable_keys_are_named(settings: Settings, current: str, previous: str | None, named: str) -> None:
    """Too short, or the same twice: the message names the variable and shows no value."""
    with pytest.raises(SettingsError, match=named) as raised:
        open_keyring(changed(settings, current, previous), may_create=True)
    assert current not in str(raised.value)


def test_nothing_is_made_for_a_real_deployment(tmp_path: Path) -> None:
    """Without permission to create, missing keys are refused with the command that makes them, and no file appears."""
    with pytest.raises(SettingsError, match="openssl rand"):
        open_keyring(Settings(data_dir=tmp_path))
    with pytest.raises(SettingsError, match="openssl ecparam"):
        open_keyring(Settings(data_dir=tmp_path, secret_key=SecretStr(OLD)))
    assert list(tmp_path.iterdir()) == []


def test_what_was_made_is_found_again(tmp_path: Path) -> None:
    """The second start has the first one's secrets; only their owner can read the files; nothing else is left there."""
    first = open_keyring(Settings(data_dir=tmp_path), may_create=True)
    second = open_keyring(Settings(data_dir=tmp_path), may_create=True)
    assert second.peppers == first.peppers
    assert second.signing_keys.public_jwks() == first.signing_keys.public_jwks()
    assert {file.name for file in tmp_path.iterdir()} == {SECRET_KEY_FILE, TOKEN_KEYS_FILE}
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
    assert SigningKeys.parse(SecretStr((tmp_path / TOKEN_KEYS_FILE).read_text()))


def _make(file: Path, fresh: str, answers: "multiprocessing.Queue[str]") -> None:
    made = _kept(file, True, fresh)
    answers.put(made.get_secret_value() if made else "")


def test_processes_that_make_one_at_once_agree(tmp_path: Path) -> None:
    """Of many that find no secret, all use the same whole one."""
    context = multiprocessing.get_context("fork")
    for round_number in range(10):
        file, answers = tmp_path / f"secret-{round_number}", context.Queue()
        racers = [context.Process(target=_make, args=(file, str(n) * 100_000, answers)) for n in range(4)]
        for racer in racers:
            racer.start()
        found = {answers.get(timeout=20) for _ in racers}
        for racer in racers:
            racer.join(20)
        assert len(found) == 1
        assert len(found.pop()) == 100_000
