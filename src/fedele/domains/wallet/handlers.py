"""What the wallet does when something happened: notice that a card changed, and tell the phones that hold it."""

from collections.abc import Callable
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.ledger import events as points
from fedele.domains.members.events import CardCodeReplaced, MemberErased, ProfileChanged
from fedele.domains.messaging.events import WalletMessageSet
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.events import TierChanged
from fedele.domains.wallet import commands, queries
from fedele.domains.wallet.commands.google import ROUND_SECONDS
from fedele.domains.wallet.events import PassUpdated
from fedele.domains.wallet.ports import PassAssembler, PassPush
from fedele.domains.wallet.types import Serial
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.event import Event

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

    async def tell_phones(event: PassUpdated, _outbox_id: UUID) -> None:
        # A second push is harmless: the phone asks and hears that nothing changed.
        serial = Serial(event.serial)
        tokens = await queries.list_push_tokens(database.reader, event.member_id, serial)
        gone = await push.notify(tokens) if tokens else ()
        if gone:
            async with database.transaction() as tx:
                await commands.forget_push_tokens(tx, event.member_id, serial, gone, now())

    async def tell_google(event: PassUpdated, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.mark_changed(tx, event.member_id, Serial(event.serial), now())

    changed = (Handler(name=f"wallet.pass_changed.{event.kind}", event=event, run=refresh) for event in CHANGES_A_CARD)
    return (
        *changed,
        Handler(name="wallet.tell_phones", event=PassUpdated, run=tell_phones),
        Handler(name="wallet.tell_google", event=PassUpdated, run=tell_google),
    )


def google_schedules(writer: commands.GoogleWriter | None) -> tuple[Schedule, ...]:
    """Writing what changed to Google Wallet, where it is configured."""
    if writer is None:
        return ()

    async def write(moment: Moment) -> None:
        await writer.write_due(moment)

    return (Schedule("wallet.write_google_cards", ROUND_SECONDS, write),)
