"""Who somebody that enrols is: the pure part of enrolment, over the identities that are already held."""

import dataclasses
from collections.abc import Callable, Sequence

from fedele.domains.members.errors import IdentityInvalid, IdentityTaken
from fedele.domains.members.types import Identity, NewMember
from fedele.kernel.ids import MemberId


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """One of those who enrol: their member, whether it is to be made, and the identities still to be linked."""

    member_id: MemberId
    created: bool
    to_link: tuple[Identity, ...]


def assign(
    news: Sequence[NewMember], held: dict[tuple[str, str], MemberId], make_id: Callable[[], MemberId]
) -> list[Assignment]:
    """Give each of those who enrol a member: the one who holds any of their identities, or a new one.

    `held` maps (kind, normalised value) to its holder and grows as identities are given out, so that one batch may name
    the same person twice. Raises IdentityTaken when one person's identities belong to two members.
    """
    assignments = []
    for new in news:
        if not new.identities:
            raise IdentityInvalid(kind="enrolment", problem="somebody who enrols has at least one identity")
        holders = {held[_key(identity)] for identity in new.identities if _key(identity) in held}
        if len(holders) > 1:
            raise IdentityTaken(kind=new.identities[-1].kind.partition(":")[0])
        created = not holders
        member_id = make_id() if created else holders.pop()
        to_link = {_key(identity): identity for identity in new.identities if _key(identity) not in held}
        held.update(dict.fromkeys(to_link, member_id))
        assignments.append(Assignment(member_id, created, tuple(to_link.values())))
    return assignments


def _key(identity: Identity) -> tuple[str, str]:
    return identity.kind, identity.value.get_secret_value()
