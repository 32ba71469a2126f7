"""Play a scenario from its first step to its last, or to the first that ends otherwise than expected."""

import dataclasses
from datetime import UTC
from zoneinfo import ZoneInfo

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.ledger.queries import list_entries
from fedele.domains.ledger.types import EntryRecord
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.queries import check
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units
from fedele.scenarios import format as steps
from fedele.scenarios.acting import act, apply_programme, enrol_person
from fedele.scenarios.comparing import Difference, compare, explanation
from fedele.scenarios.instants import instant_of
from fedele.scenarios.passing import Calendar, pass_time
from fedele.scenarios.play import Play, StepImpossible
from fedele.scenarios.reading import ScenarioFile
from fedele.scenarios.stage import Stage

ENTRIES_TOLD = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """The step that did not end as expected, and what helps to see why."""

    step: int  # from 1
    line: int
    note: str | None
    differences: tuple[Difference, ...]
    clock: str
    entries: tuple[str, ...] = ()  # the member's last ones, newest first
    rules: tuple[str, ...] = ()  # every rule tried for this step's purchase or event, and why it gave what it gave


@dataclasses.dataclass(frozen=True, slots=True)
class Played:
    """What became of a scenario."""

    name: str
    steps: int
    failure: Failure | None = None
    survivors: tuple[str, ...] = ()  # changed numbers that no step noticed, where that was asked

    @property
    def passed(self) -> bool:
        """Whether every step ended as expected, and every changed number was noticed."""
        return self.failure is None and not self.survivors


async def play_scenario(stage: Stage, file: ScenarioFile) -> Played:
    """Play it from nothing. Raises ProgrammeInvalid for a programme that has mistakes, and what is a bug of ours."""
    await stage.clear()
    play = await _begin(stage, file)
    for index, step in enumerate(file.scenario.steps):
        play.number = index + 1
        if differences := await _play_step(play, step):
            failure = await _failure(play, step, differences)
            return Played(file.name, len(file.scenario.steps), failure)
    return Played(file.name, len(file.scenario.steps))


async def _begin(stage: Stage, file: ScenarioFile) -> Play:
    scenario = file.scenario
    text = file.programme_text(None, scenario.changes)
    zone = ZoneInfo(check(text, PROGRAMME_SECTIONS, scenario.programme).section(ProgrammeConfig).time_zone)
    play = Play(stage, file, zone, Calendar(zone))
    joined = [play.instant(person.joined_at) for person in scenario.members if person.joined_at]
    stage.clock.now = instant_of(scenario.starts_at, zone).astimezone(UTC)
    earliest = min([stage.clock.now, *(at for at in joined if at)])
    await apply_programme(stage, text, play.moment, earliest)
    for person in scenario.members:
        await enrol_person(play, person)
    await stage.settle_down()
    return play


async def _play_step(play: Play, step: steps.StepBase) -> list[Difference]:
    stage = play.stage
    if step.at is not None:
        wanted = instant_of(step.at, play.zone).astimezone(UTC)
        if wanted < stage.clock.now:
            told = stage.clock.now.astimezone(play.zone).isoformat()
            return [Difference("at", str(step.at), f"it is {told} already: time does not go back")]
        await pass_time(stage, wanted, play.calendar)
    if step.after is not None:
        await pass_time(stage, step.after.from_instant(stage.clock.now, play.zone), play.calendar)
    try:
        play.outcome = await act(play, step)
    except StepImpossible as error:
        return [Difference("step", "possible", str(error))]
    await stage.settle_down()
    return await compare(play, step.expect, _member(play, step), play.outcome)


def _member(play: Play, step: steps.StepBase) -> MemberId | None:
    if step.member is None and isinstance(step, steps.Enrol):
        return play.cast[step.person.key]
    return play.member(step) if play.cast else None


async def _failure(play: Play, step: steps.StepBase, differences: list[Difference]) -> Failure:
    entries, rules = tuple[str, ...](), tuple[str, ...]()
    if (member_id := _member(play, step)) is not None:
        page = await list_entries(play.stage.fedele.database.reader, member_id, ENTRIES_TOLD)
        currencies = (await play.programme()).section(Currencies)
        decimals = {currency.key: currency.decimals for currency in currencies}
        entries = tuple(_told(entry, decimals.get(entry.currency, 0), play.zone) for entry in page.items)
        rules = tuple((await explanation(play, await play.programme(), member_id, play.outcome)).splitlines())
    return Failure(
        step=play.number,
        line=play.file.line_of_step(play.number - 1),
        note=step.note,
        differences=tuple(differences),
        clock=play.moment.now.astimezone(play.zone).isoformat(timespec="minutes"),
        entries=entries,
        rules=rules,
    )


def _told(entry: EntryRecord, decimals: int, zone: ZoneInfo) -> str:
    when = entry.occurred_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    why = ", ".join(f"{key} {value}" for key, value in entry.reason.items() if value)
    amount = from_units(entry.amount, decimals)
    return f"{when}  {entry.kind:<8} {amount:>+10} {entry.currency} ({entry.account})  {why}"
