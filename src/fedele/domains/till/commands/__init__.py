"""What a till does besides selling: allow a spending, put value aside, keep the journal of offline sales."""

from fedele.domains.till.commands.authorise import authorisation_json, authorise, use_authorisation
from fedele.domains.till.commands.holds import ProgrammeAt, hold_value, release_due, release_due_of, release_hold
from fedele.domains.till.commands.journal import record_offline_sale
from fedele.domains.till.commands.pins import remove_pin, set_pin

__all__ = [
    "ProgrammeAt",
    "authorisation_json",
    "authorise",
    "hold_value",
    "record_offline_sale",
    "release_due",
    "release_due_of",
    "release_hold",
    "remove_pin",
    "set_pin",
    "use_authorisation",
]
