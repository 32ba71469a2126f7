"""The token that a receipt prints as a QR code: member and purchase, signed by this deployment."""

import hmac
from uuid import UUID

from fedele.domains.activity.types import PurchaseId
from fedele.domains.members.types import Peppers
from fedele.kernel.ids import MemberId

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
