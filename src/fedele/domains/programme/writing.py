"""A programme as YAML text, for what was made by a machine, and the JSON Schema by which editors help to write one."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fedele.domains.programme.checking import FORMAT, REQUIRED, Sections


def write(sections: Mapping[str, BaseModel]) -> str:
    """The sections as a file that reads back as the same programme; what was left to defaults stays unsaid."""
    content: dict[str, Any] = {"format": FORMAT}
    for key, model in sections.items():
        if model.model_fields_set:
            content[key] = model.model_dump(mode="json", exclude_unset=True)
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    """Strings in quotes wherever YAML 1.1 or 1.2 could take them for something else; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')


_Dumper.add_representer(str, _quoted)


def json_schema(sections: Sections) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the whole file."""
    references, definitions = models_json_schema([(model, "validation") for model in sections.values()])
    properties: dict[str, Any] = {
        "format": {"const": FORMAT, "description": "The version of this file format."},
    }
    for key, model in sections.items():
        properties[key] = references[(model, "validation")]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fedele programme",
        "description": "One file says the whole loyalty programme. Check it: fedele programme validate FILE.",
        "type": "object",
        "properties": properties,
        "required": [REQUIRED],
        "additionalProperties": False,
        "$defs": definitions.get("$defs", {}),
    }
    for definition in schema["$defs"].values():
        for name, found in definition.get("properties", {}).items():
            _complete(name, found)
    return schema


def _complete(name: str, found: dict[str, Any]) -> None:
    """What an editor shows beside a key: words for keys that explain themselves, and examples of what is written."""
    found.pop("title", None)  # pydantic's: the key's own name in capitals
    if "$ref" not in found and "description" not in found:
        found["description"] = _WORDS.get(name) or f"{name.replace('_', ' ').capitalize()}."
    if name in _EXAMPLES and "$ref" not in found:
        found.setdefault("examples", _EXAMPLES[name])


# Keys that many things have; what has a meaning of its own says it beside its field.
_WORDS = {
    "key": "By this other sections and reports name it; it never changes.",
    "name": "How members read it, in every language: {en: Gold, it: Oro}.",
    "description": "A sentence or two for members.",
    "type": "Which kind of thing this is; it decides the other keys.",
    "image": "Address of a picture, https.",
    "terms": "The small print, for members.",
    "currency": "The key of one of the programme's currencies.",
    "amount": "In whole units and decimals of the currency, exactly: 12.5.",
    "when": "A condition in CEL; unset: always.",
    "dates": "From one local date to another, both included; each may be missing.",
    "times_max": "How often at most.",
    "per": "Over which period.",
    "minimum_spend": "Money of the purchase below which it does nothing.",
    "target": "How much or how many it takes.",
    "reward": "The key of a reward.",
    "event": "The event's name, as the app or the till reports it.",
    "value": "What it is worth.",
    "money": "An amount in the home currency: 5.00.",
}
_EXAMPLES: dict[str, list[Any]] = {
    "name": ["Gold", {"en": "Gold", "it": "Oro", "ru": "Золото", "ar": "ذهبي"}],
    "when": ["member.tier == 'gold'", "line.category in ['COFFEE', 'TEA']", "now.weekday == 'tue' && now.hour >= 17"],
    "amount": [1, 12.5, "event.properties.minutes * 2"],
    "dates": [{"starts": "2026-11-01", "ends": "2026-12-24"}],
    "period": [{"months": 12}, {"days": 30}, {"years": 2}],
    "expiry": [{"type": "rolling", "period": {"months": 12}, "end_of": "month"}, {"type": "never"}],
    "time_zone": ["Europe/Rome", "America/New_York"],
    "home_currency": ["EUR", "USD"],
    "opens": ["07:30"],
    "closes": ["20:00", "24:00"],
    "caps": [[{"per": "day", "amount": 500, "over": "partial"}]],
    "cost": [{"currency": "points", "amount": 500}],
}
