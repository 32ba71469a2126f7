"""What offers do when something happened: answer what members did, tell what was triggered, forget whom to forget."""

from collections.abc import Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded
from fedele.domains.members.events import ConsentChanged, MemberErased
from fedele.domains.members.types import Purpose
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.types import Value
from fedele.domains.offers import commands
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.events import OfferTriggered
from fedele.domains.offers.ports import Clock, ProgrammeAt
from fedele.domains.offers.triggers.following import after_event, after_purchase
from fedele.domains.offers.variants import words_of
from fedele.domains.programme.config import Places
from fedele.domains.programme.types import Programme, Text
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Offers' handlers, for bootstrap's list."""

    async def follow_purchase(event: PurchaseRecorded, _outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        async with database.transaction() as tx:
            await after_purchase(tx, programme, event.member_id, event.purchase_id, event.occurred_at, moment)

    async def follow_event(event: ActivityRecorded, _outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        async with database.transaction() as tx:
            await after_event(tx, programme, event.member_id, event.event_id, event.name, event.occurred_at, moment)

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    async def forget_positions(event: ConsentChanged, _outbox_id: UUID) -> None:
        if event.purpose is Purpose.LOCATION and not event.granted:
            async with database.transaction() as tx:
                await commands.forget_positions(tx, event.member_id)

    return (
        messaging.announcing(OfferTriggered, told_of, database, programme_at, clock),
        Handler("offers.follow_purchase", PurchaseRecorded, follow_purchase),
        Handler("offers.follow_event", ActivityRecorded, follow_event),
        Handler("offers.forget_member", MemberErased, forget),
        Handler("offers.forget_positions", ConsentChanged, forget_positions),
    )


def told_of(event: OfferTriggered, programme: Programme) -> Mapping[str, Value] | None:
    """`{offer}`, `{text}`, `{place}` and `{offer_key}` of a message; None for an offer that is only shown."""
    offer = programme.section(OffersConfig).find(event.offer_key)
    if offer is None or not event.push:
        return None
    words = words_of(offer, event.variant)
    place = next((place for place in programme.section(Places) if place.key == event.place_key), None)
    return {
        "offer": words.title,
        "text": words.body,
        "place": place.name if place else Text({"": ""}),
        "offer_key": offer.key,
    }
