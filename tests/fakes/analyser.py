"""An analyser for tests: feels what a few words say, and finds a text like an example that shares a word with it."""

import dataclasses
from collections.abc import Sequence

from fedele.domains.support.types import Analysed, Feeling

ANGRY = ("awful", "terrible", "pessimo", "ужасно", "سيئ")
HAPPY = ("great", "lovely", "ottimo", "отлично", "رائع")


@dataclasses.dataclass
class FakeAnalyser:
    """What it was asked to read. `name` None: there is no model."""

    name: str | None = "fake-1"
    read: list[str] = dataclasses.field(default_factory=list)

    async def analyse(self, texts: Sequence[str], examples: Sequence[str]) -> list[Analysed]:
        """One for each text."""
        if self.name is None:
            return []
        self.read += texts
        return [Analysed(_feeling(text), tuple(_likeness(text, one) for one in examples)) for text in texts]


def _feeling(text: str) -> Feeling:
    words = text.casefold()
    if any(word in words for word in ANGRY):
        return Feeling(0.9, 0.06, 0.04)
    if any(word in words for word in HAPPY):
        return Feeling(0.04, 0.06, 0.9)
    return Feeling(0.2, 0.6, 0.2)


def _likeness(text: str, example: str) -> float:
    longer = {word for word in text.casefold().split() if len(word) > 4}
    return 0.8 if longer & set(example.casefold().split()) else 0.1
