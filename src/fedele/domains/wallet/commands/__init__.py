"""What the wallet writes: passes and the phones that hold them, and the cards at Google."""

from fedele.domains.wallet.commands.cards import (
    forget_push_tokens,
    issue_card,
    refresh_card,
    register_device,
    unregister_device,
)
from fedele.domains.wallet.commands.google import GoogleWriter, hear_google, mark_changed

__all__ = [
    "GoogleWriter",
    "forget_push_tokens",
    "hear_google",
    "issue_card",
    "mark_changed",
    "refresh_card",
    "register_device",
    "unregister_device",
]
