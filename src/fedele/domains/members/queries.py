"""Reading members. Look-ups are exact: by id, by an identity's digest, by a card code."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import SecretBytes, SecretStr

from fedele.db.database import Queryable, Row
from fedele.domains.members import card
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.errors import CardCodeUnknown, MemberNotFound
from fedele.domains.members.profile import check_display_name, check_locale, check_preferences, check_time_zone
from fedele.domains.members.types import (
    CardCode,
    CardHolder,
    Channel,
    Consent,
    ConsentChange,
    Identity,
    Member,
    MemberStatus,
    MonthDay,
    NewMember,
    Peppers,
    Purpose,
    RotatingCode,
    RotatingSecret,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId

DEFAULT_LOCALE = "en"
DEFAULT_TIME_ZONE = "UTC"

_MEMBER = """
SELECT m.member_id, m.status, m.joined_at, p.locale, p.time_zone, p.display_name, p.birthday_month, p.birthday_day,
       p.picture_url, p.background_url, p.home_store, p.preferences
FROM member m LEFT JOIN member_profile p USING (member_id)
"""


async def find_member(db: Queryable, member_id: MemberId) -> Member | None:
    """The member, whatever their status, or None."""
    row = await db.fetch_row(_MEMBER + "WHERE m.member_id = $1", member_id)
    return _member(row) if row else None


async def get_member(db: Queryable, member_id: MemberId) -> Member:
    """The member. Raises MemberNotFound."""
    if member := await find_member(db, member_id):
        return member
    raise MemberNotFound()


async def members_by_id(db: Queryable, member_ids: Sequence[MemberId]) -> dict[MemberId, Member]:
    """Many members at once, for a loader; unknown ids are absent."""
    rows = await db.fetch(_MEMBER + "WHERE m.member_id = ANY($1::uuid[])", list(member_ids))
    return {member.id: member for member in map(_member, rows)}


async def find_by_identity(db: Queryable, identity: Identity, peppers: Peppers) -> MemberId | None:
    """Whose identity this is, under any pepper version, or None."""
    member_id: MemberId | None = await db.fetch_value(
        "SELECT member_id FROM member_identity WHERE kind = $1 AND digest = ANY($2::bytea[]) LIMIT 1",
        identity.kind, peppers.digests(identity),
    )  # fmt: skip
    return member_id


async def find_by_code(db: Queryable, text: str, moment: Moment, peppers: Peppers | None = None) -> CardHolder:
    """Whom a scanned or typed card code belongs to; `revoked_at` set means: refuse the card, with that reason.

    Raises CardCodeMalformed for a misread code, CardCodeUnknown for one never issued or a rotating one out of time.
    Rotating codes need the peppers; without them they are unknown.
    """
    parsed = card.parse_code(text)
    digest = card.lookup_digest(parsed.lookup)
    row = await db.fetch_row(
        """
        SELECT c.member_id, c.revoked_at, c.revoked_because, m.status
        FROM card_code c JOIN member m USING (member_id) WHERE c.digest = $1 AND c.kind = $2
        """,
        digest, "static" if parsed.token is None else "rotating",
    )  # fmt: skip
    if row is None:
        raise CardCodeUnknown(field="code")
    step = None
    # A revoked code is told as such whatever its digits: whoever holds it knows the handle already.
    if parsed.token is not None and row["revoked_at"] is None:
        known = [card.rotating_secret(peppers, parsed.lookup, version) for version in peppers.values] if peppers else []
        step = card.current_step(parsed.token, known, moment.now)
        if step is None:
            raise CardCodeUnknown(field="code")
    return CardHolder(
        row["member_id"],
        MemberStatus(row["status"]),
        row["revoked_at"],
        rotating=parsed.token is not None,
        revoked_because=row["revoked_because"],
        digest=digest,
        step=step,
    )


async def find_card_code(db: Queryable, member_id: MemberId) -> CardCode | None:
    """The member's live static code, as the pass prints it. A guest or erased member has none."""
    return (await card_codes_by_member(db, [member_id])).get(member_id)


