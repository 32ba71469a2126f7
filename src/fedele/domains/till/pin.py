"""PINs: what can be one, and its Argon2id hash. Hashing takes tens of milliseconds: it runs in a thread."""

import asyncio
import itertools
import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from pydantic import SecretStr

from fedele.domains.till.errors import PinInvalid

LENGTH_MAX = 12
# OWASP's smallest recommendation for Argon2id: what a till's customer can wait for.
ITERATIONS, LANES, MEMORY_KIB = 2, 1, 19 * 1024


def check_pin(pin: SecretStr, length_min: int) -> None:
    """Raise PinInvalid for what is no PIN, or one that everybody tries first: 1111, 1234, 4321."""
    text = pin.get_secret_value()
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    guessed_first = len(steps) == 1 and steps <= {0, 1, -1}
    if not (text.isascii() and text.isdecimal() and length_min <= len(text) <= LENGTH_MAX) or guessed_first:
        raise PinInvalid(length_min=length_min, field="pin")


async def hash_pin(pin: SecretStr) -> str:
    """The PIN's hash in PHC's format, with a salt of its own."""
    return await asyncio.to_thread(_hash, pin)


async def pin_matches(pin: SecretStr, hashed: str) -> bool:
    """Whether this is the PIN."""
    return await asyncio.to_thread(_matches, pin, hashed)


def _hash(pin: SecretStr) -> str:
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(pin.get_secret_value().encode())


def _matches(pin: SecretStr, hashed: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(pin.get_secret_value().encode(), hashed)
    except InvalidKey:
        return False
    return True
