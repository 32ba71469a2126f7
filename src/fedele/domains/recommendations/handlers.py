"""Following what members buy: each purchase and return is learned from when it is told."""

from collections.abc import Callable
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded, PurchaseReturned
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import PurchaseId
from fedele.domains.members.events import ConsentChanged, MemberErased
from fedele.domains.recommendations import commands
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment


def handlers(database: Database, clock: Callable[[], Moment]) -> tuple[Handler, ...]:
    """The room's handlers, for bootstrap's list."""

    async def learn(event: PurchaseRecorded | PurchaseReturned, _outbox_id: UUID) -> None:
        assert event.member_id is not None
        purchase = await find_purchase(database.reader, event.member_id, PurchaseId(event.purchase_id))
        if purchase is None:
            return
        skus = {line.sku for line in purchase.lines if line.sku is not None}
        async with database.transaction() as tx:
            await commands.learn(tx, event.member_id, clock(), skus)

    async def follow_consent(event: ConsentChanged, _outbox_id: UUID) -> None:
        if event.purpose == "personalization" and event.member_id is not None:
            async with database.transaction() as tx:
                await commands.learn(tx, event.member_id, clock())  # keeps nothing of who said no

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return (
        Handler("recommendations.learn_purchase", PurchaseRecorded, learn),
        Handler("recommendations.learn_return", PurchaseReturned, learn),
        Handler("recommendations.follow_consent", ConsentChanged, follow_consent),
        Handler("recommendations.forget_member", MemberErased, forget),
    )
