"""What stands behind the port where the model is not installed."""

from collections.abc import Sequence

from fedele.domains.support.types import Analysed

MISSING = (
    "Free texts are kept but not read for sentiment: the model is not installed. Install it with "
    "`pip install 'fedele[texts]'` and start the worker again; texts that come meanwhile keep language, themes by "
    "words and urgency."
)


class NoAnalyser:
    """Reads nothing: texts keep what needs no model."""

    @property
    def name(self) -> str | None:
        """There is none."""
        return None

    async def analyse(self, texts: Sequence[str], examples: Sequence[str]) -> list[Analysed]:
        """Nothing for anybody."""
        return []
