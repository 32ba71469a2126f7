"""Train the logistic: `python -m fedele.adapters.sentiment.training FOLDER --out weights.npz`.

FOLDER holds `english`, `italian` and `arabic`, each with `{train,val}_text.txt` and `{train,val}_labels.txt` (a line a
text; 0 negative, 1 neutral, 2 positive) as in cardiffnlp/xlm-t, `data/sentiment`. Embedding takes about ten minutes of
one core; `--cache` keeps it. The penalty is chosen on the validation split, so that its figures are a little kind to
us, and the published ones, of the test split, are not comparable to the last digit.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fedele.adapters.sentiment.embedding import embed
from fedele.adapters.sentiment.head import LABELS, Head, macro_f1, softmax

LANGUAGES = {"english": "en", "italian": "it", "arabic": "ar"}
PENALTIES = (1e-4, 3e-4, 1e-3, 2e-3, 4e-3)
STEPS = 3_000
# Test split, Barbieri et al. 2022, table 4: XLM-Twitter trained on all languages, and fastText.
PUBLISHED = {
    "en": {"xlm_twitter": 70.6, "fasttext": 50.9},
    "it": {"xlm_twitter": 69.1, "fasttext": 54.7},
    "ar": {"xlm_twitter": 66.9, "fasttext": 46.0},
}
Texts = list[str]
Labels = npt.NDArray[np.int64]
Split = dict[str, tuple[npt.NDArray[np.float32], Labels]]


def read_split(folder: Path, split: str) -> Iterator[tuple[str, Texts, Labels]]:
    """Language, texts and labels of each language of a split. Raises ValueError where they do not fit together."""
    for name, language in LANGUAGES.items():
        texts = (folder / name / f"{split}_text.txt").read_text("utf-8").split("\n")
        labels = np.array([int(line) for line in (folder / name / f"{split}_labels.txt").read_text().split()])
        if texts[-1] == "":
            texts.pop()
        if len(texts) != len(labels):
            raise ValueError(f"{name}/{split}: {len(texts)} texts, but {len(labels)} labels")
        yield language, texts, labels


def embed_split(folder: Path, split: str, cache: Path | None) -> Split:
    """Embeddings and labels by language."""
    found: Split = {}
    for language, texts, labels in read_split(folder, split):
        kept = cache / f"{language}_{split}.npy" if cache else None
        if kept is not None and kept.exists():
            embedded = np.load(kept)
        else:
            print(f"embedding {len(texts)} texts: {language}, {split} …", flush=True)
            embedded = embed(texts)
            if kept is not None:
                np.save(kept, embedded)
        found[language] = embedded, labels
    return found


def fit(vectors: npt.NDArray[np.float32], labels: Labels, penalty: float) -> tuple[npt.NDArray[np.float32], ...]:
    """Weights and bias of the multinomial logistic with a ridge `penalty`: accelerated full gradient descent.

    Vectors have length one, so the gradient's Lipschitz constant is at most 1 + penalty (Böhning 1992: ½ of the
    largest squared length, bias included), which sets the step; nothing is drawn, so training again gives the same.
    """
    given = np.hstack([vectors, np.ones((len(vectors), 1), dtype=np.float32)]).astype(np.float64)
    wanted = np.eye(len(LABELS))[labels]
    shrink = np.full((1, given.shape[1]), penalty)
    shrink[0, -1] = 0.0  # the bias is not shrunk
    weights = ahead = np.zeros((len(LABELS), given.shape[1]))
    for step in range(STEPS):
        shares = softmax(np.asarray(given @ ahead.T, dtype=np.float32)).astype(np.float64)
        gradient = (shares - wanted).T @ given / len(given) + shrink * ahead
        before, weights = weights, ahead - gradient / (1.0 + penalty)
        ahead = weights + (weights - before) * step / (step + 3)
    return weights[:, :-1].astype(np.float32), weights[:, -1].astype(np.float32)


def train(training: Split, validation: Split, name: str) -> tuple[Head, float, dict[str, float]]:
    """The best head over PENALTIES by mean validation macro-F1, its penalty, and its figures by language."""
    vectors = np.vstack([vectors for vectors, _ in training.values()])
    labels = np.concatenate([labels for _, labels in training.values()])
    mean = vectors.mean(axis=0)
    best: tuple[Head, float, dict[str, float]] | None = None
    for penalty in PENALTIES:
        bare = Head(mean, np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32), name)
        weights, bias = fit(bare.centred(vectors), labels, penalty)
        head = Head(mean, weights, bias, name)
        figures = scores(head, validation)
        print(f"penalty {penalty:g}: " + ", ".join(f"{key} {figure:.1f}" for key, figure in figures.items()))
        if best is None or sum(figures.values()) > sum(best[2].values()):
            best = head, penalty, figures
    assert best is not None, "there are penalties to try"
    return best


def scores(head: Head, split: Split) -> dict[str, float]:
    """Macro-F1 in percent by language."""
    return {
        language: 100 * macro_f1(labels, head.probabilities(vectors).argmax(axis=1).astype(np.int64))
        for language, (vectors, labels) in split.items()
    }


def main() -> None:
    """Train, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weights.npz"))
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--name", default="e5-small-q4 + umsab-1")
    given = parser.parse_args()
    training, validation = (embed_split(given.folder, split, given.cache) for split in ("train", "val"))
    head, penalty, figures = train(training, validation, given.name)
    head.write(given.out)
    told = {
        "model": given.name,
        "data": "UMSAB (cardiffnlp/xlm-t, Apache-2.0), en + it + ar together",
        "texts": {language: len(labels) for language, (_, labels) in training.items()},
        "penalty": penalty,
        "chosen_on": "validation",
        "macro_f1_validation": {language: round(figure, 1) for language, figure in figures.items()},
        "macro_f1_test_published": PUBLISHED,
        "ru": "zero-shot: no Russian text was seen in training, and none is here to validate on",
    }
    given.out.with_name("validation.json").write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told["macro_f1_validation"]))


if __name__ == "__main__":
    main()
