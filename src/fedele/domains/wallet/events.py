"""What the wallet announces."""

import dataclasses
from typing import ClassVar

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassIssued(Event):
    """A member's pass was made for the first time."""

    kind: ClassVar[str] = "pass.issued"
    serial: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassUpdated(Event):
    """The pass would read differently now: the phones that hold it are to be told."""

    kind: ClassVar[str] = "pass.updated"
    serial: str
    update_tag: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassInstalled(Event):
    """A phone added the pass to its wallet."""

    kind: ClassVar[str] = "pass.installed"
    serial: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassRemoved(Event):
    """A phone let go of the pass, or its push address is gone."""

    kind: ClassVar[str] = "pass.removed"
    serial: str
