"""The one place of a feed that is an experiment: which it is, and every card that could have taken it.

To judge another policy by what was shown, the chance that *it* would have shown the same card must be known exactly,
and that depends on every card that stood to choose. A quarter of all feeds therefore carries, in the token of one of
its first six cards, the facts of all cards that could have taken that place. Which feeds and which place follows from
the seed alone, so what is evaluated is a fair sample of what was shown; and asking for a feed still writes nothing.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence

import orjson

from fedele.domains.feed.types import Candidate
from fedele.kernel.ids import MemberId

FEEDS_SHARE = 0.25
SLOTS = 6
CARDS_MAX = 200
_TWO = struct.Struct("<QQ")


def experiment_slot(member_id: MemberId, epoch: int, placement: str) -> int | None:
    """Which place of this feed carries its choice; None for most feeds."""
    seed = f"choice\0{member_id}\0{epoch}\0{placement}".encode()
    first, second = _TWO.unpack(hashlib.blake2b(seed, digest_size=16).digest())
    return second % SLOTS if first / 2**64 < FEEDS_SHARE else None


def pack(choice: Sequence[Candidate]) -> bytes | None:
    """The facts of every card that could have taken the place, the one that took it first; None: too many to carry."""
    if not 0 < len(choice) <= CARDS_MAX:
        return None
    names = sorted({term.name for card in choice for term in card.terms})
    place = {name: number for number, name in enumerate(names)}
    rows = [[part for t in card.terms for part in (place[t.name], round(t.weight, 4))] for card in choice]
    return zlib.compress(orjson.dumps([names, rows]), 1)


def unpack(choice: bytes) -> list[dict[str, float]]:
    """The facts of each card that stood to choose; the first one was chosen."""
    names, rows = orjson.loads(zlib.decompress(choice))
    return [{names[row[i]]: row[i + 1] for i in range(0, len(row), 2)} for row in rows]
