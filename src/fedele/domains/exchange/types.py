"""The records of the exchange. Money is in minor units, by ISO currency; points in scaled units of their currency."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

ImportKind = Literal["members", "purchases", "balances", "places", "products", "coupons", "codes"]
ExportKind = Literal["members", "ledger", "events"]

Progress: TypeAlias = Callable[[str, int, int], None]  # (phase, done, of): bytes while reading, rows while writing


def no_progress(phase: str, done: int, of: int) -> None:
    """For callers that show none."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImportFile:
    """A file to import. `mapping`: the file's column → our field, for files that name their columns otherwise.

    `source` names the system that the file's own member ids come from: they are identities of kind external:<source>.
    """

    path: Path
    mapping: Mapping[str, str] = dataclasses.field(default_factory=dict)
    source: str = "import"

    @property
    def errors_path(self) -> Path:
        """Where the rows that were not imported go, with the reason."""
        return self.path.with_name(self.path.name + ".errors.csv")


@dataclasses.dataclass(frozen=True, slots=True)
class InputRow:
    """One row as the file has it: its line there, and its values by our field names."""

    line: int
    values: Mapping[str, str]


class RowInvalid(Exception):
    """A row that cannot be imported: the column to blame (if one is) and what is wrong with it, for a person."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}" if column else reason)
        self.column, self.reason = column, reason


@dataclasses.dataclass(slots=True)
class Summary:
    """What an import did. Rows are the file's; every one of them is written, unchanged or an error."""

    kind: ImportKind
    dry_run: bool = False
    rows: int = 0
    written: int = 0
    unchanged: int = 0
    errors: int = 0
    read_minor: Counter[str] = dataclasses.field(default_factory=Counter)
    written_minor: Counter[str] = dataclasses.field(default_factory=Counter)
    unchanged_minor: Counter[str] = dataclasses.field(default_factory=Counter)
    rejected_minor: Counter[str] = dataclasses.field(default_factory=Counter)
    units: Counter[str] = dataclasses.field(default_factory=Counter)  # given (and taken) per programme currency
    stored_minor: Counter[str] | None = None  # purchases: what the database holds of this file's receipts afterwards
    purchases: int = 0
    errors_file: str | None = None

    @property
    def reconciled(self) -> bool:
        """Whether every row, and every cent, is accounted for once."""
        rows = self.rows == self.written + self.unchanged + self.errors
        money = self.read_minor == self.written_minor + self.unchanged_minor + self.rejected_minor
        stored = self.stored_minor is None or self.stored_minor == self.written_minor + self.unchanged_minor
        return rows and money and stored

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return dataclasses.asdict(self) | {"reconciled": self.reconciled}
