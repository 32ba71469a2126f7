"""What offers do: claim, report a position, check in, approve, end, forget."""

from fedele.domains.offers.commands.approving import approve_offer, end_offer
from fedele.domains.offers.commands.claiming import claim_offer
from fedele.domains.offers.commands.forgetting import forget_member, forget_positions, sweep
from fedele.domains.offers.commands.locating import check_in, record_position

__all__ = [
    "approve_offer",
    "check_in",
    "claim_offer",
    "end_offer",
    "forget_member",
    "forget_positions",
    "record_position",
    "sweep",
]
