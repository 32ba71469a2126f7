"""Reading what messaging holds."""

from fedele.domains.messaging.queries.campaigns import (
    audience_page,
    audience_size,
    explain_campaign,
    is_untargeted,
    list_runs,
    preview_campaign,
    times_had,
)
from fedele.domains.messaging.queries.contact import contact_facts, contact_facts_many
from fedele.domains.messaging.queries.devices import device_of, find_device, list_devices, list_pushes
from fedele.domains.messaging.queries.exported import export_personal_data
from fedele.domains.messaging.queries.funnel import campaign_funnel
from fedele.domains.messaging.queries.inbox import find_message, find_wallet_message, list_messages
from fedele.domains.messaging.queries.log import decision_of, decisions_of, find_contact, list_decisions
from fedele.domains.messaging.queries.reasons import reason_words, why_words
from fedele.domains.messaging.queries.said import Said, list_said

__all__ = [
    "Said",
    "audience_page",
    "audience_size",
    "campaign_funnel",
    "contact_facts",
    "contact_facts_many",
    "decision_of",
    "decisions_of",
    "device_of",
    "explain_campaign",
    "export_personal_data",
    "find_contact",
    "find_device",
    "find_message",
    "find_wallet_message",
    "is_untargeted",
    "list_decisions",
    "list_devices",
    "list_messages",
    "list_pushes",
    "list_runs",
    "list_said",
    "preview_campaign",
    "reason_words",
    "times_had",
    "why_words",
]
