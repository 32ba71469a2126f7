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
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fedele programme",
        "description": "One file says the whole loyalty programme. Check it: fedele programme validate FILE.",
        "type": "object",
        "properties": properties,
        "required": [REQUIRED],
        "additionalProperties": False,
        "$defs": definitions.get("$defs", {}),
    }
