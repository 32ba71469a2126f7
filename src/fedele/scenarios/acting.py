"""What each step does: calls of the rooms' own commands, as the API makes them. One function a kind of step."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import Line, PurchaseId, ReturnedLine, Tender
from fedele.domains.auto_rewards.commands import choose_auto_reward
from fedele.domains.challenges.commands import join_challenge
from fedele.domains.challenges.types import CountableKind
from fedele.domains.checkout.commands import record_event, return_lines, settle
from fedele.domains.checkout.types import Basket, GivenAward, Return
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Adjust as AdjustUnits
from fedele.domains.members.commands import enrol, update_preferences, update_profile
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.types import Identity, MonthDay, NewMember, ProfileChange
from fedele.domains.memberships import commands as memberships
from fedele.domains.programme import commands as programme_commands
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.referrals.commands import apply_code, issue_code
from fedele.domains.rewards.commands import cancel_redemption, redeem, use_redemption
from fedele.domains.rewards.config import PhysicalGift, RewardsConfig
from fedele.domains.rewards.queries import list_held
from fedele.domains.rewards.types import Delivery, Redemption
from fedele.domains.tiers.commands import grant_tier
from fedele.domains.tiers.types import GrantAsked
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.money import CurrencyKey, Money, to_units
from fedele.kernel.refusal import NotFound, Refusal
from fedele.scenarios import format as steps
from fedele.scenarios.instants import instant_of
from fedele.scenarios.passing import Calendar, midnight_after, pass_time
from fedele.scenarios.reading import ScenarioFile
from fedele.scenarios.stage import Stage


class StepImpossible(Exception):
    """The scenario asks for something that its own earlier steps do not allow; the message says what."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What a step answered. Units are scaled integers; an expectation of something that is None does not hold."""

    refusal: Refusal | None = None
    awards: tuple[GivenAward, ...] = ()
    burned: Mapping[str, int] = dataclasses.field(default_factory=dict)
    clawed_back: Mapping[str, int] = dataclasses.field(default_factory=dict)
    restored: Mapping[str, int] = dataclasses.field(default_factory=dict)
    refund: Decimal | None = None
    saved: Decimal | None = None
    source_id: UUID | None = None  # of the purchase or event, for Explain


@dataclasses.dataclass(frozen=True, slots=True)
class Bought:
    """A purchase that later steps may return."""

    purchase_id: PurchaseId
    member_id: MemberId
    store: str


@dataclasses.dataclass(slots=True)
class Play:
    """A scenario being played: its cast and what they hold receipts of."""

    stage: Stage
    file: ScenarioFile
    zone: ZoneInfo
    calendar: Calendar
    cast: dict[str, MemberId] = dataclasses.field(default_factory=dict)
    receipts: dict[str, Bought] = dataclasses.field(default_factory=dict)
    payments_told: set[UUID] = dataclasses.field(default_factory=set)
    number: int = 0  # of the step being played, from 1

    @property
    def moment(self) -> Moment:
        """Now."""
        return self.stage.clock()

    async def programme(self) -> Programme:
        """The version in force now."""
        return await self.stage.fedele.programmes.at(self.stage.clock.now)

    def member(self, step: steps.StepBase) -> MemberId:
        """Whose step it is."""
        key = step.member or next(iter(self.cast), None)
        if key is None:
            raise StepImpossible("the scenario has no members: add them to `members`")
        return self.cast[key]

    def instant(self, value: Any) -> datetime | None:
        """A local time of the file as an instant."""
        return None if value is None else instant_of(value, self.zone)


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


async def _buy(play: Play, step: steps.Buy) -> Outcome:
    currency = (await play.programme()).section(ProgrammeConfig).home_currency
    receipt = step.receipt or f"step-{play.number}"
    lines = tuple(_line(number, line, currency) for number, line in enumerate(step.lines, start=1))
    store = step.store or play.file.scenario.store
    basket = Basket(
        store_id=StoreId(store),
        receipt=receipt,
        currency=currency,
        lines=lines,
        tenders=_tenders(step, sum(line.amount_minor for line in lines), currency),
        member_id=play.member(step),
        channel=step.channel,
        occurred_at=play.instant(step.occurred_at),
        attributes=step.attributes,
        confirmation="scenario",
        rewards=tuple([(await _held(play, play.member(step), key))[0].id for key in step.uses]),
        discounts="apply" if step.uses else "taken",
    )
    sold = await settle(play.stage.fedele.till, basket, f"{receipt}@{play.number}", play.moment)
    play.receipts[receipt] = Bought(sold.purchase_id, sold.member_id, store)
    saved = Money(sold.saved_minor, currency).decimal
    return Outcome(awards=sold.awards, burned=sold.burned, saved=saved, source_id=sold.purchase_id)


