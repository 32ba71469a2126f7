"""What a step does to the world, inside the transaction that moves its member on."""

from typing import Any
from uuid import UUID, uuid5

from fedele.db.database import Transaction
from fedele.domains.journeys.config import Ask, Award, Give, Send, Tag, Webhook
from fedele.domains.journeys.events import JourneyWebhookAsked
from fedele.domains.journeys.types import Run
from fedele.domains.members.commands import update_preferences
from fedele.domains.members.config import MembersConfig
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.types import MessageAsked, Outcome
from fedele.domains.offers.commands import claim_offer
from fedele.domains.prizes.commands import give_prize
from fedele.domains.prizes.types import Cause
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import give_reward
from fedele.domains.surveys.commands import open_survey
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import Refusal

Done = tuple[str, dict[str, Any]]  # the outcome, and what the trace says of it


async def carry_out(tx: Transaction, programme: Programme, run: Run, number: int, step: Any, moment: Moment) -> Done:
    """Do what the step says, under a key made of run and visit: once, however often it is called.

    The programme in force gives prices, words and rewards: the step was written for the version that the member
    entered. What is refused (a reward that is gone, an offer not for them) is noted, and the journey goes on. The
    caller holds the member's lock.
    """
    try:
        async with tx.savepoint():
            return await _carry_out(tx, programme, run, number, step, moment)
    except Refusal as refusal:
        return "refused", {"code": refusal.code}


async def _carry_out(tx: Transaction, programme: Programme, run: Run, number: int, step: Any, moment: Moment) -> Done:
    key = visit_id(run, number)
    match step:
        case Send():
            return await _send(tx, programme, run, key, step, moment)
        case Award():
            return await _award(tx, programme, run, number, step, moment)
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
        case Webhook():
            await tx.publish(
                JourneyWebhookAsked(
                    member_id=run.member_id, occurred_at=moment.now, message_id=key, journey_key=run.journey_key,
                    step_key=step.key, topic=step.topic, data=dict(step.data),
                )
            )  # fmt: skip
            return "asked", {"topic": step.topic, "message": str(key)}
    raise AssertionError(f"{type(step).__name__} has no effect")


def visit_id(run: Run, number: int) -> UUID:
    """The idempotency key of one visit: of its message, reward, claim and webhook."""
    return uuid5(run.id, str(number))


async def _send(tx: Transaction, programme: Programme, run: Run, key: UUID, step: Send, moment: Moment) -> Done:
    asked = MessageAsked(
        member_id=run.member_id, template=step.message, source_id=key, values={}, campaign=run.journey_key,
        variant=run.arm,
    )  # fmt: skip
    decisions = await messaging.send(tx, programme, asked, moment)
    outcomes = {decision.outcome for decision in decisions}
    outcome = next((one for one in (Outcome.SENT, Outcome.DEFERRED) if one in outcomes), Outcome.SUPPRESSED)
    reasons = {decision.channel.value: decision.reason.value for decision in decisions}
    return outcome.value, {"message": step.message, "source": str(key), "channels": reasons}


async def _award(tx: Transaction, programme: Programme, run: Run, number: int, step: Award, moment: Moment) -> Done:
    status = await status_of(tx, programme, run.member_id, moment)
    cause = Cause("journey", run.journey_key, f"{run.id}:{number}")
    given = await give_prize(tx, programme, run.member_id, step, cause, status.current if status else None, moment)
    detail: dict[str, Any] = {}
    if given.transaction_id is not None:
        detail |= {"currency": given.currency, "units": given.units, "transaction": str(given.transaction_id)}
    if given.redemption_id is not None:
        detail |= {"reward": step.reward, "redemption": str(given.redemption_id)}
    return ("out_of_stock" if given.out_of_stock else "given"), detail
