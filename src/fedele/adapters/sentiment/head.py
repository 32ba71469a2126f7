"""The logistic on top of the embedding: three probabilities of a text's feeling. numpy only."""

import dataclasses
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

LABELS = ("negative", "neutral", "positive")


@dataclasses.dataclass(frozen=True)
class Head:
    """`mean` (384) is what every text's embedding has in common; weights (3 × 384) and bias (3) judge the rest."""

    mean: Matrix
    weights: Matrix
    bias: Matrix
    name: str

    @classmethod
    def shipped(cls) -> "Head":
        """The one in the package."""
        with files("fedele.adapters.sentiment").joinpath("weights.npz").open("rb") as file:
            return cls._of(np.load(file))

    @classmethod
    def read(cls, path: Path) -> "Head":
        """One that `training` wrote elsewhere."""
        with path.open("rb") as file:
            return cls._of(np.load(file))

    @classmethod
    def _of(cls, stored: Any) -> "Head":
        return cls(stored["mean"], stored["weights"], stored["bias"], str(stored["name"]))

    def write(self, path: Path) -> None:
        """Where `read` finds it."""
        np.savez_compressed(path, mean=self.mean, weights=self.weights, bias=self.bias, name=np.array(self.name))

    def centred(self, embeddings: Matrix) -> Matrix:
        """Embeddings (n × 384) without what all have in common, of length one: their products are likenesses."""
        moved = embeddings - self.mean
        lengths = np.linalg.norm(moved, axis=-1, keepdims=True)
        return np.asarray(moved / np.maximum(lengths, 1e-9), dtype=np.float32)

    def probabilities(self, embeddings: Matrix) -> Matrix:
        """For each embedding (n × 384) the probabilities of the three LABELS."""
        return softmax(self.centred(embeddings) @ self.weights.T + self.bias)


def softmax(scores: Matrix) -> Matrix:
    """Along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)


def macro_f1(truth: npt.NDArray[np.int64], guessed: npt.NDArray[np.int64]) -> float:
    """The mean over the three labels of 2·precision·recall ÷ (precision + recall)."""
    scores = []
    for label in range(len(LABELS)):
        hits = int(((truth == label) & (guessed == label)).sum())
        named = int((truth == label).sum() + (guessed == label).sum())
        scores.append(2 * hits / named if named else 0.0)
    return sum(scores) / len(scores)
