"""Programmes for tests: the shipped ones, or a small one with whatever a test adds."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import fedele
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.programme import commands, queries
from fedele.domains.programme.types import Programme, ProgrammeVersion
from fedele.kernel.clock import Moment

TEMPLATES = Path(fedele.__file__).parent / "programmes"
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)

SMALL = """
format: 1
programme: {key: small, name: Small, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01}
"""


def template_text(name: str = "grocer") -> str:
    """The text of a programme that ships with the package."""
    return (TEMPLATES / f"{name}.yaml").read_text()


@cache
def make_programme(text: str = SMALL, version: int = 1) -> Programme:
    """A checked programme of this text. Raises ProgrammeInvalid."""
    return queries.check(text, PROGRAMME_SECTIONS).programme(ProgrammeVersion(version), BEGINNING)


@cache
def grocer() -> Programme:
    """The demo's programme."""
    return make_programme(template_text("grocer"))


async def apply_programme(database: Database, text: str = SMALL, now: datetime = BEGINNING) -> Programme:
    """Apply a text as the next version, from `now` on."""
    async with database.transaction() as tx:
        applied = await commands.apply(tx, text, Moment(now), sections=PROGRAMME_SECTIONS, actor="test")
    return applied.programme


async def a_file(_api: object) -> dict[str, str]:
    """Variables for planning: the grocer's file with another cap."""
    return {"sourceText": template_text("grocer").replace("per: day, amount: 200", "per: day, amount: 300")}


async def a_later_file(_api: object) -> dict[str, object]:
    """Variables for applying: a file that begins in the future."""
    return {"input": {"sourceText": template_text("corner-cafe"), "effectiveFrom": "2099-01-01T00:00:00+00:00"}}


async def a_scheduled_version(api: Any) -> dict[str, object]:
    """Variables for withdrawing: a version that begins in the future."""
    begins = datetime(2099, 1, 1, tzinfo=UTC)
    async with api.database.transaction() as tx:
        applied = await commands.apply(
            tx, template_text("corner-cafe"), Moment(BEGINNING), sections=PROGRAMME_SECTIONS, effective_from=begins
        )
    return {"input": {"version": applied.programme.version, "reason": "a slip"}}
