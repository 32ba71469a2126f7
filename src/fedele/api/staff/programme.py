"""The programme for operators: what is in force, which versions there were, what a file would change, applying it."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from fedele.api.context import Context, Info
from fedele.api.errors import UserError, refused, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.auth.types import Scope
from fedele.domains.programme import commands, errors, queries, types
from fedele.domains.programme.config import ProgrammeConfig

REASON_LENGTH_MAX = 500


@strawberry.type
class Programme:
    """One version of the programme, with its file."""

    version: int
    effective_from: datetime
    key: str
    name: str
    source_text: str = strawberry.field(description="The YAML file as it was handed in.")

    @classmethod
    def of(cls, programme: types.Programme, locale: str) -> Self:
        """From the checked programme."""
        own = programme.section(ProgrammeConfig)
        return cls(
            version=programme.version, effective_from=programme.effective_from, key=own.key,
            name=own.name.in_locale(locale, own.default_locale), source_text=programme.source_text,
        )  # fmt: skip


@strawberry.enum(description="What has become of an applied version.")
class ProgrammeVersionState(Enum):
    """The states of a version, seen from now."""

    IN_FORCE = "in_force"
    SCHEDULED = strawberry.enum_value("scheduled", description="It begins later, and can still be withdrawn.")
    PAST = "past"
    REPLACED = strawberry.enum_value("replaced", description="Another that begins at the same time came after it.")
    WITHDRAWN = strawberry.enum_value("withdrawn", description="Taken back before it began.")


@strawberry.type
class ProgrammeVersion:
    """A line of the programme's history."""

    version: int
    effective_from: datetime
    ends_at: datetime | None = strawberry.field(description="When the next one begins; null: not planned.")
    recorded_at: datetime
    actor: str = strawberry.field(description="Which key or session applied it, or the command line.")
    state: ProgrammeVersionState

    @classmethod
    def of(cls, record: types.VersionRecord) -> Self:
        """From the record."""
        return cls(
            version=record.version, effective_from=record.effective_from, ends_at=record.ends_at,
            recorded_at=record.recorded_at, actor=record.actor, state=ProgrammeVersionState(record.state),
        )  # fmt: skip


@strawberry.type
class ProgrammeProblem:
    """A mistake in a programme file, or something that is probably not meant."""

    path: str = strawberry.field(description="Where in the file: earning.rules[0].multiplier.")
    line: int
    column: int
    message: str = strawberry.field(description="What is wrong and what to do.")

    @classmethod
    def of(cls, problem: types.Problem) -> Self:
        """From the check."""
        return cls(path=problem.path, line=problem.line, column=problem.column, message=problem.message)


@strawberry.type
class ProgrammeQuery:
    """The programme's file and history."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def programme(self, info: Info, version: int | None = None) -> Programme | None:
        """The programme in force now, or a version of it. Null for a version that was never applied."""
        context = info.context
        try:
            if version is None:
                return Programme.of(await context.programme(), context.locale)
            sections = context.services.programmes.sections
            found = await queries.get_version(context.reader, types.ProgrammeVersion(version), sections)
        except errors.NoProgramme:
            return None
        return Programme.of(found, context.locale)

    @query_field(requires=Scope.PROGRAMME_READ)
    async def programme_versions(self, info: Info) -> list[ProgrammeVersion] | None:
        """Every version that was applied, the newest first: past, in force, scheduled, replaced and withdrawn."""
        records = await queries.list_versions(info.context.reader, info.context.moment.now)
        return [ProgrammeVersion.of(record) for record in records]


@user_error(errors.ProgrammeInvalid, errors.EffectiveInThePast, errors.ProgrammeMoved)
class ApplyProgrammeUserError(UserError):
    """Why the programme was not applied."""


@strawberry.type
class ApplyProgrammePayload:
    """The version, or why there is none."""

    programme: Programme | None = None
    created: bool | None = strawberry.field(default=None, description="False: the same file was in force already.")
    problems: list[ProgrammeProblem] | None = strawberry.field(default=None, description="The file's mistakes.")
    user_errors: list[ApplyProgrammeUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ApplyProgrammeInput:
    """A file to apply, and from when on. Sending the same again changes nothing."""

    source_text: str
    effective_from: datetime | None = strawberry.field(default=None, description="Now by default.")
    expected_version: int | None = strawberry.field(
        default=None, description="The newest version when this was planned; if there is a newer one, nothing happens."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="A retry with the same key gets the same version, even after a later one."
    )


@user_error(errors.VersionUnknown, errors.VersionBegun)
class WithdrawProgrammeUserError(UserError):
    """Why the version was not withdrawn."""


@strawberry.type
class WithdrawProgrammePayload:
    """The version that will not begin, or why it will."""

    version: int | None = None
    created: bool | None = strawberry.field(default=None, description="False: it was withdrawn before.")
    user_errors: list[WithdrawProgrammeUserError] = strawberry.field(default_factory=list)


@strawberry.input
class WithdrawProgrammeInput:
    """A scheduled version to take back."""

    version: int
    reason: str = strawberry.field(default="", description="Why, for whoever reads the history.")


@strawberry.type
class ProgrammeMutation:
    """Changing the programme."""

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def apply_programme(self, info: Info, input: ApplyProgrammeInput) -> ApplyProgrammePayload | None:
        """Make this file the programme, now or from a time on. Nothing is applied if it has a mistake."""
        context = info.context
        try:
            async with context.database.transaction() as tx:
                programme, created = await _apply(context, tx, input)
        except errors.ProgrammeInvalid as error:
            return ApplyProgrammePayload(
                problems=[ProgrammeProblem.of(problem) for problem in error.problems],
                user_errors=[refused(ApplyProgrammeUserError, error, context.locale)],
            )
        return ApplyProgrammePayload(programme=Programme.of(programme, context.locale), created=created)

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def withdraw_programme(self, info: Info, input: WithdrawProgrammeInput) -> WithdrawProgrammePayload | None:
        """Take back a version that has not begun. Repeating it changes nothing."""
        context = info.context
        version = types.ProgrammeVersion(input.version)
        async with context.database.transaction() as tx:
            done = await commands.withdraw(
                tx, version, context.moment, actor=context.staff.name, reason=input.reason[:REASON_LENGTH_MAX]
            )
        return WithdrawProgrammePayload(version=done.version, created=done.created)


async def _apply(context: Context, tx: Transaction, input: ApplyProgrammeInput) -> tuple[types.Programme, bool]:
    """Apply under the caller's key, if there is one: a retry is answered with what the first did."""
    sections = context.services.programmes.sections
    claimed = None
    if input.idempotency_key is not None:
        begins = input.effective_from.isoformat() if input.effective_from else None
        body = {"source_text": input.source_text, "effective_from": begins, "expected": input.expected_version}
        claimed = await claim(tx, f"programme/{context.staff.key_id}", input.idempotency_key, body)
        if claimed.response is not None:
            version = types.ProgrammeVersion(claimed.response["version"])
            return await queries.get_version(tx, version, sections), claimed.response["created"]
    applied = await commands.apply(
        tx,
        input.source_text,
        context.moment,
        sections=sections,
        effective_from=input.effective_from,
        actor=context.staff.name,
        expected_version=None if input.expected_version is None else types.ProgrammeVersion(input.expected_version),
    )
    if claimed is not None:
        await claimed.answer(tx, {"version": applied.programme.version, "created": applied.created})
    return applied.programme, applied.created
