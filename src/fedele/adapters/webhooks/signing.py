"""The signature of Standard Webhooks, for everything that Fedele sends to the retailer's own services."""

import base64
import hashlib
import hmac


def signed_headers(secret: bytes, message_id: str, stamp: int, body: bytes) -> dict[str, str]:
    """Headers that prove who sent `body`, when (`stamp`, seconds of Unix time), and under which id it may be repeated.

    Source: github.com/standard-webhooks/standard-webhooks, specification 1.0.
    """
    signature = hmac.new(secret, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def secret_bytes(secret: str) -> bytes:
    """The key of a Standard Webhooks secret (whsec_ and base64), or the bytes of any other text."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()
