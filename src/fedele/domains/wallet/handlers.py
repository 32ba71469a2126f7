"""What the wallet does when something happened: notice that a card changed, and tell the phones that hold it."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import structlog

from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded
from fedele.domains.community.events import GatheringAttended, GatheringJoined, GatheringLeft
from fedele.domains.ledger import events as points
from fedele.domains.members.events import CardCodeReplaced, MemberErased, ProfileChanged
from fedele.domains.messaging.events import WalletMessageSet
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.rewards.events import RedemptionCancelled, RedemptionReopened, RedemptionUsed
from fedele.domains.tiers.events import TierChanged
from fedele.domains.wallet import commands, queries
from fedele.domains.wallet.commands.google import ROUND_SECONDS
from fedele.domains.wallet.events import PassUpdated
from fedele.domains.wallet.ports import PassAssembler, PassPush
from fedele.domains.wallet.types import PassKind, Serial, card_serial, subject_of
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.event import Event

log = structlog.get_logger("fedele.wallet")

LAPSED_A_ROUND_MAX = 500
SWEEP_SECONDS = 60.0
CHANGES_A_CARD: tuple[type[Event], ...] = (
    points.PointsEarned,
    points.PointsSettled,
    points.PointsBurned,
    points.PointsRestored,
    points.PointsHeld,
    points.PointsClawedBack,
    points.PointsExpired,
    points.PointsAdjusted,
    points.ExpiryMoved,
    TierChanged,
    ProfileChanged,
    CardCodeReplaced,
    MemberErased,
    WalletMessageSet,
)
FURTHER_KINDS: tuple[PassKind, ...] = ("reward", "offer", "ticket")
# What changes the member's other passes, and of which kinds. The events are rare, and the passes few.
CHANGES_OTHERS: Mapping[type[Event], tuple[PassKind, ...]] = {
    RedemptionUsed: ("reward",),
    RedemptionCancelled: ("reward",),
    RedemptionReopened: ("reward",),
    PurchaseRecorded: ("offer",),
    GatheringJoined: ("ticket",),
    GatheringLeft: ("ticket",),
    GatheringAttended: ("ticket",),
    CardCodeReplaced: ("offer", "ticket"),
    ProfileChanged: FURTHER_KINDS,
    MemberErased: FURTHER_KINDS,
}


def handlers(
    database: Database,
    programmes: ProgrammeSource,
    assembler: PassAssembler,
    push: PassPush,
    now: Callable[[], Moment] = moment_now,
) -> tuple[Handler, ...]:
    """The wallet's handlers, for bootstrap's list."""

    async def refresh(event: Event, _outbox_id: UUID) -> None:
        # Idempotent by content: the second delivery finds the card as the first one left it.
        moment = now()
        programme = await programmes.at(moment.now)
        async with database.transaction() as tx:
            await commands.refresh_card(tx, assembler, programme, event.member_id, moment)

    def refreshing(kinds: tuple[PassKind, ...]) -> Callable[[Event, UUID], Awaitable[None]]:
        async def refresh_others(event: Event, _outbox_id: UUID) -> None:
            moment = now()
            programme = await programmes.at(moment.now)
            for serial in await queries.serials_of(database.reader, event.member_id, kinds):
                subject = subject_of(serial)
                if subject is not None:
                    async with database.transaction() as tx:
                        await commands.refresh_pass(tx, assembler, programme, subject, moment)

        return refresh_others

    async def tell_phones(event: PassUpdated, _outbox_id: UUID) -> None:
        # A second push is harmless: the phone asks and hears that nothing changed.
        serial = Serial(event.serial)
        tokens = await queries.list_push_tokens(database.reader, event.member_id, serial)
        gone = await push.notify(tokens) if tokens else ()
        if gone:
            async with database.transaction() as tx:
                await commands.forget_push_tokens(tx, event.member_id, serial, gone, now())

    async def tell_google(event: PassUpdated, _outbox_id: UUID) -> None:
        own, card = Serial(event.serial), card_serial(event.member_id)
        async with database.transaction() as tx:
            for serial in dict.fromkeys((own, card)):  # the card names the passes that Google shows beside it
                await commands.mark_changed(tx, event.member_id, serial, now())

    changed = (Handler(name=f"wallet.pass_changed.{event.kind}", event=event, run=refresh) for event in CHANGES_A_CARD)
    others = (
        Handler(name=f"wallet.others_changed.{event.kind}", event=event, run=refreshing(kinds))
        for event, kinds in CHANGES_OTHERS.items()
    )
    return (
        *changed,
        *others,
        Handler(name="wallet.tell_phones", event=PassUpdated, run=tell_phones),
        Handler(name="wallet.tell_google", event=PassUpdated, run=tell_google),
    )


def sweep_schedule(database: Database, programmes: ProgrammeSource, assembler: PassAssembler) -> Schedule:
    """Voids passes whose time is up. Phones do so by themselves (expirationDate); Google and our own books need it."""

    async def sweep(moment: Moment) -> None:
        programme = await programmes.at(moment.now)
        for subject in await queries.list_lapsed(database.reader, moment, LAPSED_A_ROUND_MAX):
            try:
                async with database.transaction() as tx:
                    await commands.refresh_pass(tx, assembler, programme, subject, moment)
            except ValueError as error:  # a design that is gone must not keep the others alive
                log.warning("wallet.pass_not_voided", kind=subject.kind, reason=str(error))

    return Schedule("wallet.void_lapsed_passes", SWEEP_SECONDS, sweep)


def google_schedules(writer: commands.GoogleWriter | None) -> tuple[Schedule, ...]:
    """Writing what changed to Google Wallet, where it is configured."""
    if writer is None:
        return ()

    async def write(moment: Moment) -> None:
        await writer.write_due(moment)

    return (Schedule("wallet.write_google_cards", ROUND_SECONDS, write),)
