"""Programmes with words, members who may be contacted, and their phones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fedele.db.database import Database
from fedele.domains.members.types import Purpose
from fedele.domains.messaging import commands
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.types import Device, DeviceInput, Permission, Platform, TargetKind
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme, ProgrammeVersion
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

NOON = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # noon in Rome

TITLE = {
    "en": "{amount} points for you",
    "it": "{amount} punti per te",
    "ru": "Вам {amount} баллов",
    "ar": "لك {amount} نقطة",
}
BODY = {"en": "You have {balance} {currency} now, {name}.", "it": "Ora hai {balance} {currency}, {name}."}


def make_template(**changes: Any) -> dict[str, Any]:
    """A template as the programme file writes it."""
    return {
        "key": "points-earned",
        "on": "points.earned",
        "channels": ["push", "in_app"],
        "purpose": "marketing",
        "title": TITLE,
        "body": BODY,
        "deep_link": "grocer://activity/{transaction}",
        "image": "https://grocer.example/points.png",
        "android_channel": "points",
        "display": "card",
    } | changes


def make_messages(*templates: dict[str, Any], **changes: Any) -> MessagesConfig:
    """The section `messages`; with no template given, the one for points earned."""
    settings = {"quiet_hours": {"starts": "21:00", "ends": "08:00"}, "pushes_per_day_max": 3} | changes
    return MessagesConfig.model_validate({**settings, "templates": list(templates) or [make_template()]})


def make_programme(messages: MessagesConfig | None = None) -> Programme:
    """A programme that speaks four languages and counts whole points and tenths of stars."""
    currencies = [
        {"key": "points", "name": {"en": "points", "it": "punti"}, "name_one": {"en": "point", "it": "punto"}},
        {"key": "stars", "name": "Stars", "decimals": 1},
    ]
    return Programme(
        ProgrammeVersion(1),
        datetime(2026, 1, 1, tzinfo=UTC),
        {
            "programme": ProgrammeConfig.model_validate(
                {
                    "key": "grocer", "name": "Grocer", "time_zone": "Europe/Rome", "home_currency": "EUR",
                    "locales": ["en", "it", "ru", "ar"],
                }
            ),
            "currencies": Currencies.model_validate(currencies),
            "messages": messages or make_messages(),
        },
    )  # fmt: skip


async def make_member(
    admin: Any,
    *,
    locale: str = "it",
    time_zone: str = "Europe/Rome",
    name: str = "Giulia",
    consents: Sequence[tuple[str, str]] = (("marketing", "push"),),
    refusals: Sequence[tuple[str, str]] = (),
) -> MemberId:
    """An active member who gave these consents and spoke these refusals."""
    member_id = MemberId(new_id())
    await admin.execute(
        "INSERT INTO member (member_id, status, source, joined_at, recorded_at) VALUES ($1, 'active', 'app', $2, $2)",
        member_id, NOON,
    )  # fmt: skip
    await admin.execute(
        "INSERT INTO member_profile (member_id, locale, time_zone, display_name) VALUES ($1, $2, $3, $4)",
        member_id, locale, time_zone, name,
    )  # fmt: skip
    for granted, pairs in ((True, consents), (False, refusals)):
        for purpose, channel in pairs:
            await set_consent(admin, member_id, purpose, channel, granted)
    return member_id


async def set_consent(admin: Any, member_id: MemberId, purpose: str, channel: str, granted: bool) -> None:
    """Where the member stands from now on."""
    await admin.execute(
        """
        INSERT INTO member_consent (member_id, purpose, channel, granted, changed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (member_id, purpose, channel) DO UPDATE SET granted = $4
        """,
        member_id, Purpose(purpose).value, channel, granted, NOON,
    )  # fmt: skip


async def make_device(database: Database, member_id: MemberId, value: str, **changes: Any) -> Device:
    """A phone of the member's that may be notified, unless said otherwise."""
    given = {"kind": TargetKind.FCM_TOKEN, "platform": Platform.ANDROID, "permission": Permission.GRANTED} | changes
    async with database.transaction() as tx:
        return await commands.register_device(tx, member_id, DeviceInput(value=value, **given), Moment(NOON))
