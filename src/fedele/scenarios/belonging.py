"""Steps by which a member belongs: tiers, memberships, challenges, referrals, choices."""

from datetime import datetime

from fedele.domains.auto_rewards.commands import choose_auto_reward
from fedele.domains.challenges.commands import join_challenge
from fedele.domains.challenges.types import CountableKind
from fedele.domains.memberships import commands as memberships
from fedele.domains.referrals.commands import apply_code, issue_code
from fedele.domains.tiers.commands import grant_tier
from fedele.domains.tiers.types import GrantAsked
from fedele.scenarios import format as steps
from fedele.scenarios.instants import instant_of
from fedele.scenarios.passing import midnight_after
from fedele.scenarios.play import Outcome, Play, StepImpossible


async def grant(play: Play, step: steps.GrantTier) -> Outcome:
    """Grant a tier by hand."""
    until = instant_of(step.until, play.zone)
    if not isinstance(step.until, datetime):
        until = midnight_after(until, play.zone)
    asked = GrantAsked(step.tier, until, step.reason)
    async with play.stage.fedele.database.transaction() as tx:
        await grant_tier(
            tx, await play.programme(), play.member(step), asked, "scenario", f"grant@{play.number}", play.moment
        )
    return Outcome()


async def join_membership(play: Play, step: steps.JoinMembership) -> Outcome:
    """Join a paid membership."""
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


async def use_benefit(play: Play, step: steps.UseBenefit) -> Outcome:
    """Note that a benefit was used."""
    async with play.stage.fedele.database.transaction() as tx:
        await memberships.use_benefit(tx, play.member(step), step.membership, play.moment.now)
    return Outcome()


async def cancel_membership(play: Play, step: steps.CancelMembership) -> Outcome:
    """Give a membership up."""
    async with play.stage.fedele.database.transaction() as tx:
        cancelled = await memberships.cancel(
            tx, await play.programme(), play.member(step), step.membership, f"leave@{play.number}", play.moment,
            wants_refund=step.refund,
        )  # fmt: skip
    return Outcome(refund=cancelled.refund.decimal)


async def set_payments(play: Play, step: steps.SetPayment) -> Outcome:
    """Let charges succeed, or be declined, from now on."""
    play.stage.payments.declines = step.payment == "fail"
    return Outcome()


async def join(play: Play, step: steps.JoinChallenge) -> Outcome:
    """Take a challenge or a streak up."""
    kind: CountableKind = "challenge" if step.challenge else "streak"
    key = step.challenge or step.streak
    if key is None:
        raise StepImpossible("join_challenge names a challenge or a streak")
    async with play.stage.fedele.database.transaction() as tx:
        await join_challenge(tx, await play.programme(), play.member(step), kind, key, play.moment)
    return Outcome()


async def apply_referral(play: Play, step: steps.ApplyReferral) -> Outcome:
    """Give another member's code."""
    fedele = play.stage.fedele
    async with fedele.database.transaction() as tx:
        code = await issue_code(tx, play.cast[step.by], play.moment)
    peppers = fedele.keyring.peppers
    await apply_code(fedele.database, await play.programme(), peppers, play.member(step), code, play.moment)
    return Outcome()


async def choose(play: Play, step: steps.Choose) -> Outcome:
    """Choose how an automatic reward is given."""
    async with play.stage.fedele.database.transaction() as tx:
        await choose_auto_reward(
            tx, await play.programme(), play.member(step), step.auto_reward, step.mode, play.moment
        )
    return Outcome()
