"""The secrets of a deployment: given by settings, or made once for a demo and kept beside its data.

One secret key is enough: every other secret is derived from it by HKDF (RFC 5869) under a name of its own, so that a
leaked card link says nothing about identities. The key that signs access tokens is a pair, and stands apart.
"""

import dataclasses
import os
import secrets
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


def open_keyring(settings: Settings, *, may_create: bool = False) -> Keyring:
    """The keyring that settings name. With `may_create` (the demo) what is missing is made under the data folder.

    Raises SettingsError that says which variable to set, and how to make its value.
    """
    secret = settings.secret_key or _kept(settings.data_dir / SECRET_KEY_FILE, may_create, secrets.token_urlsafe(48))
    if secret is None:
        raise SettingsError(
            "FEDELE_SECRET_KEY is not set. Make one with `openssl rand -base64 48` and keep it: members are found by "
            "digests under it."
        )
    if len(secret.get_secret_value()) < SECRET_KEY_LENGTH_MIN:
        raise SettingsError(f"FEDELE_SECRET_KEY is shorter than {SECRET_KEY_LENGTH_MIN} characters")
    return Keyring(
        peppers=Peppers(1, {1: _derive(secret, "identity-pepper-1")}),
        signing_keys=_signing_keys(settings, may_create),
        pass_links=_derive(secret, "pass-links-1"),
        feed_tokens=_derive(secret, "feed-tokens-1"),
    )


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
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return SecretStr(file.read_text())
    with os.fdopen(descriptor, "w") as out:
        out.write(fresh)
    return SecretStr(fresh)


def _derive(secret: SecretStr, name: str) -> SecretBytes:
    key = HKDF(SHA256(), 32, salt=None, info=f"fedele:{name}".encode()).derive(secret.get_secret_value().encode())
    return SecretBytes(key)
