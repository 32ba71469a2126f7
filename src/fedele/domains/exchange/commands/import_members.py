"""Members from a file: found by any identity they have already, else enrolled, without a word to anybody."""

from collections.abc import Sequence

from fedele.db.database import Database
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.run import Run, as_identity, quiet_transaction
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, RowInvalid, Summary, no_progress
from fedele.domains.members.commands import enrol_many
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.queries import check_new_member
from fedele.domains.members.types import Enrolment, NewMember, Peppers
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import Refusal

Batch = Sequence[tuple[InputRow, NewMember]]


async def import_members(
    database: Database,
    programme: Programme,
    peppers: Peppers,
    file: ImportFile,
    moment: Moment,
    *,
    progress: Progress = no_progress,
    dry_run: bool = False,
) -> Summary:
    """Enrol the members of the file; whoever is known by one of their identities stays as they are.

    Raises ImportFileUnreadable.
    """
    parser = _Parser(programme, file.source)
    with Run("members", file, progress, dry_run=dry_run).finishing() as run:
        for batch in run.batches(parser.parse):
            await _write(database, run, batch, peppers, moment)
    return run.summary


async def _write(database: Database, run: Run, batch: Batch, peppers: Peppers, moment: Moment) -> None:
    """A batch in one transaction; if anybody in it is refused, one by one, so that only they are left out."""
    try:
        enrolments = await _enrol(database, run, [new for _, new in batch], peppers, moment)
    except Refusal as error:
        if len(batch) == 1:
            run.refuse(batch[0][0], error)
            return
        for pair in batch:
            await _write(database, run, [pair], peppers, moment)
        return
    for enrolment in enrolments:
        if enrolment.created:
            run.summary.written += 1
        else:
            run.summary.unchanged += 1


async def _enrol(
    database: Database, run: Run, news: Sequence[NewMember], peppers: Peppers, moment: Moment
) -> list[Enrolment]:
    async with quiet_transaction(database, dry_run=run.summary.dry_run) as tx:
        return await enrol_many(tx, news, peppers, moment)
    raise AssertionError("a transaction ends or raises")  # pragma: no cover


class _Parser:
    """Turns a row into somebody who enrols."""

    def __init__(self, programme: Programme, source: str) -> None:
        self.brand = programme.section(ProgrammeConfig)
        self.config = programme.section(MembersConfig)
        self.source = source

    def parse(self, row: InputRow) -> NewMember:
        """Raises RowInvalid or a Refusal."""
        values = row.values
        identities = tuple(
            as_identity(column, text, self.source, self.config.phone_region)
            for column in ("member", "email", "phone")
            if (text := values.get(column))
        )
        if not identities:
            raise RowInvalid("member", "nothing identifies the member: fill member, email or phone")
        store = values.get("home_store")
        new = NewMember(
            identities=identities,
            locale=values.get("locale") or self.brand.default_locale,
            time_zone=values.get("time_zone") or self.brand.time_zone,
            joined_at=columns.instant(values, "joined_at", self.brand.time_zone),
            display_name=values.get("name") or None,
            birthday=columns.birthday(values),
            home_store=StoreId(store) if store else None,
            preferences=columns.mapping(values, "preferences"),
            source=f"import:{self.source}",
            consents=columns.consents(values),
        )
        check_new_member(new, self.config)
        return new
