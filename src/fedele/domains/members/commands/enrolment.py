"""Joining: enrol one or many, link another identity, stand in for a guest."""

from collections.abc import Sequence
from itertools import chain

from fedele.db.database import Transaction
from fedele.domains.members import events, queries
from fedele.domains.members.commands.cards import insert_cards
from fedele.domains.members.commands.consents import record_consents
from fedele.domains.members.commands.hold import hold
from fedele.domains.members.enrolment import Assignment, assign
from fedele.domains.members.errors import IdentityTaken
from fedele.domains.members.identity import CONTACT_KINDS
from fedele.domains.members.profile import check_display_name, check_locale, check_time_zone
from fedele.domains.members.types import Enrolment, Identity, NewMember, Peppers
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, guest_member_id, new_id


async def enrol(tx: Transaction, new: NewMember, peppers: Peppers, moment: Moment) -> Enrolment:
    """Enrol somebody, or find them: whoever holds one of the identities already is the member, and gets the others too.

    Twenty at once with one identity make one member. The caller vouches that the identities are theirs. An existing
    member's profile stays as it is. Raises IdentityTaken when the identities belong to two members.
    """
    return (await enrol_many(tx, [new], peppers, moment))[0]


async def enrol_many(tx: Transaction, news: Sequence[NewMember], peppers: Peppers, moment: Moment) -> list[Enrolment]:
    """Enrol a batch (up to about a thousand) in a handful of statements; see `enrol`. The answer keeps the order."""
    identities = {(i.kind, i.value.get_secret_value()): i for i in chain.from_iterable(n.identities for n in news)}
    await _lock_identities(tx, list(identities.values()), peppers)
    held = await _holders(tx, list(identities.values()), peppers)
    assignments = assign(news, held, lambda: MemberId(new_id()))
    pairs = list(zip(news, assignments, strict=True))
    created = [(new, assignment) for new, assignment in pairs if assignment.created]
    made = {assignment.member_id for _, assignment in created}
    for member_id in sorted({a.member_id for a in assignments if a.to_link} - made):
        await hold(tx, member_id)
    await _insert_members(tx, created, moment)
    await _insert_identities(tx, [assignment for _, assignment in pairs], peppers, moment)
    await _insert_consents(tx, created, moment)
    for new, assignment in pairs:
        if assignment.created:
            await tx.publish(
                events.MemberEnrolled(member_id=assignment.member_id, occurred_at=moment.now, source=new.source)
            )
        else:
            await _announce_links(tx, assignment, moment)
    return [Enrolment(assignment.member_id, assignment.created) for _, assignment in pairs]


async def create_guest(tx: Transaction, store: StoreId, receipt: str, moment: Moment) -> Enrolment:
    """The member who stands for a guest's receipt until it is claimed. The same receipt is always the same guest."""
    member_id = guest_member_id(store, receipt)
    made = await tx.fetch_value(
        """
        INSERT INTO member (member_id, status, source, joined_at, recorded_at)
        VALUES ($1, 'guest', 'receipt', $2, $2) ON CONFLICT DO NOTHING RETURNING member_id
        """,
        member_id, moment.now,
    )  # fmt: skip
    return Enrolment(member_id, made is not None)


async def link_identity(
    tx: Transaction, member_id: MemberId, identity: Identity, peppers: Peppers, moment: Moment
) -> bool:
    """Let the member be recognised by one more identity; False when they already were. Raises IdentityTaken."""
    await _lock_identities(tx, [identity], peppers)
    holder = await queries.find_by_identity(tx, identity, peppers)
    if holder is not None and holder != member_id:
        raise IdentityTaken(kind=identity.kind.partition(":")[0])
    if holder == member_id:
        return False
    await hold(tx, member_id)
    assignment = Assignment(member_id, created=False, to_link=(identity,))
    await _insert_identities(tx, [assignment], peppers, moment)
    await _announce_links(tx, assignment, moment)
    return True


async def _lock_identities(tx: Transaction, identities: Sequence[Identity], peppers: Peppers) -> None:
    """Make enrolments of these identities serial, in one order for everybody.

    A statement of its own: the look-up's snapshot must be younger than the wait for the locks.
    """
    locks = sorted({number for identity in identities for number in peppers.lock_numbers(identity)})
    await tx.fetch("SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number", locks)


