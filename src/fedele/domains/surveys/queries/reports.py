"""What a survey's answers come to, in all or apart by store, tier, segment or time."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fedele.db.database import Queryable
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.surveys import figures
from fedele.domains.surveys.config import Csat, FreeText, Matrix, Nps, Question, Rating, Survey
from fedele.domains.surveys.types import GroupBy, QuestionFigures, SurveyFigures

# Who was asked, of whom who began, of whom who answered: by when it opened. A member in two segments counts in
# both. What is always open has no opening before its first answer.
_ASKED = """
SELECT g.group_key, count(*) AS opened, count(i.started_at) AS started, count(i.answered_at) AS answered
  FROM survey_invitation i, LATERAL ({group}) AS g (group_key)
 WHERE i.survey_key = $1 AND i.opened_at >= $2 AND i.opened_at < $3 AND $4::text IS NOT NULL
 GROUP BY 1
"""

# How often each answer was given. A list is counted by item, a matrix by row and choice; of words only that there are
# some ($5 names the questions that are answered in words).
_GIVEN = """
SELECT g.group_key, q.key AS question, v.value, count(*) AS answers
  FROM survey_answer a
  JOIN survey_invitation i USING (member_id, survey_key, occasion),
       LATERAL ({group}) AS g (group_key),
       LATERAL jsonb_each(a.answers) AS q,
       LATERAL (
           SELECT '' AS value WHERE q.key = ANY($5::text[])
           UNION ALL
           SELECT jsonb_array_elements_text(q.value) WHERE jsonb_typeof(q.value) = 'array'
           UNION ALL
           SELECT m.key || ':' || m.value
             FROM jsonb_each_text(CASE jsonb_typeof(q.value) WHEN 'object' THEN q.value ELSE '{{}}' END) AS m
           UNION ALL
           SELECT q.value #>> '{{}}'
            WHERE jsonb_typeof(q.value) IN ('number', 'string') AND q.key <> ALL($5::text[])
       ) AS v
 WHERE a.survey_key = $1 AND i.opened_at >= $2 AND i.opened_at < $3 AND $4::text IS NOT NULL
 GROUP BY 1, 2, 3
"""

# How many answered each question: a list or a matrix is one answer.
_ANSWERED = """
SELECT g.group_key, q.key AS question, count(*) AS answers
  FROM survey_answer a
  JOIN survey_invitation i USING (member_id, survey_key, occasion),
       LATERAL ({group}) AS g (group_key), LATERAL jsonb_object_keys(a.answers) AS q (key)
 WHERE a.survey_key = $1 AND i.opened_at >= $2 AND i.opened_at < $3 AND $4::text IS NOT NULL
 GROUP BY 1, 2
"""

_GROUPS: Mapping[GroupBy, str] = {
    "all": "SELECT ''",
    "store": "SELECT coalesce(i.store_id, '')",
    "tier": "SELECT coalesce(i.tier, '')",
    "segment": "SELECT unnest(i.segments)",
    "day": "SELECT to_char(i.opened_at AT TIME ZONE $4, 'YYYY-MM-DD')",
    "week": "SELECT to_char(date_trunc('week', i.opened_at AT TIME ZONE $4), 'YYYY-MM-DD')",
    "month": "SELECT to_char(i.opened_at AT TIME ZONE $4, 'YYYY-MM')",
}


async def report(
    db: Queryable, programme: Programme, survey: Survey, since: datetime, until: datetime, by: GroupBy = "all"
) -> tuple[SurveyFigures, ...]:
    """The survey's figures of what was opened from `since` until before `until`, a row a group, in order of its key.

    Days, weeks (from Monday) and months are the programme's.
    """
    zone, group = programme.section(ProgrammeConfig).time_zone, _GROUPS[by]
    span = (survey.key, since, until, zone)
    asked = await db.fetch(_ASKED.format(group=group), *span)
    given = await db.fetch(_GIVEN.format(group=group), *span, sorted(survey.words))
    answered = await db.fetch(_ANSWERED.format(group=group), *span)
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in given:
        counts[row["group_key"], row["question"]][row["value"]] = row["answers"]
    answers = {(row["group_key"], row["question"]): row["answers"] for row in answered}
    return tuple(_figures(survey, row, counts, answers) for row in sorted(asked, key=lambda row: row["group_key"]))


def _figures(
    survey: Survey, row: Mapping[str, Any], counts: Mapping[tuple[str, str], Mapping[str, int]],
    answers: Mapping[tuple[str, str], int],
) -> SurveyFigures:  # fmt: skip
    key = row["group_key"]
    return SurveyFigures(
        key,
        row["opened"],
        row["started"],
        row["answered"],
        figures.share(row["answered"], row["opened"]),
        figures.share(row["answered"], row["started"]),
        tuple(
            _question(question, answers.get((key, question.key), 0), counts.get((key, question.key), {}))
            for question in survey.questions
        ),
    )


def _question(question: Question, answers: int, counts: Mapping[str, int]) -> QuestionFigures:
    if isinstance(question, FreeText):
        return QuestionFigures(question, answers, {})
    if not isinstance(question, Nps | Csat | Rating):
        return QuestionFigures(question, answers, _in_order(question, counts))
    numbers = {int(value): count for value, count in counts.items() if value.isdigit()}
    lowest, best = _scale(question)
    inside = {value: numbers.get(value, 0) for value in range(lowest, best + 1)}  # a scale may have been shortened
    return QuestionFigures(
        question,
        answers,
        {str(value): count for value, count in inside.items()},
        figures.nps(inside) if isinstance(question, Nps) else None,
        figures.csat(inside) if isinstance(question, Csat) else None,
        figures.mean(inside, lowest, best),
    )


def _scale(question: Nps | Csat | Rating) -> tuple[int, int]:
    if isinstance(question, Rating):
        return 1, question.scale
    return (0, 10) if isinstance(question, Nps) else (1, 5)


def _in_order(question: Question, counts: Mapping[str, int]) -> dict[str, int]:
    """Every choice in the file's order, and after them what is no longer a choice."""
    known: list[str] = []
    if isinstance(question, Matrix):
        known = [f"{row.key}:{choice.key}" for row in question.rows for choice in question.choices]
    elif not isinstance(question, FreeText | Nps | Csat | Rating):
        known = [choice.key for choice in question.choices]
    return {key: counts.get(key, 0) for key in [*known, *sorted(counts.keys() - set(known))]}
