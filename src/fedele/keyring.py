"""The secrets of a deployment: given by settings, or made once for a demo and kept beside its data.

One secret key is enough: every other secret is derived from it by HKDF (RFC 5869) under a name of its own, so that a
leaked card link says nothing about identities. The key that signs access tokens is a pair, and stands apart.

A secret key is changed in two steps, each rolled out to every process before the next: name the new one as
FEDELE_SECRET_KEY_PREVIOUS (identities are then looked for under both), then swap the two (new ones are written under
the new key). The old key stays for as long as rows carry its number. Pass download links and feed card tokens follow
the current key alone, so the second step makes those handed out before invalid; apps fetch new ones with `Home`.
"""

import contextlib
import dataclasses
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretBytes, SecretStr

from fedele.domains.auth.commands import SigningKeys
from fedele.domains.members.types import Peppers
from fedele.settings import Settings, SettingsError

SECRET_KEY_LENGTH_MIN = 32
SECRET_KEY_FILE = "secret-key"  # noqa: S105 - a file's name
TOKEN_KEYS_FILE = "token-keys.json"  # noqa: S105


@dataclasses.dataclass(frozen=True, slots=True)
class Keyring:
    """What the process signs and digests with."""

    peppers: Peppers
    signing_keys: SigningKeys
    pass_links: SecretBytes
    feed_tokens: SecretBytes
    message_links: SecretBytes
    join_cookies: SecretBytes


def open_keyring(settings: Settings, *, may_create: bool = False) -> Keyring:
    """The keyring that settings name. With `may_create` (the demo) what is missing is made under the data folder.

    Raises SettingsError that says which variable to set, and how to make its value.
    """
    secret = _secret_key(settings, may_create)
    return Keyring(
        peppers=_peppers(secret, settings.secret_key_previous),
        signing_keys=_signing_keys(settings, may_create),
        pass_links=_derive(secret, "pass-links-1"),
        feed_tokens=_derive(secret, "feed-tokens-1"),
        message_links=_derive(secret, "message-links-1"),
        join_cookies=_derive(secret, "join-cookies-1"),
    )


def open_peppers(settings: Settings) -> Peppers:
    """What identities are digested with, for commands that look members up and sign nothing. Raises SettingsError."""
    return _peppers(_secret_key(settings, may_create=False), settings.secret_key_previous)


def _secret_key(settings: Settings, may_create: bool) -> SecretStr:
    secret = settings.secret_key or _kept(settings.data_dir / SECRET_KEY_FILE, may_create, secrets.token_urlsafe(48))
    if secret is None:
        raise SettingsError(
            "FEDELE_SECRET_KEY is not set. Make one with `openssl rand -base64 48` and keep it: members are found by "
            "digests under it."
        )
    for name, key in (("FEDELE_SECRET_KEY", secret), ("FEDELE_SECRET_KEY_PREVIOUS", settings.secret_key_previous)):
        if key is not None and len(key.get_secret_value()) < SECRET_KEY_LENGTH_MIN:
            raise SettingsError(f"{name} is shorter than {SECRET_KEY_LENGTH_MIN} characters")
    return secret


def _peppers(current: SecretStr, previous: SecretStr | None) -> Peppers:
    """A pepper for each secret key. Its number follows from the key: it is the same wherever the key stands."""
    pepper = _derive(current, "identity-pepper-1")
    values = {_number(pepper): pepper}
    if previous is not None:
        pepper = _derive(previous, "identity-pepper-1")
        if _number(pepper) in values:
            raise SettingsError(
                "FEDELE_SECRET_KEY_PREVIOUS is FEDELE_SECRET_KEY itself, or has its number (1 in 32,767): make another"
            )
        values[_number(pepper)] = pepper
    return Peppers(next(iter(values)), values)


def _number(pepper: SecretBytes) -> int:
    """1 to 32,767, as the column holds it, from a digest that says nothing about the pepper."""
    digest = hashlib.sha256(b"fedele:pepper-number:" + pepper.get_secret_value()).digest()
    return int.from_bytes(digest[:8], "big") % 32_767 + 1


def _signing_keys(settings: Settings, may_create: bool) -> SigningKeys:
    try:
        if settings.token_key is not None:
            previous = [settings.token_key_previous] if settings.token_key_previous else []
            return SigningKeys.from_pem(settings.token_key, *previous)
        made = SigningKeys.generate().dump().get_secret_value() if may_create else ""
        kept = _kept(settings.data_dir / TOKEN_KEYS_FILE, may_create, made)
        if kept is not None:
            return SigningKeys.parse(kept)
    except ValueError as error:
        raise SettingsError(f"FEDELE_TOKEN_KEY: {error}") from None
    raise SettingsError(
        "FEDELE_TOKEN_KEY is not set. Make one with `openssl ecparam -name prime256v1 -genkey -noout` and keep it: "
        "access tokens are signed with it."
    )


def _kept(file: Path, may_create: bool, fresh: str) -> SecretStr | None:
    """The file's content; where there is none and it may be made, `fresh`, written for its owner's eyes only."""
    if not may_create:
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        # Written whole beside it and then linked: whoever reads it, after a kill too, finds a whole secret or none. Of
        # two processes that make one at once, both use the one that was there first.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)  # 0600
        try:
            with os.fdopen(descriptor, "w") as out:
                out.write(fresh)
                out.flush()
                os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(temporary, file)
        finally:
            os.unlink(temporary)
    return SecretStr(file.read_text())


def _derive(secret: SecretStr, name: str) -> SecretBytes:
    key = HKDF(SHA256(), 32, salt=None, info=f"fedele:{name}".encode()).derive(secret.get_secret_value().encode())
    return SecretBytes(key)
