"""Keeping pictures."""

import hashlib
from datetime import timedelta

from fedele.db.database import Transaction
from fedele.domains.community import errors
from fedele.domains.community.drawing import Drawn
from fedele.domains.community.types import PictureId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

PER_DAY_MAX = 30


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
