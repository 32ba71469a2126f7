"""The room's SQL files, by name."""

from functools import cache
from importlib import resources

STATEMENTS = ("allocation", "campaigns", "flows", "lots", "moved", "movements")


@cache
def statement(name: str) -> str:
    """A statement of this room's own, by the name of its file."""
    return resources.files("fedele.domains.analytics").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
