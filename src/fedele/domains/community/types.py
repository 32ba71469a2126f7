"""The records of the community. Units are scaled integers of the currency."""

import base64
import dataclasses
import hashlib
import hmac
from datetime import datetime
from typing import Any, Literal, NewType
from uuid import UUID

from fedele.domains.community.config import About, Gathering
from fedele.kernel.ids import MemberId

PictureId = NewType("PictureId", UUID)
ReviewId = NewType("ReviewId", UUID)
EntryId = NewType("EntryId", UUID)
PlaceId = NewType("PlaceId", UUID)

ModerationState = Literal["pending", "approved", "rejected"]
PlaceState = Literal["joined", "waiting", "left", "attended"]
MODERATION_STATES: tuple[ModerationState, ...] = ("pending", "approved", "rejected")


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a member's, as JPEG."""

    id: PictureId
    member_id: MemberId
    width: int
    height: int
    uploaded_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Award:
    """What something of the community brought."""

    currency: str | None = None
    units: int = 0
    transaction_id: UUID | None = None
    redemption_id: UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Review:
    """A member's review of one product or store."""

    id: ReviewId
    member_id: MemberId
    about: About
    subject: str
    stars: int
    body: str | None
    picture_id: PictureId | None
    locale: str | None
    verified: bool
    state: ModerationState
    submitted_at: datetime
    decided_at: datetime | None
    actor: str | None
    reason: str | None
    award: Award


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A picture entered in a contest. `votes` are counted when it is read."""

    id: EntryId
    member_id: MemberId
    contest_key: str
    nth: int
    picture_id: PictureId | None
    caption: str | None
    state: ModerationState
    submitted_at: datetime
    decided_at: datetime | None
    actor: str | None
    reason: str | None
    award: Award
    votes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """An approved entry as the decision of a contest sees it."""

    entry_id: UUID
    member_id: UUID
    votes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """How a contest was decided: the winning entries, first place first."""

    contest_key: str
    decided_at: datetime
    seed: str
    entries_count: int
    winners: tuple[Candidate, ...]
    actor: str

    @classmethod
    def of(cls, row: Any) -> "Result":
        """From its row."""
        winners = tuple(Candidate(UUID(one["entry"]), UUID(one["member"]), one["votes"]) for one in row["winners"])
        return cls(row["contest_key"], row["decided_at"], row["seed"], row["entries_count"], winners, row["actor"])


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A member's place at a gathering, or in the line for one. `ahead`: how many wait before them."""

    id: PlaceId
    member_id: MemberId
    gathering_key: str
    guests: int
    state: PlaceState
    asked_at: datetime
    attended_at: datetime | None
    award: Award


@dataclasses.dataclass(frozen=True, slots=True)
class OpenGathering:
    """A gathering with seats for a member who has not asked for one. `taken`: seats that others have."""

    gathering: Gathering
    taken: int


class PictureLinks:
    """Links to pictures: `…/pictures/{id}.jpg?key=…`, the key an HMAC of the id.

    They do not expire, so that apps and moderators may keep them; erasure ends them, since it deletes the picture.
    """

    def __init__(self, base_url: str, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the secret for links needs at least 32 bytes")
        self._base_url, self._secret = base_url.rstrip("/"), secret

    def url(self, picture_id: PictureId) -> str:
        """The link to this picture. It does not say whose it is."""
        return f"{self._base_url}/pictures/{picture_id.hex}.jpg?key={self.key(picture_id)}"

    def key(self, picture_id: PictureId) -> str:
        """144 bits nobody can guess without the secret."""
        mac = hmac.new(self._secret, b"fedele.picture.1:" + picture_id.bytes, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:18]).decode()

    def opens(self, picture_id: PictureId, key: str) -> bool:
        """Is this the key of that picture? Takes the same time either way."""
        return hmac.compare_digest(self.key(picture_id).encode(), key.encode())
