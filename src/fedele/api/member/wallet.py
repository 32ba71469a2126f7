"""The wallet in the members' schema: the member's card, and the links that put it into a phone's wallet."""

from datetime import datetime
from typing import Self

import strawberry

from fedele.api.context import Info
from fedele.api.member.base import MemberBase
from fedele.api.scalars import URL
from fedele.api.selection import selected
from fedele.domains.members import queries as members
from fedele.domains.members.types import Peppers
from fedele.domains.till import queries as till
from fedele.domains.wallet import queries
from fedele.domains.wallet.ports import SaveLinks
from fedele.domains.wallet.types import PassLinks, PassSubject, WalletLinks, card_serial
from fedele.kernel.ids import MemberId


@strawberry.type
class RotatingCode:
    """The code that lets value be spent at a till, once. Show it as a QR code and ask for the next at `nextAt`."""

    code: str
    next_at: datetime = strawberry.field(description="When the next code begins: ask again then.")
    valid_until: datetime = strawberry.field(description="A till takes this one until then at the latest.")


@strawberry.type
class Card:
    """The member's loyalty card. The links are stable: show them behind "Add to Wallet" buttons."""

    member_id: strawberry.Private[MemberId]
    id: strawberry.ID = strawberry.field(description="The card's serial number, in both wallets.")
    code: str | None = strawberry.field(
        description="What the till scans, to show as a QR code. It collects; spending takes more. Null: no card now."
    )
    apple_wallet_url: URL | None = strawberry.field(
        description="Downloads the signed .pkpass. Whoever has the link has the card: do not share or log it."
    )
    google_wallet_url: URL | None = strawberry.field(
        description="Saves the card to Google Wallet. Null where the programme has no Google Wallet issuer."
    )

    @classmethod
    def of(cls, record: WalletLinks, member_id: MemberId) -> Self:
        """From the record."""
        return cls(
            member_id=member_id,
            id=strawberry.ID(card_serial(member_id)),
            code=record.code,
            apple_wallet_url=URL(record.apple_wallet_url) if record.apple_wallet_url else None,
            google_wallet_url=URL(record.google_wallet_url) if record.google_wallet_url else None,
        )

    @strawberry.field
    async def rotating_code(self, info: Info) -> RotatingCode | None:
        """The code to show at the till now. Ask for it by itself, when the card is on the screen: it lives a minute."""
        info.context.volatile = True
        peppers = info.context.services.find(Peppers)
        if peppers is None:
            return None
        shown = await members.find_rotating_code(info.context.reader, self.member_id, peppers, info.context.moment)
        return RotatingCode(code=shown.code, next_at=shown.next_at, valid_until=shown.valid_until) if shown else None

    @strawberry.field
    async def has_pin(self, info: Info) -> bool:
        """Whether the member has set a PIN for tills."""
        return await till.has_pin(info.context.reader, self.member_id)


@strawberry.type
class WalletPass:
    """Something of the member's as a pass of its own. The links are stable; the pass is made when one is followed."""

    id: strawberry.ID = strawberry.field(description="The pass's serial number, in both wallets.")
    apple_wallet_url: URL | None = strawberry.field(
        description="Downloads the signed .pkpass. Whoever has the link has the pass: do not share or log it."
    )
    google_wallet_url: URL | None = strawberry.field(
        description="Saves the pass to Google Wallet. Null where the programme has no Google Wallet issuer."
    )


def pass_for(info: Info, subject: PassSubject | None) -> WalletPass | None:
    """The links of a pass that its owner may add; None where the programme does not carry it."""
    if subject is None:
        return None
    services = info.context.services
    found = queries.links_of(subject.serial, None, services.find(PassLinks), services.find(SaveLinks))  # type: ignore[type-abstract]
    return WalletPass(
        id=strawberry.ID(subject.serial),
        apple_wallet_url=URL(found.apple_wallet_url) if found.apple_wallet_url else None,
        google_wallet_url=URL(found.google_wallet_url) if found.google_wallet_url else None,
    )


@strawberry.type
class WalletFields(MemberBase):
    """The wallet's part of a member."""

    @strawberry.field
    async def card(self, info: Info) -> Card | None:
        """The loyalty card and the links that put it into the phone's wallet."""
        context = info.context
        links = context.services.find(PassLinks)
        saves = context.services.find(SaveLinks)  # type: ignore[type-abstract]
        # The links follow from the member's id: a home screen without the code reads nothing for its card.
        code = await members.find_card_code(context.reader, self.member_id) if "code" in selected(info) else None
        found = queries.links_of(card_serial(self.member_id), code.code if code else None, links, saves)
        return Card.of(found, self.member_id)
