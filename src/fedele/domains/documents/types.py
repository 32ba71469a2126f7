"""A published document."""

import dataclasses
from typing import Literal, TypeAlias

SchemaName: TypeAlias = Literal["member", "staff"]


@dataclasses.dataclass(frozen=True, slots=True)
class TrustedDocument:
    """A text that may run on one schema. `sha256` is the hex hash by which clients name it, `app` who published it."""

    sha256: str
    schema_name: SchemaName
    app: str
    name: str
    body: str
