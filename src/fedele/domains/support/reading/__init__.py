"""What is read out of a member's own words: pure decisions, each in a file of its own."""

from fedele.domains.support.config import SupportConfig
from fedele.domains.support.reading.contradiction import contradicts
from fedele.domains.support.reading.language import language_of
from fedele.domains.support.reading.themes import themes_of
from fedele.domains.support.reading.urgency import urgent_for
from fedele.domains.support.types import Analysed, Reading, Scores

__all__ = ["examples_of", "read"]


def examples_of(config: SupportConfig) -> tuple[str, ...]:
    """The themes' example sentences, in the order in which the model answers for them."""
    return tuple(example for theme in config.themes for example in theme.examples)


def read(
    config: SupportConfig, part: str, text: str, scores: Scores, analysed: Analysed | None, model: str | None
) -> Reading:
    """Everything that is kept of one text. Without a model: language, themes by words and urgency, but no feeling."""
    language = language_of(text)
    feeling = analysed.feeling if analysed else None
    return Reading(
        part=part,
        language=language,
        feeling=feeling,
        model=model if analysed else None,
        themes=themes_of(config.themes, text, analysed.likeness if analysed else ()),
        urgent_for=urgent_for(text, config.urgent_words),
        contradicts=contradicts(scores, feeling),
    )
