"""Policies as rows: fitting the next one, judging it, and letting it rank only if it is better beyond doubt."""

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fedele.db.database import Database, Queryable
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.errors import PolicyNotBetter, PolicyUnknown, PolicyUntested
from fedele.domains.feed.learning.evaluation import Estimate, Evaluation, evaluate
from fedele.domains.feed.learning.fitting import Fitted, TooLittleSeen, fit
from fedele.domains.feed.learning.log import read_choices, read_seen
from fedele.domains.feed.ranking import POLICY
from fedele.domains.feed.types import Policy
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id

CHOICES_MIN = 500
MEMBERS_MIN = 50


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A policy that was fitted, and since when it ranks if it does."""

    policy: Policy
    fitted_at: datetime
    seen_count: int
    tapped_count: int
    ranks_since: datetime | None


async def fit_policy(database: Database, moment: Moment) -> PolicyRecord:
    """Fit a policy from what was seen and keep it; it ranks for nobody yet. Raises TooLittleSeen."""
    db = database.reader
    incumbent, seen = await incumbent_of(db), await read_seen(db, moment.now)
    fitted: Fitted = await asyncio.to_thread(fit, seen, incumbent)
    version = f"learned-{moment.now:%Y%m%d-%H%M%S}"
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO feed_policy (policy, factors, temperature, fitted_at, seen_count, tapped_count)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
            """,
            version, fitted.factors, POLICY.temperature, moment.now, fitted.seen_count, fitted.tapped_count,
        )  # fmt: skip
    policy = Policy(version, fitted.factors, POLICY.temperature)
    return PolicyRecord(policy, moment.now, fitted.seen_count, fitted.tapped_count, None)


async def evaluate_policy(db: Queryable, programme: Programme, version: str | None, moment: Moment) -> Evaluation:
    """Judge a policy (None: the newest) beside the one that ranks now. Raises PolicyUnknown, PolicyUntested."""
    policy, incumbent = await _policy(db, version), await incumbent_of(db)
    choices = await read_choices(db, moment.now)
    members_count = len(set(choices.cluster.tolist()))
    if len(choices) < CHOICES_MIN or members_count < MEMBERS_MIN:
        raise PolicyUntested(
            choices=len(choices), members=members_count, choices_min=CHOICES_MIN, members_min=MEMBERS_MIN
        )
    exploration = programme.section(FeedConfig).exploration
    return await asyncio.to_thread(evaluate, choices, policy, incumbent, exploration)


async def promote_policy(
    database: Database, programme: Programme, version: str | None, actor: str, moment: Moment
) -> Evaluation:
    """Let a policy rank from now on, if it is better beyond doubt. Raises PolicyNotBetter with the figures."""
    found = await evaluate_policy(database.reader, programme, version, moment)
    if not found.better:
        raise PolicyNotBetter(
            policy=found.policy,
            incumbent=found.incumbent,
            lift=f"{found.lift.value:+.4f}",
            low=f"{found.lift.low:+.4f}",
            high=f"{found.lift.high:+.4f}",
        )
    await _promote(database, found.policy, actor, dataclasses.asdict(found), moment)
    return found


async def fall_back(database: Database, actor: str, moment: Moment) -> None:
    """Let the hand-written policy rank again, at once: the way out needs no proof."""
    await _promote(database, POLICY.version, actor, {}, moment)


async def incumbent_of(db: Queryable) -> Policy:
    """The policy that ranks now."""
    row = await db.fetch_row(
        """
        SELECT p.policy, p.factors, p.temperature
          FROM (SELECT policy FROM feed_promotion ORDER BY promoted_at DESC, promotion_id DESC LIMIT 1) AS latest
          JOIN feed_policy AS p USING (policy)
        """
    )
    return Policy(row["policy"], row["factors"], row["temperature"]) if row else POLICY


async def list_policies(db: Queryable) -> Sequence[PolicyRecord]:
    """Every policy that was fitted, the newest first."""
    ranking = await db.fetch_row(
        "SELECT policy, promoted_at FROM feed_promotion ORDER BY promoted_at DESC, promotion_id DESC LIMIT 1"
    )
    since = {ranking["policy"]: ranking["promoted_at"]} if ranking else {}
    rows = await db.fetch("SELECT * FROM feed_policy ORDER BY fitted_at DESC, policy LIMIT 100")
    return [
        PolicyRecord(
            Policy(row["policy"], row["factors"], row["temperature"]),
            row["fitted_at"],
            row["seen_count"],
            row["tapped_count"],
            since.get(row["policy"]),
        )
        for row in rows
    ]


async def _policy(db: Queryable, version: str | None) -> Policy:
    if version == POLICY.version:
        return POLICY
    row = await db.fetch_row(
        "SELECT * FROM feed_policy WHERE $1::text IS NULL OR policy = $1 ORDER BY fitted_at DESC LIMIT 1", version
    )
    if row is None:
        raise PolicyUnknown(policy=version or "newest")
    return Policy(row["policy"], row["factors"], row["temperature"])


async def _promote(database: Database, policy: str, actor: str, figures: dict[str, Any], moment: Moment) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO feed_promotion (promotion_id, policy, promoted_at, actor, figures)
            VALUES ($1, $2, $3, $4, $5)
            """,
            new_id(), policy, moment.now, actor, figures,
        )  # fmt: skip


__all__ = [
    "Estimate",
    "Evaluation",
    "PolicyRecord",
    "TooLittleSeen",
    "evaluate_policy",
    "fall_back",
    "fit_policy",
    "incumbent_of",
    "list_policies",
    "promote_policy",
]
