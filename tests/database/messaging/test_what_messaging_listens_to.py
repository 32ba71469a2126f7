"""Handlers: what was announced becomes words, in the worker, from the ledger or from any room above."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from fedele.db.database import Database
from fedele.domains.ledger.events import PointsClawedBack, PointsEarned
from fedele.domains.ledger.types import TransactionId
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands, handlers, queries
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.messaging.types import Value
from fedele.domains.programme.types import Programme, Text
from fedele.jobs.worker import Worker
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.messaging import NOON, make_device, make_member, make_messages, make_programme, make_template
from tests.fakes.push import FakePush


@dataclasses.dataclass(frozen=True, kw_only=True)
class LevelReached(Event):
    """An event of a room above."""

    kind: ClassVar[str] = "test.level_reached"
    level: str | None


def level_values(event: LevelReached, programme: Programme) -> Mapping[str, Value] | None:
    """The level's name in every language; nothing to tell of a level lost."""
    return {"level": Text({"en": "Gold", "it": "Oro"})} if event.level else None


PROGRAMME = make_programme(
    make_messages(
        make_template(),
        make_template(key="level", on="test.level_reached", title={"en": "{level}!", "it": "{level}!"}),
        quiet_hours=None,
    )
)


async def programme_at(when: datetime) -> Programme:
    """The same at any moment."""
    return PROGRAMME


async def work(database: Database, push: FakePush, *events: Event) -> None:
    """Publish these and let a worker do all that follows."""
    delivery = Delivery(database, programme_at, push, lambda: Moment(NOON))
    listening = (
        *handlers.handlers(delivery),
        commands.announcing(LevelReached, level_values, database, programme_at, lambda: Moment(NOON)),
    )
    async with database.transaction() as tx:
        await tx.publish(*events)
    await Worker(database, listening, role="fedele_app").drain()


def earned(member_id: MemberId, kind: type[Any] = PointsEarned, **more: Any) -> Event:
    """What the ledger announces."""
    event: Event = kind(
        member_id=member_id, occurred_at=NOON, currency=CurrencyKey("points"), units=10, spendable=90,
        transaction_id=TransactionId(new_id()), **more,
    )  # fmt: skip
    return event


async def test_from_the_ledgers_event_to_the_phone(admin: Any, database: Database) -> None:
    """Points earned, committed, relayed: the message stands in the app and the push has left."""
    member_id, push = await make_member(admin), FakePush()
    await make_device(database, member_id, "token-phone-1")
    await work(database, push, earned(member_id, source="purchase"))
    [sent] = push.sent
    assert (sent.title, sent.body) == ("10 punti per te", "Ora hai 90 punti, Giulia.")
    assert len((await queries.list_messages(database.reader, PROGRAMME, member_id, Moment(NOON))).items) == 1


async def test_what_has_no_words_says_nothing(admin: Any, database: Database) -> None:
    """Points taken back by a return: this programme has no words for it, so nothing happens and nothing is logged."""
    member_id, push = await make_member(admin), FakePush()
    await make_device(database, member_id, "token-phone-1")
    await work(database, push, earned(member_id, PointsClawedBack))
    assert push.sent == []
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 0


async def test_a_room_above_speaks_through_one_line(admin: Any, database: Database) -> None:
    """Its event, its values, the programme's words, the member's language; None means there is nothing to tell."""
    member_id, push = await make_member(admin), FakePush()
    await make_device(database, member_id, "token-phone-1")
    await work(
        database, push,
        LevelReached(member_id=member_id, occurred_at=NOON, level="gold"),
        LevelReached(member_id=member_id, occurred_at=NOON, level=None),
    )  # fmt: skip
    assert [sent.title for sent in push.sent] == ["Oro!"]


async def test_an_erased_member_is_forgotten(admin: Any, database: Database) -> None:
    """Erasure reaches the targets and the messages through its event."""
    member_id, push = await make_member(admin), FakePush()
    await make_device(database, member_id, "token-phone-1")
    await work(database, push, earned(member_id, source="purchase"))
    await work(database, push, MemberErased(member_id=member_id, occurred_at=NOON))
    for table in ("push_target", "push_target_owner", "in_app_message", "push_send"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_an_import_says_nothing(admin: Any, database: Database) -> None:
    """What is imported quietly reaches nobody's phone."""
    member_id, push = await make_member(admin), FakePush()
    await make_device(database, member_id, "token-phone-1")
    async with database.transaction(quiet=True) as tx:
        await tx.publish(earned(member_id, source="import"))
    await work(database, push)
    assert (push.sent, await admin.fetchval("SELECT count(*) FROM in_app_message")) == ([], 0)
