"""Append items to a list section of a programme's text, leaving every other character (and comment) as it is."""

import re
from collections.abc import Sequence
from typing import Any

import orjson

from fedele.domains.exchange.errors import SectionNotAList

_TOP_LEVEL = re.compile(r"^[A-Za-z_]", re.MULTILINE)


def append_items(text: str, section: str, items: Sequence[dict[str, Any]]) -> str:
    """The text with these items at the end of the section's list, one a line, in JSON (which is YAML).

    A section that is not there yet is added at the end of the text. Raises SectionNotAList.
    """
    if not items:
        return text
    head = re.search(rf"^{section}:[ \t]*(.*)$", text, re.MULTILINE)
    if head is None:
        return f"{text.rstrip()}\n\n{section}:\n{_lines(items, '  ')}\n"
    if head[1].strip() not in ("", "[]") and not head[1].lstrip().startswith("#"):
        raise SectionNotAList(section=section)
    body_start = head.end()
    following = _TOP_LEVEL.search(text, body_start)
    body_end = following.start() if following else len(text)
    body = text[body_start:body_end]
    first = re.search(r"^([ \t]*)-[ \t]", body, re.MULTILINE)
    if first is None and any(line.strip() and not line.strip().startswith("#") for line in body.splitlines()):
        raise SectionNotAList(section=section)
    indent = first[1] if first else "  "
    kept = text[:body_start].rstrip().removesuffix("[]").rstrip() if head[1].strip() == "[]" else text[:body_start]
    # Comments and empty lines before the next section belong to that section.
    content = re.sub(r"(\n[ \t]*(#[^\n]*)?)*\Z", "", body)
    rest = body[len(content) :].lstrip("\n")
    return f"{kept}{content}\n{_lines(items, indent)}\n{_spaced(rest)}{text[body_end:]}"


def _lines(items: Sequence[dict[str, Any]], indent: str) -> str:
    return "\n".join(f"{indent}- {orjson.dumps(item).decode()}" for item in items)


def _spaced(rest: str) -> str:
    return f"\n{rest}" if rest else "\n"
