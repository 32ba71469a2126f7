"""The tag a phone echoes to ask "what changed since": the version of each pass it holds, as this server last told it.

One number for all passes of a phone would need an order over the commits of several members; versions per pass need
none: a pass is reported exactly when its version is not the one in the tag. So nothing is lost under concurrent
commits, after a restore from a backup (versions may go back), nor with a tag that was never ours (all are reported).

Form: `1.<8 characters of the serial's hash><version, base 16>.…`, sorted; opaque to the phone.
"""

import hashlib
from collections.abc import Mapping

from fedele.domains.wallet.types import Serial, UpdatedPasses

_FORM = "1"
_NAME_LENGTH = 8
PASSES_IN_TAG_MAX = 100  # a longer URL may be refused on its way; passes beyond it are reported every time


def since(tag: str | None, versions: Mapping[Serial, int]) -> UpdatedPasses | None:
    """What changed since the tag, of passes at these versions; None when nothing did."""
    seen = _read(tag)
    named = {serial: _name(serial) for serial in sorted(versions)}
    changed = tuple(serial for serial, name in named.items() if seen.get(name) != versions[serial])
    if not changed:
        return None
    in_tag = list(named.items())[:PASSES_IN_TAG_MAX]
    return UpdatedPasses(serials=changed, tag=".".join([_FORM, *(f"{name}{versions[s]:x}" for s, name in in_tag)]))


def _name(serial: Serial) -> str:
    return hashlib.sha256(serial.encode()).hexdigest()[:_NAME_LENGTH]


def _read(tag: str | None) -> dict[str, int]:
    form, *parts = (tag or "").split(".")
    if form != _FORM or len(parts) > PASSES_IN_TAG_MAX:
        return {}
    seen = {}
    for part in parts:
        try:
            seen[part[:_NAME_LENGTH]] = int(part[_NAME_LENGTH:], 16)
        except ValueError:
            return {}
    return seen
