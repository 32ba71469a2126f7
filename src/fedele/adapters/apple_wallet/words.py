"""A card's words: `<lang>.lproj/pass.strings`, as phones read them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_STRING = re.compile(r'"((?:[^"\\]|\\.)+)"\s*=\s*"((?:[^"\\]|\\.)*)"\s*;')
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_SAID = ("label", "value", "changeMessage", "altText", "logoText", "description", "organizationName", "relevantText")
Strings = Mapping[str, Mapping[str, str]]


def read_strings(path: Path, problems: list[str]) -> dict[str, str]:
    """Key → words of one language."""
    name = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"{name}: is not UTF-8 (byte {error.start}); save it as UTF-8")
        return {}
    if not text.startswith('"'):
        problems.append(f"{name}: must begin with a key; readers take a file that begins otherwise for UTF-16")
    bare = _COMMENT.sub("", text)
    if left := _STRING.sub("", bare).strip():
        problems.append(f'{name}: cannot read {left.splitlines()[0]!r}; write "key" = "words";')
    pairs = [(_unescape(key), _unescape(words)) for key, words in _STRING.findall(bare)]
    keys = [key for key, _words in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    problems += [f"{name}: {key!r} is there twice; take one out" for key in twice]
    problems += [f"{name}: {key!r} has no words; write some" for key, words in pairs if not words.strip()]
    return dict(pairs)


def _unescape(text: str) -> str:
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


def string_problems(template: Mapping[str, Any], strings: Strings) -> list[str]:
    """Every language must know every key another knows, or that the card uses; a change message says what changed."""
    problems = [] if strings else ["en.lproj/pass.strings: is missing; a card needs at least one language"]
    used = {words for _path, words in said(template) if _KEY.fullmatch(words)}
    every_key = {key for words in strings.values() for key in words} | used
    messages = dict.fromkeys(words for path, words in said(template) if path.endswith(".changeMessage"))
    for language, words in strings.items():
        name = f"{language}.lproj/pass.strings"
        problems += [f"{name}: has no words for {key!r}; add them" for key in sorted(every_key - words.keys())]
        for message in messages:
            own = "%@" if _KEY.fullmatch(message) else message  # a key without words is told of above
            if "%@" not in words.get(message, own):
                problems.append(f"{name}: {message!r} is a changeMessage and must hold %@, or nobody is notified")
    spare = every_key - {words for _path, words in said(template)}
    if strings:
        name = f"{next(iter(strings))}.lproj/pass.strings"
        problems += [f"{name}: {key!r} is used nowhere; take it out of every language" for key in sorted(spare)]
    return problems


def said(value: Any, path: str = "pass.json") -> Iterator[tuple[str, str]]:
    """(path, words) of everything in a template that a member reads, keys of pass.strings among them."""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, str) and key in _SAID:
                yield f"{path}.{key}", each
            else:
                yield from said(each, f"{path}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from said(each, f"{path}[{index}]")