async def _holders(
    tx: Transaction, identities: Sequence[Identity], peppers: Peppers
) -> dict[tuple[str, str], MemberId]:
    """Who holds these identities now, keyed by (kind, normalised value). Digests under an older pepper are renewed."""
    asked = {(i.kind, digest): i for i in identities for digest in peppers.digests(i)}
    rows = await tx.fetch(
        """
        SELECT kind, digest, pepper_version, member_id FROM member_identity
        WHERE (kind, digest) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))
        """,
        [kind for kind, _ in asked],
        [digest for _, digest in asked],
    )
    if old := [row for row in rows if row["pepper_version"] != peppers.current]:
        await tx.execute_many(
            "UPDATE member_identity SET digest = $3, pepper_version = $4 WHERE kind = $1 AND digest = $2",
            [
                (row["kind"], row["digest"], peppers.digest(asked[row["kind"], row["digest"]]), peppers.current)
                for row in old
            ],
        )
    return {(row["kind"], asked[row["kind"], row["digest"]].value.get_secret_value()): row["member_id"] for row in rows}


async def _insert_members(tx: Transaction, created: Sequence[tuple[NewMember, Assignment]], moment: Moment) -> None:
    if not created:
        return
    await tx.execute(
        """
        INSERT INTO member (member_id, status, source, joined_at, recorded_at)
        SELECT member_id, 'active', source, joined_at, $4
        FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n (member_id, source, joined_at)
        """,
        [assignment.member_id for _, assignment in created],
        [new.source for new, _ in created],
        [new.joined_at or moment.now for new, _ in created],
        moment.now,
    )
    await tx.execute_many(
        """
        INSERT INTO member_profile (member_id, locale, time_zone, display_name, birthday_month, birthday_day,
                                    home_store, preferences)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                assignment.member_id, check_locale(new.locale), check_time_zone(new.time_zone),
                check_display_name(new.display_name) if new.display_name else None,
                new.birthday.month if new.birthday else None, new.birthday.day if new.birthday else None,
                new.home_store, dict(new.preferences),
            )
            for new, assignment in created
        ],
    )  # fmt: skip
    await insert_cards(tx, [assignment.member_id for _, assignment in created], moment)


async def _insert_identities(
    tx: Transaction, assignments: Sequence[Assignment], peppers: Peppers, moment: Moment
) -> None:
    links = [(assignment.member_id, identity) for assignment in assignments for identity in assignment.to_link]
    if not links:
        return
    await tx.execute_many(
        """
        INSERT INTO member_identity (kind, digest, pepper_version, member_id, linked_at) VALUES ($1, $2, $3, $4, $5)
        """,
        [
            (identity.kind, peppers.digest(identity), peppers.current, member_id, moment.now)
            for member_id, identity in links
        ],
    )
    await tx.execute_many(
        "INSERT INTO member_contact (member_id, kind, value, added_at) VALUES ($1, $2, $3, $4)",
        [
            (member_id, identity.kind, identity.value.get_secret_value(), moment.now)
            for member_id, identity in links
            if identity.kind in CONTACT_KINDS
        ],
    )


async def _announce_links(tx: Transaction, assignment: Assignment, moment: Moment) -> None:
    for identity in assignment.to_link:
        await tx.publish(
            events.IdentityLinked(
                member_id=assignment.member_id,
                occurred_at=moment.now,
                identity_kind=identity.kind.partition(":")[0],
            )
        )


async def _insert_consents(tx: Transaction, created: Sequence[tuple[NewMember, Assignment]], moment: Moment) -> None:
    """The consents given while enrolling: the present state and the first line of their history."""
    given = [
        (assignment.member_id, purpose, channel, new.source)
        for new, assignment in created
        for purpose, channel in dict.fromkeys(new.consents)
    ]
    if not given:
        return
    await tx.execute_many(
        "INSERT INTO member_consent (member_id, purpose, channel, granted, changed_at) VALUES ($1, $2, $3, true, $4)",
        [(member_id, purpose.value, channel.value, moment.now) for member_id, purpose, channel, _ in given],
    )
    history = [
        (member_id, purpose, channel, True, source, "enrolment") for member_id, purpose, channel, source in given
    ]
    await record_consents(tx, history, moment)
