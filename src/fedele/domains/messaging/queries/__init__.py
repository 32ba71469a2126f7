"""Reading what messaging holds."""

from fedele.domains.messaging.queries.contact import contact_facts, contact_facts_many
from fedele.domains.messaging.queries.devices import device_of, find_device, list_devices, list_pushes
from fedele.domains.messaging.queries.inbox import find_message, find_wallet_message, list_messages
from fedele.domains.messaging.queries.log import decision_of, decisions_of, find_contact, list_decisions

__all__ = [
    "contact_facts",
    "contact_facts_many",
    "decision_of",
    "decisions_of",
    "device_of",
    "find_contact",
    "find_device",
    "find_message",
    "find_wallet_message",
    "list_decisions",
    "list_devices",
    "list_messages",
    "list_pushes",
]
