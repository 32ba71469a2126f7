"""What members announces. Names of fields and purposes only: never a value, never personal data."""

import dataclasses
from typing import ClassVar

from fedele.domains.members.types import Channel, Purpose
from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberEnrolled(Event):
    """Somebody joined. `source` says where: app, staff, import:<file>, oidc, join."""

    kind: ClassVar[str] = "member.enrolled"
    source: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileChanged(Event):
    """The profile or preferences changed; `fields` names what, e.g. ("locale", "preferences.diet")."""

    kind: ClassVar[str] = "member.profile_changed"
    fields: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsentChanged(Event):
    """A consent was given or withdrawn."""

    kind: ClassVar[str] = "member.consent_changed"
    purpose: Purpose
    channel: Channel
    granted: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class IdentityLinked(Event):
    """The member can now be recognised by one more identity of this kind."""

    kind: ClassVar[str] = "member.identity_linked"
    identity_kind: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class CardCodeReplaced(Event):
    """The static card code is another one now: passes must be printed again."""

    kind: ClassVar[str] = "member.card_code_replaced"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberErased(Event):
    """The member's personal data is gone. Rooms above delete what they hold; the ledger keeps its totals."""

    kind: ClassVar[str] = "member.erased"