async def card_codes_by_member(db: Queryable, member_ids: Sequence[MemberId]) -> dict[MemberId, CardCode]:
    """The live static codes of many members, for a loader."""
    rows = await db.fetch(
        """
        SELECT member_id, code, issued_at FROM card_code
        WHERE member_id = ANY($1::uuid[]) AND kind = 'static' AND revoked_at IS NULL
        """,
        list(member_ids),
    )
    return {row["member_id"]: CardCode(row["member_id"], row["code"], row["issued_at"]) for row in rows}


async def find_rotating_code(
    db: Queryable, member_id: MemberId, peppers: Peppers, moment: Moment
) -> RotatingCode | None:
    """The code the app shows at this moment. A guest or erased member has none."""
    handle = await _find_handle(db, member_id)
    if handle is None:
        return None
    step = card.step_of(moment.now)
    return RotatingCode(
        code=card.rotating_code(handle, card.rotating_secret(peppers, handle), moment.now),
        next_at=card.step_ends_at(step),
        valid_until=card.step_ends_at(step + card.STEPS_ACCEPTED),
    )


async def find_rotating_secret(db: Queryable, member_id: MemberId, peppers: Peppers) -> RotatingSecret | None:
    """What a wallet that makes rotating codes by itself needs: Google's rotatingBarcode, TOTP_SHA1."""
    handle = await _find_handle(db, member_id)
    if handle is None:
        return None
    return RotatingSecret(
        pattern=f"{card.GOOGLE_PREFIX}{handle}{{totp_value_0}}",
        secret=SecretBytes(card.rotating_secret(peppers, handle)),
        period_seconds=card.STEP_SECONDS,
        digits=card.TOKEN_DIGITS,
    )


async def _find_handle(db: Queryable, member_id: MemberId) -> str | None:
    handle: str | None = await db.fetch_value(
        "SELECT code FROM card_code WHERE member_id = $1 AND kind = 'rotating' AND revoked_at IS NULL", member_id
    )
    return handle


