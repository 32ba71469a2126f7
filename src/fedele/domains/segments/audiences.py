"""Whom a condition or a segment reaches, without storing anything: counts, samples, pages."""

from collections.abc import Sequence
from functools import lru_cache

from fedele.db.database import Queryable
from fedele.domains.segments.conditions.names import FactNames
from fedele.domains.segments.conditions.translation import Parameters
from fedele.domains.segments.facts import FIRST
from fedele.domains.segments.membership import EVALUATE_BATCH, Condition, count_inside
from fedele.domains.segments.types import PartSize, Preview
from fedele.kernel.chains import conjuncts
from fedele.kernel.expressions import Expression
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import SEGMENT_ENVIRONMENT

SAMPLE_MAX = 50


@lru_cache(maxsize=1024)
def as_segment(text: str) -> Expression:
    """A condition read with the names of segments. Raises ExpressionMistake."""
    return SEGMENT_ENVIRONMENT.compile(text, "bool")


async def preview(db: Queryable, names: FactNames, when: Expression, sample: int = 10) -> Preview:
    """How many active members the condition holds for, some of them, and how each part of an `&&` chain narrows it."""
    texts = [when.text[start:end] for start, end in conjuncts(when.text)]
    parts = [Condition.of(as_segment(text), names) for text in texts]
    whole = Condition.of(when, names)
    unsaid = next((one.reason for one in (whole, *parts) if one.reason is not None), None)
    if unsaid is not None:
        return await _evaluated(db, whole, parts, texts, sample, unsaid)
    parameters = Parameters()
    said = [part.sql(parameters) for part in parts]
    together = [" AND ".join(said[: index + 1]) for index in range(len(said))]
    counts = [f"count(*) FILTER (WHERE {sql})" for sql in [*said, *together, whole.sql(parameters), "f.active"]]
    sql = f"SELECT ARRAY[{', '.join(counts)}] AS counts FROM member_facts f"
    row = await db.fetch_row(*parameters.of(sql))
    assert row is not None, "an aggregate answers one row"
    found, size = row["counts"], len(said)
    sizes = tuple(PartSize(text, found[at], found[size + at]) for at, text in enumerate(texts))
    return Preview(found[-2], found[-1], tuple(await page(db, names, when, limit=min(sample, SAMPLE_MAX))), sizes)


async def _evaluated(
    db: Queryable, whole: Condition, parts: Sequence[Condition], texts: Sequence[str], sample: int, reason: str
) -> Preview:
    """The same, by the evaluator, in batches."""
    of_count, count, chosen = 0, 0, list[MemberId]()
    alone, together = [0] * len(parts), [0] * len(parts)
    after = FIRST
    while rows := await db.fetch(
        "SELECT * FROM member_facts WHERE member_id > $1 AND active ORDER BY member_id LIMIT $2", after, EVALUATE_BATCH
    ):
        for row in rows:
            answers = [part.holds(row) for part in parts]
            alone = [was + answer for was, answer in zip(alone, answers, strict=True)]
            together = [was + all(answers[: at + 1]) for at, was in enumerate(together)]
            if whole.holds(row):
                count += 1
                chosen += [MemberId(row["member_id"])] if len(chosen) < min(sample, SAMPLE_MAX) else []
        of_count, after = of_count + len(rows), rows[-1]["member_id"]
    sizes = tuple(PartSize(*one) for one in zip(texts, alone, together, strict=True))
    return Preview(count, of_count, tuple(chosen), sizes, reason)


async def page(
    db: Queryable, names: FactNames, when: Expression, after: MemberId | None = None, limit: int = 1_000
) -> list[MemberId]:
    """The next active members, in order of their id, for whom the condition holds; fewer than `limit` at the end."""
    condition = Condition.of(when, names)
    if condition.reason is None:
        parameters = Parameters([after or FIRST, limit])
        sql = (
            f"SELECT f.member_id FROM member_facts f WHERE f.member_id > $1::uuid AND {condition.sql(parameters)}"
            " ORDER BY f.member_id LIMIT $2::bigint"
        )
        rows = await db.fetch(*parameters.of(sql))
        return [MemberId(row["member_id"]) for row in rows]
    found: list[MemberId] = []
    at = after or FIRST
    while len(found) < limit and (
        rows := await db.fetch(
            "SELECT * FROM member_facts WHERE member_id > $1 AND active ORDER BY member_id LIMIT $2", at, EVALUATE_BATCH
        )
    ):
        found += [MemberId(row["member_id"]) for row in rows if condition.holds(row)]
        at = rows[-1]["member_id"]
    return found[:limit]


async def page_of_segment(
    db: Queryable, segment: str, after: MemberId | None = None, limit: int = 1_000
) -> list[MemberId]:
    """The next members of a segment as it now stands, in order of their id; fewer than `limit` at the end."""
    rows = await db.fetch(
        "SELECT member_id FROM segment_member WHERE segment_key = $1 AND left_at IS NULL AND member_id > $2"
        " ORDER BY member_id LIMIT $3",
        segment, after or FIRST, limit,
    )  # fmt: skip
    return [MemberId(row["member_id"]) for row in rows]


async def count(db: Queryable, names: FactNames, when: Expression) -> int:
    """How many active members the condition holds for."""
    condition = Condition.of(when, names)
    if condition.reason is not None:
        return (await preview(db, names, when, sample=0)).members_count
    parameters = Parameters()
    sql = f"SELECT count(*) FROM member_facts f WHERE {condition.sql(parameters)}"
    return int(await db.fetch_value(*parameters.of(sql)))


__all__ = ["as_segment", "count", "count_inside", "page", "page_of_segment", "preview"]
