"""Keeping pictures."""

import hashlib
from datetime import timedelta

from fedele.db.database import Database, Transaction
from fedele.domains.community import errors
from fedele.domains.community.drawing import Drawn
from fedele.domains.community.types import PictureId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

PER_DAY_MAX = 30
UNUSED_KEPT = timedelta(days=7)
FORGOTTEN_AT_ONCE = 200

# A picture may stand in a review, in a contest, or in the member's own profile.
_UNUSED = """
SELECT p.member_id, p.picture_id FROM member_picture p
 WHERE p.uploaded_at < $1 AND ($2::uuid IS NULL OR p.picture_id = $2)
   AND NOT EXISTS (SELECT FROM review r WHERE r.member_id = p.member_id AND r.picture_id = p.picture_id)
   AND NOT EXISTS (SELECT FROM contest_entry e WHERE e.member_id = p.member_id AND e.picture_id = p.picture_id)
   AND NOT EXISTS (SELECT FROM member_profile f
                    WHERE f.member_id = p.member_id AND
                          strpos(concat(f.picture_url, f.background_url), replace(p.picture_id::text, '-', '')) > 0)
 ORDER BY p.uploaded_at LIMIT $3
"""


async def keep_picture(tx: Transaction, member_id: MemberId, drawn: Drawn, moment: Moment) -> PictureId:
    """Keep a picture that was drawn anew; the same one again is the first. Raises TooManyPictures."""
    await tx.lock_member(member_id)
    digest = hashlib.sha256(drawn.data).digest()
    known = await tx.fetch_value(
        "SELECT picture_id FROM member_picture WHERE member_id = $1 AND sha256 = $2", member_id, digest
    )
    if known is not None:
        return PictureId(known)
    today = await tx.fetch_value(
        "SELECT count(*) FROM member_picture WHERE member_id = $1 AND uploaded_at > $2",
        member_id, moment.now - timedelta(days=1),
    )  # fmt: skip
    if today >= PER_DAY_MAX:
        raise errors.TooManyPictures()
    picture_id = PictureId(new_id())
    await tx.execute(
        """
        INSERT INTO member_picture (member_id, picture_id, uploaded_at, width, height, sha256, bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        member_id, picture_id, moment.now, drawn.width, drawn.height, digest, drawn.data,
    )  # fmt: skip
    return picture_id


async def forget_unused(database: Database, moment: Moment) -> int:
    """Delete pictures that were sent a week ago and that nothing shows; how many went. A transaction each.

    Who sends one and changes their mind has given us nothing to keep.
    """
    before, gone = moment.now - UNUSED_KEPT, 0
    rows = await database.reader.fetch(_UNUSED, before, None, FORGOTTEN_AT_ONCE)
    for row in rows:
        async with database.transaction() as tx:
            await tx.lock_member(MemberId(row["member_id"]))  # they may be using it just now
            if await tx.fetch_row(_UNUSED, before, row["picture_id"], 1) is not None:
                await tx.execute(
                    "DELETE FROM member_picture WHERE member_id = $1 AND picture_id = $2",
                    row["member_id"], row["picture_id"],
                )  # fmt: skip
                gone += 1
    return gone
