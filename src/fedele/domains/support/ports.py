"""The port that reading models stand behind. Adapters live in `adapters/sentiment`."""

from collections.abc import Sequence
from typing import Protocol

from fedele.domains.support.types import Analysed


class TextAnalyser(Protocol):
    """Something that tells how texts feel and how like some examples they are."""

    @property
    def name(self) -> str | None:
        """Model and weights, as kept beside what they said; None: there is no model here."""
        ...

    async def analyse(self, texts: Sequence[str], examples: Sequence[str]) -> list[Analysed]:
        """One for each text. Takes a tenth of a second a text, off the event loop. With no model: an empty list."""
        ...
