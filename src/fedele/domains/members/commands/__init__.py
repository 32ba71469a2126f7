"""Changing members. Every command on an existing member takes their lock first and refuses an erased one."""

from fedele.domains.members.commands.cards import replace_card_code
from fedele.domains.members.commands.consents import set_consent
from fedele.domains.members.commands.enrolment import create_guest, enrol, enrol_many, link_identity
from fedele.domains.members.commands.erasure import erase
from fedele.domains.members.commands.profile import update_preferences, update_profile

__all__ = [
    "create_guest",
    "enrol",
    "enrol_many",
    "erase",
    "link_identity",
    "replace_card_code",
    "set_consent",
    "update_preferences",
    "update_profile",
]
