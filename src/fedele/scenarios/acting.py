"""What each step does: calls of the rooms' own commands, as the API makes them. One function a kind of step."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, time
from typing import Any, TypeAlias

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Adjust as AdjustUnits
from fedele.domains.members.commands import enrol, update_preferences, update_profile
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.types import Identity, MonthDay, NewMember, ProfileChange
from fedele.domains.programme import commands as programme_commands
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId
from fedele.kernel.money import CurrencyKey, to_units
from fedele.kernel.refusal import Refusal
from fedele.scenarios import at_the_till as till
from fedele.scenarios import belonging, talking
from fedele.scenarios import format as steps
from fedele.scenarios.instants import instant_of
from fedele.scenarios.passing import midnight_after, pass_time
from fedele.scenarios.play import Outcome, Play, StepImpossible
from fedele.scenarios.stage import Stage

Act: TypeAlias = Callable[[Play, Any], Awaitable[Outcome]]


async def act(play: Play, step: steps.StepBase) -> Outcome:
    """Do what the step says. A refusal is an outcome; anything else that goes wrong is raised."""
    try:
        return await ACTS[type(step)](play, step)
    except Refusal as refusal:
        return Outcome(refusal=refusal)


async def enrol_person(play: Play, person: steps.Person) -> None:
    """Bring somebody of the cast into the programme."""
    joined_at = play.instant(person.joined_at)
    locale = f"{person.locale}-{person.country}" if person.country and "-" not in person.locale else person.locale
    new = NewMember(
        identities=(Identity.parse("external:scenario", person.key),),
        locale=locale,
        time_zone=str(play.zone),
        joined_at=joined_at,
        birthday=_birthday(person.birthday),
        home_store=StoreId(person.home_store) if person.home_store else None,
        preferences=person.attributes,
        source="scenario",
    )
    async with play.stage.fedele.database.transaction() as tx:
        enrolment = await enrol(tx, new, play.stage.fedele.keyring.peppers, play.moment)
    play.cast[person.key] = enrolment.member_id
    if person.phone:
        await talking.give_phone(play, enrolment.member_id, locale)


async def _nothing(_play: Play, _step: steps.StepBase) -> Outcome:
    return Outcome()


async def _enrol(play: Play, step: steps.Enrol) -> Outcome:
    await enrol_person(play, step.person)
    return Outcome()


async def _profile(play: Play, step: steps.ChangeProfile) -> Outcome:
    member_id, programme = play.member(step), await play.programme()
    change: dict[str, Any] = {}
    if step.birthday:
        change["birthday"] = _birthday(step.birthday)
    if step.home_store:
        change["home_store"] = StoreId(step.home_store)
    async with play.stage.fedele.database.transaction() as tx:
        await update_profile(tx, member_id, ProfileChange(**change), play.moment)
        await update_preferences(tx, member_id, step.attributes, programme.section(MembersConfig), play.moment)
    return Outcome()


async def _adjust(play: Play, step: steps.Adjust) -> Outcome:
    member_id, programme = play.member(step), await play.programme()
    currency = next((one for one in programme.section(Currencies) if one.key == step.currency), None)
    if currency is None:
        raise StepImpossible(f"the programme has no currency '{step.currency}'")
    operation = AdjustUnits(
        scope="adjust",
        key=f"adjust@{play.number}",
        currency=CurrencyKey(step.currency),
        units=to_units(step.amount, currency.decimals),
        actor="scenario",
        programme_version=programme.version,
        reason={"text": step.reason},
    )
    async with play.stage.fedele.database.transaction() as tx:
        await post(tx, member_id, [operation], play.moment)
    return Outcome()


async def _close_day(play: Play, _step: steps.CloseDay) -> Outcome:
    midnight = midnight_after(play.moment.now, play.zone)
    await pass_time(play.stage, midnight, play.calendar)
    return Outcome()


async def _apply(play: Play, step: steps.ApplyProgramme) -> Outcome:
    text = play.file.programme_text(step.programme, step.changes)
    begins = instant_of(step.effective_from, play.zone, time(0)) if step.effective_from else None
    play.calendar.note(begins or play.moment.now)
    await apply_programme(play.stage, text, play.moment, begins)
    return Outcome()


async def apply_programme(stage: Stage, text: str, moment: Moment, effective_from: datetime | None) -> Programme:
    """Make this text the programme."""
    async with stage.fedele.database.transaction() as tx:
        applied = await programme_commands.apply(
            tx, text, moment, sections=PROGRAMME_SECTIONS, effective_from=effective_from, actor="scenario"
        )
    stage.fedele.programmes.forget()
    return applied.programme


def _birthday(text: str | None) -> MonthDay | None:
    if text is None:
        return None
    month, _, day = text.partition("-")
    return MonthDay(int(month), int(day))


ACTS: Mapping[type[steps.StepBase], Act] = {
    steps.Advance: _nothing,
    steps.Check: _nothing,
    steps.AnswerSurvey: talking.answer,
    steps.Enrol: _enrol,
    steps.ChangeProfile: _profile,
    steps.Buy: till.buy,
    steps.ReturnGoods: till.return_goods,
    steps.Happen: till.happen,
    steps.Redeem: till.redeem,
    steps.ClaimOffer: till.claim,
    steps.Use: till.use,
    steps.Cancel: till.cancel,
    steps.Adjust: _adjust,
    steps.GrantTier: belonging.grant,
    steps.JoinMembership: belonging.join_membership,
    steps.UseBenefit: belonging.use_benefit,
    steps.SetPayment: belonging.set_payments,
    steps.CancelMembership: belonging.cancel_membership,
    steps.JoinChallenge: belonging.join,
    steps.ApplyReferral: belonging.apply_referral,
    steps.Choose: belonging.choose,
    steps.CloseDay: _close_day,
    steps.ApplyProgramme: _apply,
}
