"""Texts as sequences of plain words, and whether they hold a word or phrase: the same for all four languages."""

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\w+")
_SAME = str.maketrans({"ى": "ي", "ة": "ه", "ـ": None, "ё": "е", "'": " ", "’": " "})
# Written together with the Arabic word that follows: and, so, by, for, as, the.
_CLITICS = ("وال", "فال", "بال", "كال", "لل", "ال", "و", "ف", "ب", "ل", "ك")
_STEM_LEAST = 2  # letters that are left of a word when something is taken off


@functools.lru_cache(maxsize=2048)
def plain_words(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents, vowel marks or spelling variants."""
    folded = unicodedata.normalize("NFKD", text.translate(_SAME)).casefold()
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return tuple(_WORD.findall(bare.translate(_SAME)))


def holds(text: str, phrases: Iterable[str]) -> bool:
    """Whether a text holds any of these words or phrases; `*` at the end stands for any ending."""
    words = plain_words(text)
    return any(_holds_phrase(words, phrase) for phrase in phrases)


def _holds_phrase(words: Sequence[str], phrase: str) -> bool:
    wanted = plain_words(phrase.rstrip("*"))
    if not wanted:
        return False
    open_end, size = phrase.endswith("*"), len(wanted)
    return any(
        all(
            _same(word, want, open_end and place == size - 1)
            for place, (word, want) in enumerate(zip(part, wanted, strict=True))
        )
        for part in (words[start : start + size] for start in range(len(words) - size + 1))
    )


def _same(word: str, wanted: str, open_end: bool) -> bool:
    return any(form.startswith(wanted) if open_end else form == wanted for form in _forms(word))


@functools.lru_cache(maxsize=8192)
def _forms(word: str) -> tuple[str, ...]:
    """The word, and the same without what Arabic writes before it."""
    if not "\u0621" <= word[0] <= "\u064a":
        return (word,)
    bare = [word, *(word.removeprefix(clitic) for clitic in _CLITICS if word.startswith(clitic))]
    bare += [form[:-1] for form in bare if form.endswith("ا")]  # the accusative's ending
    return tuple(form for form in bare if form == word or len(form) >= _STEM_LEAST)
