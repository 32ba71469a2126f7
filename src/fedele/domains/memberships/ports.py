"""Who moves the money of memberships: a payment provider, behind a port."""

import dataclasses
from typing import Protocol

from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money


@dataclasses.dataclass(frozen=True, slots=True)
class Charge:
    """Money to take. `key` stays the same when the job is tried again: the provider must charge it once."""

    key: str
    member_id: MemberId
    method: str | None
    """The provider's own word for the card on file; None: the one the provider keeps for this member."""
    amount: Money
    description: str


@dataclasses.dataclass(frozen=True, slots=True)
class Refund:
    """Money to give back of an earlier charge, by the provider's reference."""

    key: str
    member_id: MemberId
    reference: str
    amount: Money


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider calls the money that moved."""

    reference: str


class PaymentDeclined(Exception):
    """The provider says no, and will say no again today. `problem`: its code, without personal data."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class PaymentUnknown(Exception):
    """Nobody knows whether the money moved: the provider was asked and gave no answer. It is asked again."""


class PaymentProvider(Protocol):
    """Takes and gives back money. Any exception but PaymentDeclined means: not known, ask again with the same key."""

    async def charge(self, charge: Charge) -> Receipt:
        """Take the money. Raises PaymentDeclined."""
        ...

    async def refund(self, refund: Refund) -> Receipt:
        """Give the money back. Raises PaymentDeclined."""
        ...
