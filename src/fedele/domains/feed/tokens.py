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
PARTS_COUNT = 9
# Names of facts by number, since a screen carries a hundred of them. A new name goes to the end; none ever moves, for
# tokens of yesterday come back today. A name that is not here travels as it is.
FACT_NAMES = (
    "product", "bought_often", "bought_lately", "due_again", "bought_together", "popular", "offer", "priority", "near",
    "about_bought", "about_popular", "reward", "affordable", "nearly", "dreamed_of", "content", "expiry", "progress",
    "challenge", "streak", "at_risk", "referral", "survey",
    "asked", "next_tier", "rewarded", "event", "regular", "event_soon", "few_seats",
)  # fmt: skip
_NUMBERS = {name: number for number, name in enumerate(FACT_NAMES)}


class FeedTokens:
    """Makes and reads tokens under one secret. A token is bound to its member, and does not name them."""

    def __init__(self, secret: SecretBytes) -> None:
        self._secret = secret

    def make(self, member_id: MemberId, card: ShownCard) -> str:
        """The token of a card as it is shown."""
        choice = base64.b85encode(card.choice).decode() if card.choice else None
        features = [
            part
            for name, value in card.features.items()
            if value
            for part in (_NUMBERS.get(name, name), round(value, 3))
        ]
        body = orjson.dumps(
            [card.kind, card.key, card.slot, round(card.propensity, 6), card.epoch, card.policy, card.placement,
             features, choice]
        )  # fmt: skip
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
        # A token made before a card said its facts has six parts.
        kind, key, slot, propensity, epoch, policy, *rest = orjson.loads(body)
        placement, features, choice = rest if len(rest) == PARTS_COUNT - 6 else ("home", [], None)
        names = [FACT_NAMES[name] if isinstance(name, int) else name for name in features[::2]]
        return ShownCard(
            kind,
            key,
            slot,
            propensity,
            epoch,
            policy,
            placement,
            dict(zip(names, features[1::2], strict=True)),
            base64.b85decode(choice) if choice else None,
        )

    def _mac(self, member_id: MemberId, body: bytes) -> bytes:
        return hmac.digest(self._secret.get_secret_value(), b"feed-card\0" + member_id.bytes + body, "sha256")[
            :MAC_BYTES
        ]