def _line(number: int, line: steps.BasketLine, currency: str) -> Line:
    return Line(
        number=number,
        quantity=line.quantity,
        amount_minor=Money.parse(line.amount, currency).minor,
        tax_minor=Money.parse(line.tax, currency).minor,
        discount_minor=Money.parse(line.discount, currency).minor,
        kind=line.kind,
        sku=line.sku,
        name=line.name,
        category=line.category,
        department=line.department,
        brand=line.brand,
        attributes=line.attributes,
    )


def _tenders(step: steps.Buy, total_minor: int, currency: str) -> tuple[Tender, ...]:
    """As the step says; what it leaves open is paid in cash."""
    paid = [Tender(one.kind, Money.parse(one.amount, currency).minor, one.currency) for one in step.tenders]
    rest = total_minor - sum(tender.amount_minor for tender in paid)
    return (*paid, Tender("cash", rest)) if paid and rest > 0 else tuple(paid)


async def _return(play: Play, step: steps.ReturnGoods) -> Outcome:
    bought = play.receipts.get(step.receipt)
    if bought is None:
        raise StepImpossible(f"nothing was bought under the receipt '{step.receipt}'")
    purchase = await find_purchase(play.stage.fedele.database.reader, bought.member_id, bought.purchase_id)
    assert purchase is not None, "it was settled by an earlier step"
    lines = [ReturnedLine(line.number, line.quantity) for line in step.lines] or [
        ReturnedLine(line.number, left)
        for line in purchase.lines
        if (left := line.quantity - purchase.returned.get(line.number, Decimal(0))) > 0
    ]
    asked = Return(
        store_id=StoreId(step.store or bought.store),
        purchase_store_id=StoreId(bought.store),
        lines=tuple(lines),
        purchase_id=bought.purchase_id,
        member_id=bought.member_id,
    )
    done = await return_lines(play.stage.fedele.till, asked, f"return@{play.number}", play.moment)
    refund = Money(done.total_minor, done.currency).decimal
    return Outcome(clawed_back=done.clawed_back, restored=done.restored, refund=refund)


async def _event(play: Play, step: steps.Happen) -> Outcome:
    awards: list[GivenAward] = []
    for time_number in range(step.times):
        done = await record_event(
            play.stage.fedele.till,
            play.member(step),
            step.name,
            step.properties,
            f"event@{play.number}:{time_number}",
            play.moment,
            occurred_at=play.instant(step.occurred_at),
            store_id=StoreId(step.store) if step.store else None,
        )
        awards += done.awards
    return Outcome(awards=tuple(awards), source_id=done.event_id)


async def _redeem(play: Play, step: steps.Redeem) -> Outcome:
    programme = await play.programme()
    reward = programme.section(RewardsConfig).find(step.reward)
    taken = await redeem(
        play.stage.fedele.database,
        programme,
        play.member(step),
        step.reward,
        f"redeem@{play.number}",
        play.moment,
        _delivery(programme, reward) if isinstance(reward, PhysicalGift) else None,
    )
    return Outcome(burned={taken.currency: taken.units} if taken.currency else {})


def _delivery(programme: Programme, gift: PhysicalGift) -> Delivery:
    """An address to which the gift can be sent: a scenario's members have none of their own."""
    country = gift.ships_to[0] if gift.ships_to else "US"
    return Delivery("A member", "1 Main Street", programme.section(ProgrammeConfig).key, country)


async def _use(play: Play, step: steps.Use) -> Outcome:
    member_id, store = play.member(step), step.store or play.file.scenario.store
    held = await _held(play, member_id, step.reward)
    async with play.stage.fedele.database.transaction() as tx:
        await use_redemption(tx, member_id, held[0].id, store, play.moment)
    return Outcome()


async def _cancel(play: Play, step: steps.Cancel) -> Outcome:
    member_id = play.member(step)
    held = await _held(play, member_id, step.reward)
    newest = max(held, key=lambda one: (one.redeemed_at, one.id))
    async with play.stage.fedele.database.transaction() as tx:
        await cancel_redemption(tx, await play.programme(), member_id, newest.id, play.moment)
    return Outcome(restored={newest.currency: newest.units} if newest.currency else {})


