"""What the checkout does when something happened elsewhere: joining is an occasion to earn."""

from collections.abc import Callable
from uuid import UUID

from fedele.domains.checkout.commands import record_event
from fedele.domains.checkout.ports import Till
from fedele.domains.members.events import MemberEnrolled
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment


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

    return (Handler("checkout.record_enrolment", MemberEnrolled, welcome),)
