"""The operations that ship with Fedele: `graphql/operations/{member,console,till}/<VerbNoun>.graphql`, one a file.

They are the trusted documents of our own apps, GraphiQL's sample tabs, and what the tests run under a query budget.
"""

import dataclasses
import functools
import re
from pathlib import Path

from graphql import parse, print_ast

from fedele.api.execution.prepared import sha256_of

MEMBER_FOLDERS = ("member",)
STAFF_FOLDERS = ("console", "till")

_BUDGET = re.compile(r"# queries <= (\d+)")


@dataclasses.dataclass(frozen=True, slots=True)
class OperationFile:
    """One operation as it lies in its file. `body` is its canonical print, which is what is hashed."""

    folder: str
    name: str
    text: str

    @property
    def body(self) -> str:
        """The document without comments, printed in the one way that every client can repeat."""
        return print_ast(parse(self.text))

    @property
    def sha256(self) -> str:
        """The hash that a client sends instead of the text."""
        return sha256_of(self.body)

    @property
    def queries_max(self) -> int | None:
        """The budget of the first line: how many statements one run may send. None when the line is missing."""
        match = _BUDGET.match(self.text)
        return int(match[1]) if match else None


def graphql_folder() -> Path:
    """Where SDL and operations are: inside the installed package, or at the top of the repository."""
    packaged = Path(__file__).parents[2] / "graphql_documents"
    return packaged if packaged.is_dir() else Path(__file__).parents[4] / "graphql"


def read_operations(*folders: str, root: Path | None = None) -> tuple[OperationFile, ...]:
    """The operations of these folders, by name."""
    top = (root or graphql_folder()) / "operations"
    paths = [path for folder in folders for path in sorted((top / folder).glob("*.graphql"))]
    return tuple(OperationFile(path.parent.name, path.stem, path.read_text(encoding="utf-8")) for path in paths)


@functools.cache
def built_in_texts(*folders: str) -> tuple[str, ...]:
    """Every text by which these operations may be named: as printed, and as the file has it."""
    operations = read_operations(*folders)
    return tuple(text for operation in operations for text in (operation.body, operation.text))
