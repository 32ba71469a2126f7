"""What the programme refuses."""

from collections.abc import Sequence

from fedele.domains.programme.types import Problem
from fedele.kernel.refusal import Refusal


class ProgrammeInvalid(Refusal):
    """The file has mistakes; nothing was applied. `problems` has one entry for each, with its line."""

    code = "PROGRAMME_INVALID"
    message = "The programme file has {count} mistake(s); the first: {first}"

    def __init__(self, problems: Sequence[Problem], file: str = "programme.yaml") -> None:
        self.problems, self.file = tuple(problems), file
        super().__init__(count=len(self.problems), first=f"{file}, {self.problems[0]}")


class EffectiveInThePast(Refusal):
    """A version cannot begin in the past: what members earned by then was judged by the version of that time."""

    code = "PROGRAMME_EFFECTIVE_IN_THE_PAST"
    message = "A new version can take effect now or later, not at {effective_from}: it is {now}."


class NoProgramme(Refusal):
    """No version was applied yet."""

    code = "NO_PROGRAMME"
    message = "No programme is in force yet. Apply one: fedele programme apply FILE."
