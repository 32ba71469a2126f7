"""Decide whether two members are suspiciously alike: pure, over digests."""

from collections.abc import Collection, Iterable

from fedele.domains.members.types import Identity, Peppers
from fedele.domains.referrals import errors
from fedele.domains.referrals.config import FraudChecks, Suspicion
from fedele.domains.referrals.types import Mark, MarkKind
from fedele.kernel.refusal import Refusal

# Hosts that ignore dots in the local part. Elsewhere a dot makes another mailbox.
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_SAME_HOST = {"googlemail.com": "gmail.com"}

_REFUSALS: dict[MarkKind, type[Refusal]] = {
    "email_alias": errors.ReferralSameMailbox,
    "phone": errors.ReferralSamePhone,
    "device": errors.ReferralSameDevice,
    "card": errors.ReferralSameCard,
}


def mailbox(address: str) -> str:
    """What all spellings of a mailbox have in common: without +tag, and without dots where the host ignores them.

    For suspicion only, never for recognising anybody. `address` is in its normal form.
    """
    local, _, host = address.rpartition("@")
    local = local.partition("+")[0] or local
    if host in _DOTLESS:
        local = local.replace(".", "")
    return f"{local}@{_SAME_HOST.get(host, host)}"


def marks_of(identities: Iterable[Identity], peppers: Peppers) -> frozenset[Mark]:
    """Digests of a member's mailboxes and phone numbers. Nothing readable leaves this function."""
    found = set()
    for identity in identities:
        value = identity.value.get_secret_value()
        if identity.kind == "email":
            found.add(mark("email_alias", mailbox(value), peppers))
        elif identity.kind == "phone":
            found.add(mark("phone", value, peppers))
    return frozenset(found)


def mark(kind: MarkKind, value: str, peppers: Peppers) -> Mark:
    """A digest of anything that two members should not share."""
    return Mark(kind, peppers.mac(f"referral.{kind}", value))


def judge(shared: Collection[MarkKind], checks: FraudChecks) -> tuple[type[Refusal] | None, type[Refusal] | None]:
    """What shared marks lead to: why it is refused, and why it is held. Refusing comes first."""
    declared: dict[MarkKind, Suspicion] = {
        "email_alias": checks.email_alias,
        "phone": checks.phone,
        "device": checks.device,
        "card": checks.card,
    }
    refused = next((_REFUSALS[kind] for kind, then in declared.items() if kind in shared and then == "refuse"), None)
    held = next((_REFUSALS[kind] for kind, then in declared.items() if kind in shared and then == "hold"), None)
    return refused, held
