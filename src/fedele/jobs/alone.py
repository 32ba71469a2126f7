"""Work by the clock that concerns many, each by itself: whose data are broken stops nobody else's."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from fedele.db.database import DATABASE_LOST

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def each_alone(what: str, items: Iterable[T], work: Callable[[T], Awaitable[object]]) -> int:
    """Do the work for each, in order; for how many it was done.

    What fails is logged under `what`, with the item (ids, no personal data), and comes again when its schedule does. A
    lost database ends the whole.
    """
    done = 0
    for item in items:
        try:
            await work(item)
        except DATABASE_LOST:
            raise
        except Exception:
            log.exception("left_for_later", what=what, item=str(item))
        else:
            done += 1
    return done