async def _held(play: Play, member_id: MemberId, reward: str) -> list[Redemption]:
    """The member's rewards of this key in hand, the first to end first. Raises NotFound where there is none."""
    held = await list_held(play.stage.fedele.database.reader, member_id, play.moment.now)
    if found := [one for one in held if one.reward_key == reward]:
        return found
    raise NotFound(what="redemption")


async def _adjust(play: Play, step: steps.Adjust) -> Outcome:
    member_id, programme = play.member(step), await play.programme()
    decimals = programme.section(Currencies).get(step.currency).decimals
    operation = AdjustUnits(
        scope="adjust",
        key=f"adjust@{play.number}",
        currency=CurrencyKey(step.currency),
        units=to_units(step.amount, decimals),
        actor="scenario",
        programme_version=programme.version,
        reason={"text": step.reason},
    )
    async with play.stage.fedele.database.transaction() as tx:
        await post(tx, member_id, [operation], play.moment)
    return Outcome()


async def _grant_tier(play: Play, step: steps.GrantTier) -> Outcome:
    until = instant_of(step.until, play.zone)
    if not isinstance(step.until, datetime):
        until = midnight_after(until, play.zone)
    asked = GrantAsked(step.tier, until, step.reason)
    async with play.stage.fedele.database.transaction() as tx:
        await grant_tier(
            tx, await play.programme(), play.member(step), asked, "scenario", f"grant@{play.number}", play.moment
        )
    return Outcome()


async def _join_membership(play: Play, step: steps.JoinMembership) -> Outcome:
    asked, member_id, programme = (
        memberships.JoinAsked(step.membership, step.plan),
        play.member(step),
        await play.programme(),
    )
    key = f"membership@{play.number}"
    async with play.stage.fedele.database.transaction() as tx:
        if step.at_till:
            await memberships.sell(tx, programme, member_id, asked, f"step-{play.number}", key, play.moment)
        else:
            await memberships.join(tx, programme, member_id, asked, key, play.moment)
    return Outcome()


async def _use_benefit(play: Play, step: steps.UseBenefit) -> Outcome:
    async with play.stage.fedele.database.transaction() as tx:
        await memberships.use_benefit(tx, play.member(step), step.membership, play.moment.now)
    return Outcome()


async def _cancel_membership(play: Play, step: steps.CancelMembership) -> Outcome:
    async with play.stage.fedele.database.transaction() as tx:
        cancelled = await memberships.cancel(
            tx, await play.programme(), play.member(step), step.membership, f"leave@{play.number}", play.moment,
            wants_refund=step.refund,
        )  # fmt: skip
    return Outcome(refund=cancelled.refund.decimal)


async def _payments(play: Play, step: steps.SetPayment) -> Outcome:
    play.stage.payments.declines = step.payment == "fail"
    return Outcome()


async def _join_challenge(play: Play, step: steps.JoinChallenge) -> Outcome:
    kind: CountableKind = "challenge" if step.challenge else "streak"
    key = step.challenge or step.streak
    if key is None:
        raise StepImpossible("join_challenge names a challenge or a streak")
    async with play.stage.fedele.database.transaction() as tx:
        await join_challenge(tx, await play.programme(), play.member(step), kind, key, play.moment)
    return Outcome()


async def _refer(play: Play, step: steps.ApplyReferral) -> Outcome:
    fedele = play.stage.fedele
    async with fedele.database.transaction() as tx:
        code = await issue_code(tx, play.cast[step.by], play.moment)
    peppers = fedele.keyring.peppers
    await apply_code(fedele.database, await play.programme(), peppers, play.member(step), code, play.moment)
    return Outcome()


async def _choose(play: Play, step: steps.Choose) -> Outcome:
    async with play.stage.fedele.database.transaction() as tx:
        await choose_auto_reward(
            tx, await play.programme(), play.member(step), step.auto_reward, step.mode, play.moment
        )
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
    steps.Enrol: _enrol,
    steps.ChangeProfile: _profile,
    steps.Buy: _buy,
    steps.ReturnGoods: _return,
    steps.Happen: _event,
    steps.Redeem: _redeem,
    steps.Use: _use,
    steps.Cancel: _cancel,
    steps.Adjust: _adjust,
    steps.GrantTier: _grant_tier,
    steps.JoinMembership: _join_membership,
    steps.UseBenefit: _use_benefit,
    steps.SetPayment: _payments,
    steps.CancelMembership: _cancel_membership,
    steps.JoinChallenge: _join_challenge,
    steps.ApplyReferral: _refer,
    steps.Choose: _choose,
    steps.CloseDay: _close_day,
    steps.ApplyProgramme: _apply,
}
