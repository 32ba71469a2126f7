"""Saying something to a member, and what the member does about it."""

from fedele.domains.messaging.commands.asking import may_contact
from fedele.domains.messaging.commands.bounces import hear_of_mail
from fedele.domains.messaging.commands.campaigns import run_campaigns
from fedele.domains.messaging.commands.inbox import dismiss_message, forget_member, mark_seen, report
from fedele.domains.messaging.commands.sending import announce, announcing, send, send_many
from fedele.domains.messaging.devices import register_device, unregister_device

__all__ = [
    "announce",
    "announcing",
    "dismiss_message",
    "forget_member",
    "hear_of_mail",
    "mark_seen",
    "may_contact",
    "register_device",
    "report",
    "run_campaigns",
    "send",
    "send_many",
    "unregister_device",
]
