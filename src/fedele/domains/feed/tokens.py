"""Card tokens: what was shown where and how likely, signed, so that only what was really shown can be learned from."""

import base64
import binascii
import hmac

import orjson
from pydantic import SecretBytes

from fedele.domains.feed.errors import FeedTokenInvalid
from fedele.domains.feed.types import ShownCard
from fedele.kernel.ids import MemberId

MAC_BYTES = 16


class FeedTokens:
    """Makes and reads tokens under one secret. A token is bound to its member, and says nothing about them."""

    def __init__(self, secret: SecretBytes) -> None:
        self._secret = secret

    def make(self, member_id: MemberId, card: ShownCard) -> str:
        """The token of a card as it is shown."""
        body = orjson.dumps([card.kind, card.key, card.slot, round(card.propensity, 6), card.epoch, card.policy])
        return base64.urlsafe_b64encode(self._mac(member_id, body) + body).decode().rstrip("=")

    def read(self, member_id: MemberId, token: str) -> ShownCard:
        """What a token says. Raises FeedTokenInvalid for another member's, a changed or a foreign one."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (ValueError, binascii.Error):
            raise FeedTokenInvalid(field="token") from None
        mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(member_id, body)):
            raise FeedTokenInvalid(field="token")
        kind, key, slot, propensity, epoch, policy = orjson.loads(body)
        return ShownCard(kind, key, slot, propensity, epoch, policy)

    def _mac(self, member_id: MemberId, body: bytes) -> bytes:
        return hmac.digest(self._secret.get_secret_value(), b"feed-card\0" + member_id.bytes + body, "sha256")[
            :MAC_BYTES
        ]
