"""The token that a receipt prints as a QR code: member and purchase, signed by this deployment. Whoever claimed a
guest's purchase is found by it, too."""

import hmac
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.activity.types import PurchaseId
from fedele.domains.members.types import Peppers
from fedele.kernel.ids import MemberId, StoreId, guest_member_id

RECEIPT_PREFIX = "FRT1"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECEIPT_LENGTH, _MAC_BYTES = 60, 5


def receipt_token(peppers: Peppers, member_id: MemberId, purchase_id: PurchaseId) -> str:
    """What a receipt prints as a QR code, so that a return desk finds the purchase: both ids under a signature."""
    body = member_id.bytes + purchase_id.bytes
    number = int.from_bytes(body + _receipt_mac(peppers, peppers.current, body), "big")
    return RECEIPT_PREFIX + "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_RECEIPT_LENGTH)))


def read_receipt_token(peppers: Peppers, token: str) -> tuple[MemberId, PurchaseId] | None:
    """The ids of a receipt's token, or None for one that we did not sign."""
    text = token.removeprefix(RECEIPT_PREFIX)
    if len(text) != _RECEIPT_LENGTH or set(text) - set(_ALPHABET):
        return None
    number = 0
    for character in text:
        number = number * 32 + _ALPHABET.index(character)
    if number.bit_length() > 8 * (32 + _MAC_BYTES):
        return None
    raw = number.to_bytes(32 + _MAC_BYTES, "big")
    body, mac = raw[:32], raw[32:]
    signed = [hmac.compare_digest(mac, _receipt_mac(peppers, version, body)) for version in peppers.values]
    return (MemberId(UUID(bytes=body[:16])), PurchaseId(UUID(bytes=body[16:]))) if any(signed) else None


def _receipt_mac(peppers: Peppers, version: int, body: bytes) -> bytes:
    return hmac.digest(peppers.values[version].get_secret_value(), b"receipt-token-1\0" + body, "sha256")[:_MAC_BYTES]


def claim_key(purchase_id: PurchaseId) -> str:
    """The idempotency key under which a guest's purchase is claimed: once, whoever asks."""
    return f"claim:{purchase_id}"


async def find_claimed(
    db: Queryable, member_id: MemberId, purchase_id: PurchaseId, store_id: StoreId, receipt: str
) -> tuple[MemberId, PurchaseId] | None:
    """Whose purchase a guest's has become, and its id there; None for one that is no guest's, or nobody claimed."""
    if member_id != guest_member_id(store_id, receipt):
        return None
    response = await db.fetch_value(
        "SELECT response FROM request WHERE scope = $1 AND key = $2", f"settle/{store_id}", claim_key(purchase_id)
    )
    if response is None:
        return None
    return MemberId(UUID(response["member_id"])), PurchaseId(UUID(response["purchase_id"]))
