"""The operations of the till, one use case a file."""

from fedele.domains.checkout.commands.claim_receipt import claim_receipt, give_up_claimed
from fedele.domains.checkout.commands.hold import hold, release
from fedele.domains.checkout.commands.record_event import record_event
from fedele.domains.checkout.commands.replay import replay
from fedele.domains.checkout.commands.return_lines import return_lines, return_lines_of
from fedele.domains.checkout.commands.settle import settle
from fedele.domains.checkout.commands.settle_series import settle_series

__all__ = [
    "claim_receipt",
    "give_up_claimed",
    "hold",
    "record_event",
    "release",
    "replay",
    "return_lines",
    "return_lines_of",
    "settle",
    "settle_series",
]
