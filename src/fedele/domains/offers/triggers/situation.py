"""A member's situation as triggers judge it, read under their lock."""

from fedele.db.database import Transaction
from fedele.domains.offers.checking.sight import Setting
from fedele.domains.offers.queries import history_of
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def setting_of(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    moment: Moment,
    at_places: frozenset[str] = frozenset(),
    by_beacon: bool = False,
) -> Setting | None:
    """The whole situation; None for nobody, or somebody who left. The caller holds the member's lock."""
    facts = await find_facts(tx, programme, member_id, moment.now)
    if facts is None or not facts.active:
        return None
    status = await status_of(tx, programme, member_id, moment)
    store = next(iter(at_places), None) or facts.values.get("member.favourite_store")
    history = await history_of(tx, programme, member_id, moment.now, moment.place, store)
    return Setting(
        programme, facts, status.current if status else None, history, moment, member_id, at_places, by_beacon
    )
