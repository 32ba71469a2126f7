"""What the wallet writes: passes and the phones that hold them, and the cards at Google."""

from fedele.domains.wallet.commands.cards import (
    forget_push_tokens,
    issue_card,
    issue_pass,
    refresh_card,
    refresh_pass,
    register_device,
    unregister_device,
)
from fedele.domains.wallet.commands.google import GoogleWriter, hear_google, mark_changed

__all__ = [
    "GoogleWriter",
    "forget_push_tokens",
    "hear_google",
    "issue_card",
    "issue_pass",
    "mark_changed",
    "refresh_card",
    "refresh_pass",
    "register_device",
    "unregister_device",
]
