"""The wallet in the members' schema: the member's card, and the links that put it into a phone's wallet."""

from typing import Self

import strawberry

from fedele.api.context import Info
from fedele.api.member.base import MemberBase
from fedele.api.scalars import URL
from fedele.api.selection import selected
from fedele.domains.members import queries as members
from fedele.domains.wallet import queries
from fedele.domains.wallet.ports import SaveLinks
from fedele.domains.wallet.types import PassLinks, WalletLinks, card_serial
from fedele.kernel.ids import MemberId


@strawberry.type
class Card:
    """The member's loyalty card. The links are stable: show them behind "Add to Wallet" buttons."""

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
            id=strawberry.ID(card_serial(member_id)),
            code=record.code,
            apple_wallet_url=URL(record.apple_wallet_url) if record.apple_wallet_url else None,
            google_wallet_url=URL(record.google_wallet_url) if record.google_wallet_url else None,
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
        found = queries.links_of(self.member_id, code.code if code else None, links, saves, context.moment)
        return Card.of(found, self.member_id)
