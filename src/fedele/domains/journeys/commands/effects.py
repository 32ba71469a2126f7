"""What a step does to the world, inside the transaction that moves its member on.

What many members get alike (words, units, webhooks) is done for all of them in a handful of statements.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from fedele.db.database import Transaction
from fedele.domains.journeys.config import Ask, Award, Give, Send, Tag, Webhook
from fedele.domains.journeys.events import JourneyWebhookAsked
from fedele.domains.journeys.types import Run
from fedele.domains.members.commands import update_preferences
from fedele.domains.members.config import MembersConfig
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.types import Decision, MessageAsked, Outcome
from fedele.domains.offers.commands import claim_offer
from fedele.domains.prizes.commands import give_prizes
from fedele.domains.prizes.types import Cause, Due, Given
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import give_reward
from fedele.domains.surveys.commands import open_survey
from fedele.domains.tiers.queries import statuses_by_member
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import Refusal

Done = tuple[str, dict[str, Any]]  # the outcome, and what the trace says of it


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """A step to carry out for one member, and the number of its visit."""

    run: Run
    number: int
    step: Any

    @property
    def key(self) -> UUID:
        """The idempotency key of the visit: of its message, reward, claim and webhook."""
        return uuid5(self.run.id, str(self.number))


async def carry_out(tx: Transaction, programme: Programme, effects: Sequence[Effect], moment: Moment) -> list[Done]:
    """Do what the steps say, under keys made of run and visit: once, however often it is called. A member comes once.

    The programme in force gives prices, words and rewards: the step was written for the version that the member
    entered. What is refused (a reward that is gone, an offer not for them) is noted, and the journey goes on. The
    caller holds the members' locks.
    """
    done: list[Done] = [("", {})] * len(effects)
    alike: dict[type, list[int]] = {}
    for index, effect in enumerate(effects):
        alike.setdefault(type(effect.step), []).append(index)
    for kind, indices in alike.items():
        how = _TOGETHER.get(kind, _one_by_one)
        outcomes = await how(tx, programme, [effects[index] for index in indices], moment)
        for index, outcome in zip(indices, outcomes, strict=True):
            done[index] = outcome
    return done


async def _one_by_one(tx: Transaction, programme: Programme, effects: Sequence[Effect], moment: Moment) -> list[Done]:
    done: list[Done] = []
    for effect in effects:
        try:
            async with tx.savepoint():
                done.append(await _alone(tx, programme, effect, moment))
        except Refusal as refusal:
            done.append(_refused(refusal))
    return done


def _refused(refusal: Refusal) -> Done:
    return "refused", {"code": refusal.code}


async def _alone(tx: Transaction, programme: Programme, effect: Effect, moment: Moment) -> Done:
    run, step, key = effect.run, effect.step, effect.key
    match step:
        case Give(offer=str() as offer):
            claim = await claim_offer(tx, programme, run.member_id, offer, moment, key=str(key))
            return "given", {"offer": offer, "claim": str(claim.id)}
        case Give(reward=str() as reward):
            redemption = await give_reward(tx, programme, run.member_id, reward, key, None, moment, "journey")
            return "given", {"reward": reward, "redemption": str(redemption.id)}
        case Ask():
            invitation = await open_survey(tx, programme, run.member_id, step.survey, f"journey:{key.hex}", moment)
            return "asked" if invitation is not None else "not_asked", {"survey": step.survey}
        case Tag():
            values = {name: list(value) if isinstance(value, tuple) else value for name, value in step.set.items()}
            await update_preferences(tx, run.member_id, values, programme.section(MembersConfig), moment)
            return "set", {"attributes": sorted(values)}
    raise AssertionError(f"{type(step).__name__} has no effect")


async def _send(tx: Transaction, programme: Programme, effects: Sequence[Effect], moment: Moment) -> list[Done]:
    asked = [
        MessageAsked(
            member_id=each.run.member_id, template=each.step.message, source_id=each.key, values={},
            campaign=each.run.journey_key, variant=each.run.arm,
        )
        for each in effects
    ]  # fmt: skip
    said = await messaging.send_many(tx, programme, asked, moment)
    return [_told(each, decisions) for each, decisions in zip(effects, said, strict=True)]


def _told(effect: Effect, decisions: Sequence[Decision]) -> Done:
    outcomes = {decision.outcome for decision in decisions}
    outcome = next((one for one in (Outcome.SENT, Outcome.DEFERRED) if one in outcomes), Outcome.SUPPRESSED)
    reasons = {decision.channel.value: decision.reason.value for decision in decisions}
    return outcome.value, {"message": effect.step.message, "source": str(effect.key), "channels": reasons}


async def _award(tx: Transaction, programme: Programme, effects: Sequence[Effect], moment: Moment) -> list[Done]:
    statuses = await statuses_by_member(tx, programme, [each.run.member_id for each in effects], moment)
    due = []
    for each in effects:
        status = statuses.get(each.run.member_id)
        cause = Cause("journey", each.run.journey_key, f"{each.run.id}:{each.number}")
        due.append(Due(each.run.member_id, each.step, cause, status.current if status else None))
    given = await give_prizes(tx, programme, due, moment)
    return [_given(each.step, got) for each, got in zip(effects, given, strict=True)]


def _given(step: Award, given: Given | Refusal) -> Done:
    if isinstance(given, Refusal):
        return _refused(given)
    detail: dict[str, Any] = {}
    if given.transaction_id is not None:
        detail |= {"currency": given.currency, "units": given.units, "transaction": str(given.transaction_id)}
    if given.redemption_id is not None:
        detail |= {"reward": step.reward, "redemption": str(given.redemption_id)}
    return ("out_of_stock" if given.out_of_stock else "given"), detail


async def _ask_webhook(tx: Transaction, _programme: Programme, effects: Sequence[Effect], moment: Moment) -> list[Done]:
    for each in effects:
        await tx.publish(
            JourneyWebhookAsked(
                member_id=each.run.member_id, occurred_at=moment.now, message_id=each.key,
                journey_key=each.run.journey_key, step_key=each.step.key, topic=each.step.topic,
                data=dict(each.step.data),
            )
        )  # fmt: skip
    return [("asked", {"topic": each.step.topic, "message": str(each.key)}) for each in effects]


Together = Callable[[Transaction, Programme, Sequence[Effect], Moment], Awaitable[list[Done]]]
_TOGETHER: Mapping[type, Together] = {Send: _send, Award: _award, Webhook: _ask_webhook}
