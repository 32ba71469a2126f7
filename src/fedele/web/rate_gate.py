"""How often somebody may knock, counted in this process: for what costs work, where a wrong count costs nobody money.

What protects money, codes and logins is counted in PostgreSQL instead (`auth.commands.take`).
"""

import math
from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime


class RateGate:
    """Leaky buckets by key: each holds `burst` and drains wholly in `seconds`. Remembers `keys_max` keys at most.

    When there are more, the one that knocked longest ago is forgotten: a flood of keys must not fill memory.
    """

    def __init__(self, burst: int, seconds: float, keys_max: int = 20_000) -> None:
        self._window, self._each, self._keys_max = seconds, seconds / burst, keys_max
        self._drained_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable, now: datetime) -> int:
        """Count one. 0: come in; otherwise the seconds to wait, and what was not let in does not count."""
        if wait := self.wait(key, now):
            return wait
        at = now.timestamp()
        self._drained_at[key] = max(self._drained_at.get(key, at), at) + self._each
        self._drained_at.move_to_end(key)
        if len(self._drained_at) > self._keys_max:
            self._drained_at.popitem(last=False)
        return 0

    def wait(self, key: Hashable, now: datetime) -> int:
        """The seconds until one more would be let in; counts nothing."""
        full_by = self._drained_at.get(key, 0.0) + self._each - self._window - now.timestamp()
        # A bucket drains in steps that floats do not hold exactly; a millionth of a second is not worth a second.
        return math.ceil(full_by) if full_by > 1e-6 else 0
