"""Decide which of the four languages a text is written in: by its script, and by the little words of Latin script."""

import re
from collections import Counter

from fedele.domains.support.config import Language
from fedele.domains.support.reading.words import plain_words

# Words that are frequent in one of the two languages and rare or absent in the other.
_ENGLISH = frozenset(
    plain_words(
        "the and you that was for are with his they this have from had not but what all were when your can "
        "said there use an each which she do how their if will up other about out many then them these so "
        "some her would make like him has more my than first been who its now did get come made may it is we "
        "our very good bad great love hate just never ever again thanks thank please service staff too really "
        "nice awful of to in i he be by on at "
    )
)
_ITALIAN = frozenset(
    plain_words(
        "il lo la gli le di da del della dei delle nel nella che chi non un una uno per con sono era siamo "
        "hanno ho hai piu ma anche come quando dove questo questa quello molto tutto tutti bene male grazie "
        "mai sempre perche cosa essere fatto stato stata mi ti si ci vi al alla ai alle dal sul sulla e ed se "
        "ne buono bello ottimo pessimo anno oggi ieri ancora solo gia poi qui qua noi voi loro mio mia tuo "
        "suo sua nostro servizio personale prodotto ha "
    )
)
_ADDRESS = re.compile(r"https?://\S*|[@#]\w+")  # of whatever language the page or the person is
_ENDINGS = ("zione", "zioni", "mente", "issimo", "issima", "ando", "endo", "ato", "ata", "ati", "ate", "ita", "etto")


def language_of(text: str) -> Language | None:
    """The language, or None where none of the four is likely.

    Urdu, Persian and Ukrainian have letters that Arabic and Russian lack: those texts are nobody's here.
    """
    text = _ADDRESS.sub(" ", text)
    scripts = Counter(script for letter in text if (script := _script(letter)))
    if not scripts:
        return None
    script, count = scripts.most_common(1)[0]
    if count * 2 <= scripts.total():
        return None
    if script == "arabic":
        return None if any(letter in text for letter in "پچژگٹڈڑںےہ") else "ar"
    if script == "cyrillic":
        return None if any(letter in text.casefold() for letter in "іїєґўјљњћђџ") else "ru"
    return _latin(text)


def _latin(text: str) -> Language | None:
    words = plain_words(text)
    english = sum(word in _ENGLISH for word in words)
    italian = sum(word in _ITALIAN for word in words) + sum(0.5 for word in words if word.endswith(_ENDINGS))
    if english == italian == 0:
        return _by_endings(words)
    return "en" if english >= italian else "it"


def _by_endings(words: tuple[str, ...]) -> Language | None:
    """Without one little word: Italian words end in a vowel, English ones mostly do not."""
    letters = [word for word in words if word.isalpha() and len(word) > 2]
    if not letters:
        return None
    vowels = sum(word[-1] in "aeio" for word in letters)
    return "it" if vowels * 4 >= len(letters) * 3 else "en"


def _script(letter: str) -> str | None:
    if not letter.isalpha():
        return None
    point = ord(letter)
    if 0x0600 <= point <= 0x06FF or 0x0750 <= point <= 0x077F or 0xFB50 <= point <= 0xFEFC:
        return "arabic"
    if 0x0400 <= point <= 0x04FF:
        return "cyrillic"
    return "latin" if point < 0x0250 else "other"
