"""What is said between a programme and its members: surveys answered, messages, and where journeys have led."""

from collections.abc import Iterable, Iterator, Mapping

from fedele.domains.journeys.queries import trace
from fedele.domains.members.commands import set_consent
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.commands import register_device
from fedele.domains.messaging.queries import list_said
from fedele.domains.messaging.types import DeviceInput, Permission, Platform, TargetKind
from fedele.domains.surveys.commands import answer_survey
from fedele.domains.surveys.queries import past_of
from fedele.kernel.ids import MemberId
from fedele.scenarios import format as steps
from fedele.scenarios.play import Outcome, Play, StepImpossible

NOWHERE = "none"


async def give_phone(play: Play, member_id: MemberId, locale: str) -> None:
    """A phone that may notify, of somebody who agreed to hear of offers on it."""
    device = DeviceInput(
        kind=TargetKind.FCM_TOKEN, value=f"phone-of-{member_id.hex}", platform=Platform.ANDROID, locale=locale,
        time_zone=str(play.zone), permission=Permission.GRANTED,
    )  # fmt: skip
    async with play.stage.fedele.database.transaction() as tx:
        await register_device(tx, member_id, device, play.moment)
        await set_consent(
            tx, member_id, Purpose.MARKETING, Channel.PUSH, True, source="scenario", wording="scenario",
            moment=play.moment,
        )  # fmt: skip


async def answer(play: Play, step: steps.AnswerSurvey) -> Outcome:
    """The member answers the survey that is open to them."""
    member_id, programme = play.member(step), await play.programme()
    asked = (await past_of(play.stage.fedele.database.reader, member_id)).of(step.survey)
    open_ones = [one for one in asked if one.state == "open"]
    if asked and not open_ones:
        raise StepImpossible(f"the survey '{step.survey}' is not open to this member: {asked[-1].state}")
    occasion = open_ones[-1].occasion if open_ones else ""  # one that is always open is never invited to
    async with play.stage.fedele.database.transaction() as tx:
        await answer_survey(tx, programme, member_id, step.survey, occasion, step.answers, play.moment)
    return Outcome()


async def journeys_of(play: Play, member_id: MemberId, keys: Mapping[str, str]) -> dict[str, str]:
    """Where the member stands in each: the step's key; how it ended; `none` for who never came in."""
    found = dict.fromkeys(keys, NOWHERE)
    for one in reversed(await trace(play.stage.fedele.database.reader, member_id)):
        run = one.run
        if run.journey_key in found:
            found[run.journey_key] = run.step_key or (run.reason if run.state == "exited" else None) or run.state.value
    return found


async def surveys_of(play: Play, member_id: MemberId, keys: Mapping[str, str]) -> dict[str, str]:
    """How the newest asking of each stands: waiting, open, answered, expired; `none`."""
    past = await past_of(play.stage.fedele.database.reader, member_id)
    return {key: asked[-1].state if (asked := past.of(key)) else NOWHERE for key in keys}


async def newly_said(play: Play, member_id: MemberId) -> dict[str, tuple[str, ...]]:
    """By channel, the titles of what was said to the member since their step before."""
    said: dict[str, tuple[str, ...]] = {}
    for one in await list_said(play.stage.fedele.database.reader, await play.programme(), member_id):
        if one.contact_id not in play.messages_told:
            said[one.channel] = (*said.get(one.channel, ()), one.title)
            play.messages_told.add(one.contact_id)
    return said


def quoted(said: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, str]]:
    """By channel, the titles in quotation marks."""
    for channel, titles in said:
        yield channel, ", ".join(f"“{title}”" for title in titles)
