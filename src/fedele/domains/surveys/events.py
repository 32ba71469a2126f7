"""What surveys announce: that, never what, somebody answered."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class SurveyAnswered(Event):
    """A member answered a survey completely."""

    kind: ClassVar[str] = "surveys.answered"
    answer_id: UUID
    survey_key: str
