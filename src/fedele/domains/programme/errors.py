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


class ProgrammeMoved(Refusal):
    """Another version was applied since this file was planned: what the plan said may no longer be what happens."""

    code = "PROGRAMME_MOVED"
    message = "This was planned against version {expected}, but version {newest} was applied meanwhile. Plan it again."


class VersionBegun(Refusal):
    """A version that is in force, or was, cannot be withdrawn: value was given under it."""

    code = "PROGRAMME_VERSION_BEGUN"
    message = "Version {version} began at {effective_from} and cannot be withdrawn; apply another version instead."


class VersionUnknown(Refusal):
    """No such version was ever applied."""

    code = "PROGRAMME_VERSION_UNKNOWN"
    message = "There is no version {version} of the programme."
