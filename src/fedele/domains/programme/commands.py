"""Applying a version of the programme."""

import asyncio
import hashlib
from datetime import datetime, timedelta

from fedele.db.database import Transaction
from fedele.domains.programme import queries
from fedele.domains.programme.checking import Checked, Sections, check
from fedele.domains.programme.errors import EffectiveInThePast
from fedele.domains.programme.types import Applied, ProgrammeVersion
from fedele.kernel.clock import Moment

CHANNEL = queries.CHANNEL
_CLOCKS_DIFFER_BY = timedelta(seconds=5)


async def apply(
    tx: Transaction,
    source_text: str,
    moment: Moment,
    *,
    sections: Sections,
    effective_from: datetime | None = None,
    actor: str = "",
    file: str = "programme.yaml",
) -> Applied:
    """Make this text the programme from `effective_from` on (aware; unset: now). Nothing is applied if it has mistakes.

    The same text for the same time is the same version, however often it is applied; without a time, so is the text
    that is in force already. Raises ProgrammeInvalid, or EffectiveInThePast for a time that has passed: the first
    version alone may begin in the past, so that imported history can be judged by it.
    """
    checked = await asyncio.to_thread(check, source_text, sections, file)  # half a second for a very large file
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", CHANNEL)
    source_hash = hashlib.sha256(source_text.encode()).digest()
    if earlier := await _find_same(tx, source_hash, effective_from, moment):
        return Applied(checked.programme(*earlier), created=False, warnings=checked.warnings)
    newest: int | None = await tx.fetch_value("SELECT max(version) FROM programme_version")
    begins = effective_from or moment.now
    if newest is not None and begins < moment.now - _CLOCKS_DIFFER_BY:
        raise EffectiveInThePast(effective_from=begins.isoformat(), now=moment.now.isoformat())
    return await _insert(tx, checked, source_hash, ProgrammeVersion((newest or 0) + 1), begins, actor)


async def _insert(
    tx: Transaction, checked: Checked, source_hash: bytes, version: ProgrammeVersion, begins: datetime, actor: str
) -> Applied:
    await tx.execute(
        "INSERT INTO programme_version (version, effective_from, source_text, source_hash, actor)"
        " VALUES ($1, $2, $3, $4, $5)",
        version,
        begins,
        checked.source_text,
        source_hash,
        actor,
    )
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, str(version))
    return Applied(checked.programme(version, begins), created=True, warnings=checked.warnings)


async def _find_same(
    tx: Transaction, source_hash: bytes, effective_from: datetime | None, moment: Moment
) -> tuple[ProgrammeVersion, datetime] | None:
    """The version that this call would only repeat."""
    if effective_from is not None:
        row = await tx.fetch_row(
            "SELECT version, effective_from, source_hash FROM programme_version"
            " WHERE effective_from = $1 ORDER BY version DESC LIMIT 1",
            effective_from,
        )
    else:
        row = await tx.fetch_row(queries.IN_FORCE, moment.now)
    if row is None or row["source_hash"] != source_hash:
        return None
    return ProgrammeVersion(row["version"]), row["effective_from"]
