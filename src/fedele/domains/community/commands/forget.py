"""Erasure: pictures and words go; stars, votes and places stay as figures, and name nobody."""

from fedele.db.database import Transaction
from fedele.domains.community import queries
from fedele.domains.community.commands.gatherings import give_back
from fedele.domains.community.config import GatheringsConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def forget_member(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> None:
    """Delete everything personal of an erased member, and give their seats to those who wait. Repeating it: nothing."""
    await tx.lock_member(member_id)
    await tx.execute(
        "UPDATE review SET body = NULL, picture_id = NULL, locale = NULL, reason = NULL WHERE member_id = $1",
        member_id,
    )
    await tx.execute(
        "UPDATE contest_entry SET caption = NULL, picture_id = NULL, reason = NULL WHERE member_id = $1", member_id
    )
    await tx.execute("DELETE FROM member_picture WHERE member_id = $1", member_id)
    coming = {one.key for one in programme.section(GatheringsConfig) if moment.now < one.starts_at}
    for key, place in sorted((await queries.places_of(tx, member_id)).items()):
        if key in coming and place.state in ("joined", "waiting"):
            await give_back(tx, place, moment)
