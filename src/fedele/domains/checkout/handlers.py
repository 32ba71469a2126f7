"""What the checkout does when something happened elsewhere: joining and arriving may earn, the erased are forgotten."""

from collections.abc import Callable
from uuid import UUID

from fedele.domains.activity.commands import forget_member
from fedele.domains.activity.events import PurchaseClaimed
from fedele.domains.checkout.commands import give_up_claimed, record_event
from fedele.domains.checkout.ports import Till
from fedele.domains.members.events import MemberEnrolled, MemberErased
from fedele.domains.offers.events import CheckedIn
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId

CHECK_IN = "check_in"  # the event's name in programme files


def handlers(till: Till, clock: Callable[[], Moment]) -> tuple[Handler, ...]:
    """The checkout's handlers, for bootstrap's list."""

    async def welcome(event: MemberEnrolled, outbox_id: UUID) -> None:
        # Rules of the programme may award it: an event_award on member.enrolled. The outbox id makes it once.
        await record_event(
            till,
            event.member_id,
            MemberEnrolled.kind,
            {},
            str(outbox_id),
            clock(),
            occurred_at=event.occurred_at,
            source="programme",
        )

    async def arrive(event: CheckedIn, outbox_id: UUID) -> None:
        await record_event(
            till,
            event.member_id,
            CHECK_IN,
            {"place": event.place_key},
            str(outbox_id),
            clock(),
            occurred_at=event.occurred_at,
            store_id=StoreId(event.place_key),
        )

    async def give_up(event: PurchaseClaimed, outbox_id: UUID) -> None:
        # Two members: the one who claimed has it already, and the guest's own transaction follows.
        await give_up_claimed(till, event, clock())

    async def forget(event: MemberErased, outbox_id: UUID) -> None:
        # Activity stands beside members and does not see its events: the lowest room that sees both listens for it.
        async with till.database.transaction() as tx:
            await forget_member(tx, event.member_id)

    return (
        Handler("checkout.record_enrolment", MemberEnrolled, welcome),
        Handler("checkout.record_check_in", CheckedIn, arrive),
        Handler("checkout.give_up_claimed", PurchaseClaimed, give_up),
        Handler("checkout.forget_activity", MemberErased, forget),
    )
