"""Applying a version of the programme, and taking one back before it begins."""

import asyncio
import hashlib
from datetime import datetime, timedelta

from fedele.db.database import Transaction
from fedele.domains.programme import queries
from fedele.domains.programme.checking import Checked, Sections, check
from fedele.domains.programme.errors import EffectiveInThePast, ProgrammeMoved, VersionBegun, VersionUnknown
from fedele.domains.programme.types import Applied, ProgrammeVersion, Withdrawal
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
    expected_version: ProgrammeVersion | None = None,
) -> Applied:
    """Make this text the programme from `effective_from` on (aware; unset: now). Nothing is applied if it has mistakes.

    The same text for the same time is the same version, however often it is applied; without a time, so is the text
    that is in force already. Raises ProgrammeInvalid, ProgrammeMoved if a version newer than `expected_version` was
    applied, or EffectiveInThePast for a time that has passed: the first version alone may begin in the past, so that
    imported history can be judged by it.
    """
    checked = await asyncio.to_thread(check, source_text, sections, file)  # half a second for a very large file
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", CHANNEL)
    source_hash = hashlib.sha256(source_text.encode()).digest()
    if earlier := await _find_same(tx, source_hash, effective_from, moment):
        return Applied(checked.programme(*earlier), created=False, warnings=checked.warnings)
    newest: int | None = await tx.fetch_value("SELECT max(version) FROM programme_version")
    if expected_version is not None and expected_version != (newest or 0):
        raise ProgrammeMoved(expected=expected_version, newest=newest or 0)
    begins = effective_from or moment.now
    if newest is not None and begins < moment.now - _CLOCKS_DIFFER_BY:
        raise EffectiveInThePast(effective_from=begins.isoformat(), now=moment.now.isoformat())
    return await _insert(tx, checked, source_hash, ProgrammeVersion((newest or 0) + 1), begins, actor)


async def withdraw(
    tx: Transaction, version: ProgrammeVersion, moment: Moment, *, actor: str = "", reason: str = ""
) -> Withdrawal:
    """Take back a version that has not begun; the one before it stays in force. Withdrawing again changes nothing.

    Raises VersionUnknown, or VersionBegun for one that has begun or begins within the seconds by which clocks differ:
    a process that has not heard of it yet could still give value under it.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", CHANNEL)
    row = await tx.fetch_row(
        """
        WITH standing AS (SELECT * FROM programme_version AS v WHERE NOT EXISTS (
                SELECT FROM programme_withdrawal AS w WHERE w.version = v.version))
        SELECT effective_from, NOT EXISTS (SELECT FROM standing AS s WHERE s.version = v.version) AS withdrawn,
               NOT EXISTS (SELECT FROM standing AS s WHERE s.effective_from <= $2 AND s.version <> v.version) AS only
          FROM programme_version AS v WHERE version = $1
        """,
        version,
        moment.now,
    )
    if row is None:
        raise VersionUnknown(version=version)
    begins: datetime = row["effective_from"]
    if row["withdrawn"]:
        return Withdrawal(version, begins, created=False)
    # Before the first version begins, the first version judges: withdrawing it would leave nothing in force.
    if begins <= moment.now + _CLOCKS_DIFFER_BY or row["only"]:
        raise VersionBegun(version=version, effective_from=begins.isoformat())
    await tx.execute(
        "INSERT INTO programme_withdrawal (version, actor, reason) VALUES ($1, $2, $3)", version, actor, reason
    )
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, str(version))
    return Withdrawal(version, begins, created=True)


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
            """
            SELECT version, effective_from, source_hash FROM programme_version AS v
             WHERE effective_from = $1
               AND NOT EXISTS (SELECT FROM programme_withdrawal AS w WHERE w.version = v.version)
             ORDER BY version DESC LIMIT 1
            """,
            effective_from,
        )
    else:
        row = await tx.fetch_row(queries.IN_FORCE, moment.now)
    if row is None or row["source_hash"] != source_hash:
        return None
    return ProgrammeVersion(row["version"]), row["effective_from"]
