"""What surveys do when something happened elsewhere: note who is to be asked about it, and forget who was erased."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded, PurchaseReturned
from fedele.domains.activity.queries import find_event, find_purchase
from fedele.domains.activity.types import ActivityEventId, PurchaseId
from fedele.domains.members.events import MemberEnrolled, MemberErased
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import Value
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.events import RedemptionEvent, RedemptionUsed, RewardRedeemed
from fedele.domains.segments.events import SegmentEntered
from fedele.domains.segments.queries import find_facts
from fedele.domains.segments.types import MemberFacts
from fedele.domains.surveys import commands, triggers
from fedele.domains.surveys.commands import Occasion
from fedele.domains.surveys.config import AfterEvent, AfterPurchase, AfterVisit, Survey, SurveysConfig
from fedele.domains.surveys.events import SurveyOpened
from fedele.domains.surveys.types import public_id
from fedele.domains.tiers.queries import status_of
from fedele.jobs.types import Handler
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId

STORE_LENGTH_MAX = 45  # of a visit's occasion, so that it fits into an id


class _Asker:
    """Notes who is to be asked. The programme of now is asked for, as the member would be asked now."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, clock: Clock) -> None:
        self._database, self._programme_at, self._clock = database, programme_at, clock

    async def bought(self, event: PurchaseRecorded, _outbox_id: UUID) -> None:
        """A purchase is something to ask about, and a visit."""
        programme = await self._programme_at(self._clock().now)
        surveys: list[Survey] = []
        if triggers.wants(programme, AfterPurchase):
            purchase = await find_purchase(self._database.reader, event.member_id, PurchaseId(event.purchase_id))
            standing = await self._standing(programme, event.member_id)
            if purchase is not None and standing is not None:
                surveys = triggers.after_purchase(programme, purchase, *standing)
        await self._invite(
            programme, event, surveys, Occasion(str(event.purchase_id), event.occurred_at, event.store_id)
        )
        await self._visited(programme, event, event.store_id, None)

    async def returned(self, event: PurchaseReturned, _outbox_id: UUID) -> None:
        """Nobody is asked about what came back whole."""
        if event.whole:
            async with self._database.transaction() as tx:
                await commands.withdraw_returned(tx, event.member_id, str(event.purchase_id))

    async def did(self, event: ActivityRecorded, _outbox_id: UUID) -> None:
        """An event is something to ask about, and may be a visit."""
        programme = await self._programme_at(self._clock().now)
        surveys: list[Survey] = []
        if triggers.wants(programme, AfterEvent):
            record = await find_event(self._database.reader, event.member_id, ActivityEventId(event.event_id))
            standing = await self._standing(programme, event.member_id)
            if record is not None and standing is not None:
                surveys = triggers.after_event(programme, record, *standing)
        await self._invite(programme, event, surveys, Occasion(str(event.event_id), event.occurred_at, event.store_id))
        await self._visited(programme, event, event.store_id, event.name)

    async def took(self, event: RedemptionEvent, _outbox_id: UUID) -> None:
        """A reward was taken or used."""
        programme, used = await self._programme_at(self._clock().now), isinstance(event, RedemptionUsed)
        store_id = event.store_id if isinstance(event, RedemptionUsed) else None
        occasion = Occasion(str(event.redemption_id), event.occurred_at, store_id)
        surveys = triggers.after_redemption(programme, event.reward_key, used=used)
        await self._invite(programme, event, surveys, occasion)

    async def joined(self, event: MemberEnrolled, _outbox_id: UUID) -> None:
        """Somebody joined: they are asked in some days."""
        programme = await self._programme_at(self._clock().now)
        await self._invite(programme, event, triggers.after_joining(programme), Occasion("joined", event.occurred_at))

    async def entered(self, event: SegmentEntered, outbox_id: UUID) -> None:
        """The member has come into a segment."""
        programme = await self._programme_at(self._clock().now)
        surveys = triggers.on_segment(programme, event.segment)
        await self._invite(programme, event, surveys, Occasion(str(outbox_id), event.occurred_at))

    async def _visited(self, programme: Programme, event: Event, store_id: str | None, name: str | None) -> None:
        if store_id is None or not triggers.wants(programme, AfterVisit):
            return
        zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
        day = event.occurred_at.astimezone(zone).date()
        occasion = Occasion(f"{day}:{store_id[:STORE_LENGTH_MAX]}", event.occurred_at, store_id)
        await self._invite(programme, event, triggers.after_visit(programme, store_id, name), occasion)

    async def _invite(self, programme: Programme, event: Event, surveys: Sequence[Survey], occasion: Occasion) -> None:
        if not surveys:
            return
        moment = self._clock()
        async with self._database.transaction() as tx:
            for survey in surveys:
                await commands.invite(tx, programme, event.member_id, survey, occasion, moment)

    async def _standing(self, programme: Programme, member_id: MemberId) -> tuple[MemberFacts, str | None] | None:
        moment, reader = self._clock(), self._database.reader
        facts = await find_facts(reader, programme, member_id, moment.now)
        if facts is None:
            return None
        status = await status_of(reader, programme, member_id, moment)
        return facts, status.current if status else None


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Surveys' handlers, for bootstrap's list."""
    asker = _Asker(database, programme_at, clock)

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return (
        Handler("surveys.ask_about_purchase", PurchaseRecorded, asker.bought),
        Handler("surveys.ask_no_more_about_purchase", PurchaseReturned, asker.returned),
        Handler("surveys.ask_about_event", ActivityRecorded, asker.did),
        Handler("surveys.ask_about_reward_taken", RewardRedeemed, asker.took),
        Handler("surveys.ask_about_reward_used", RedemptionUsed, asker.took),
        Handler("surveys.ask_new_member", MemberEnrolled, asker.joined),
        Handler("surveys.ask_segment", SegmentEntered, asker.entered),
        Handler("surveys.forget_member", MemberErased, forget),
        messaging.announcing(SurveyOpened, told_of_opening, database, programme_at, clock),
    )


def told_of_opening(event: SurveyOpened, programme: Programme) -> Mapping[str, Value] | None:
    """`{survey}`, and for the deep link `{survey_id}`, `{survey_key}`, `{occasion}`; None if it left the programme."""
    survey = programme.section(SurveysConfig).find(event.survey_key)
    if survey is None:
        return None
    return {
        "survey": survey.title,
        "survey_key": survey.key,
        "occasion": event.occasion,
        "survey_id": public_id(survey.key, event.occasion),
    }