async def consents_by_member(db: Queryable, member_ids: Sequence[MemberId]) -> dict[MemberId, tuple[Consent, ...]]:
    """Where each member stands today, for a loader. A pair never asked for is absent, which means no."""
    rows = await db.fetch(
        """
        SELECT member_id, purpose, channel, granted, changed_at FROM member_consent
        WHERE member_id = ANY($1::uuid[]) ORDER BY purpose, channel
        """,
        list(member_ids),
    )
    result: dict[MemberId, list[Consent]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        result[row["member_id"]].append(
            Consent(Purpose(row["purpose"]), Channel(row["channel"]), row["granted"], row["changed_at"])
        )
    return {member_id: tuple(consents) for member_id, consents in result.items()}


async def list_consents(db: Queryable, member_id: MemberId) -> tuple[Consent, ...]:
    """Where the member stands today."""
    return (await consents_by_member(db, [member_id]))[member_id]


def is_granted(consents: Iterable[Consent], purpose: Purpose, channel: Channel) -> bool:
    """Whether these consents allow this use. Silence is no."""
    return any(c.granted for c in consents if c.purpose is purpose and c.channel is channel)


async def list_consent_history(db: Queryable, member_id: MemberId) -> tuple[ConsentChange, ...]:
    """Everything the member ever agreed to or withdrew, oldest first."""
    rows = await db.fetch("SELECT * FROM consent_change WHERE member_id = $1 ORDER BY changed_at, change_id", member_id)
    return tuple(
        ConsentChange(
            change_id=row["change_id"], purpose=Purpose(row["purpose"]), channel=Channel(row["channel"]),
            granted=row["granted"], changed_at=row["changed_at"], source=row["source"], wording=row["wording"],
        )
        for row in rows
    )  # fmt: skip


async def list_contacts(db: Queryable, member_id: MemberId) -> tuple[Identity, ...]:
    """Addresses and numbers to write to, in clear (inside SecretStr)."""
    rows = await db.fetch(
        "SELECT kind, value FROM member_contact WHERE member_id = $1 ORDER BY kind, added_at, value", member_id
    )
    return tuple(Identity(row["kind"], SecretStr(row["value"])) for row in rows)


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """All that this room knows of the member, as JSON-able values (GDPR articles 15 and 20). Raises MemberNotFound."""
    member = await get_member(db, member_id)
    code = await find_card_code(db, member_id)
    kinds = await db.fetch(
        "SELECT kind, linked_at FROM member_identity WHERE member_id = $1 ORDER BY kind, linked_at", member_id
    )
    return {
        "profile": _exported_profile(member),
        "contacts": [
            {"kind": contact.kind, "value": contact.value.get_secret_value()}
            for contact in await list_contacts(db, member_id)
        ],
        "identities": [{"kind": row["kind"], "linkedAt": row["linked_at"].isoformat()} for row in kinds],
        "card": {"code": code.code, "issuedAt": code.issued_at.isoformat()} if code else None,
        "consentHistory": [
            {
                "purpose": change.purpose.value, "channel": change.channel.value, "granted": change.granted,
                "changedAt": change.changed_at.isoformat(), "source": change.source, "wording": change.wording,
            }
            for change in await list_consent_history(db, member_id)
        ],
    }  # fmt: skip


def _exported_profile(member: Member) -> dict[str, Any]:
    return {
        "displayName": member.display_name,
        "locale": member.locale,
        "timeZone": member.time_zone,
        "birthday": {"month": member.birthday.month, "day": member.birthday.day} if member.birthday else None,
        "picture": member.picture_url,
        "background": member.background_url,
        "homeStore": member.home_store,
        "joinedAt": member.joined_at.isoformat(),
        "status": member.status.value,
        "preferences": dict(member.preferences),
    }


def _member(row: Row) -> Member:
    preferences: Mapping[str, Any] = row["preferences"] or {}
    return Member(
        id=row["member_id"],
        status=MemberStatus(row["status"]),
        locale=row["locale"] or DEFAULT_LOCALE,
        time_zone=row["time_zone"] or DEFAULT_TIME_ZONE,
        joined_at=row["joined_at"],
        display_name=row["display_name"],
        birthday=MonthDay(row["birthday_month"], row["birthday_day"]) if row["birthday_month"] else None,
        picture_url=row["picture_url"],
        background_url=row["background_url"],
        home_store=StoreId(row["home_store"]) if row["home_store"] else None,
        preferences=preferences,
    )


async def find_version(db: Queryable, member_id: MemberId) -> int:
    """How many times anything of this member's has changed; 0 for whoever was never written about."""
    version: int | None = await db.fetch_value("SELECT version FROM member_version WHERE member_id = $1", member_id)
    return version or 0


def check_new_member(new: NewMember, config: MembersConfig) -> None:
    """Raise ProfileInvalid, PreferenceUnknown or PreferenceInvalid if enrolling would: for checking before a batch."""
    check_locale(new.locale)
    check_time_zone(new.time_zone)
    if new.display_name:
        check_display_name(new.display_name)
    check_preferences(new.preferences, config)


async def holders_by_identity(
    db: Queryable, identities: Sequence[Identity], peppers: Peppers
) -> dict[Identity, MemberId]:
    """Whose these identities are, in one statement; those of nobody are left out."""
    asked = {(i.kind, digest): i for i in identities for digest in peppers.digests(i)}
    rows = await db.fetch(
        """
        SELECT kind, digest, member_id FROM member_identity
        WHERE (kind, digest) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))
        """,
        [kind for kind, _ in asked],
        [digest for _, digest in asked],
    )
    return {asked[row["kind"], row["digest"]]: row["member_id"] for row in rows}
