"""A payment provider for tests: takes what it is told to take, and remembers keys as a real one does."""

import dataclasses

from fedele.domains.memberships.ports import Charge, PaymentDeclined, Receipt, Refund


@dataclasses.dataclass
class FakePayments:
    """Money that moved, by key. `declines`: how many charges to refuse from now on; `unknown`: how many to lose.

    `refund_declines`: how many refunds to refuse.

    A lost answer is the worst kind: the money moved, and nobody heard of it.
    """

    declines: int = 0
    refund_declines: int = 0
    unknown: int = 0
    charged: dict[str, Charge] = dataclasses.field(default_factory=dict)
    refunded: dict[str, Refund] = dataclasses.field(default_factory=dict)
    declined: dict[str, str] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)

    async def charge(self, charge: Charge) -> Receipt:
        """Take the money once for each key."""
        self.asked.append(charge.key)
        if charge.key in self.declined:
            raise PaymentDeclined(self.declined[charge.key])
        if charge.key not in self.charged and self.declines:
            self.declines -= 1
            self.declined[charge.key] = "card_declined"
            raise PaymentDeclined("card_declined")
        self.charged[charge.key] = charge
        if self.unknown:
            self.unknown -= 1
            raise TimeoutError
        return Receipt(f"ch_{charge.key}")

    async def refund(self, refund: Refund) -> Receipt:
        """Give it back once for each key."""
        self.asked.append(refund.key)
        if refund.key not in self.refunded and self.refund_declines:
            self.refund_declines -= 1
            raise PaymentDeclined("account_closed")
        self.refunded[refund.key] = refund
        if self.unknown:
            self.unknown -= 1
            raise TimeoutError
        return Receipt(f"re_{refund.key}")

    @property
    def balance_minor(self) -> int:
        """What was taken less what was given back."""
        return sum(charge.amount.minor for charge in self.charged.values()) - sum(
            refund.amount.minor for refund in self.refunded.values()
        )
