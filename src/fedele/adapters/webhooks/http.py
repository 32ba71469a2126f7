"""Telling the retailer's own server, over HTTP.

    POST {FEDELE_WEBHOOK_URL}   webhook-id, webhook-timestamp, webhook-signature
    {"type": "journey.step", "timestamp": "2026-11-24T13:30:00+00:00", "data": {"member", "journey", "step", …}}

Any 2xx means heard. 410 means: never again for this message. Anything else, and no answer, is tried again under the
same `webhook-id`; with 429 or 503 not before Retry-After.
"""

from collections.abc import Callable

import httpx
import orjson

from fedele.adapters.webhooks.signing import secret_bytes, signed_headers
from fedele.domains.journeys.ports import Told
from fedele.jobs.types import RetryLater
from fedele.kernel.clock import Moment, moment_now

TIMEOUT_SECONDS = 20.0
RETRY_AFTER_MAX_SECONDS = 3_600.0


class WebhookNotHeard(Exception):
    """The server did not say that it heard. Says its status, never its words."""


class HttpWebhooks:
    """A WebhookSender to the server at `url`. `secret` signs what it is told."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, secret: str, clock: Callable[[], Moment] = moment_now
    ) -> None:
        self._client, self._url, self._clock = client, url, clock
        self._secret = secret_bytes(secret)

    async def tell(self, told: Told) -> None:
        """Tell it once. Raises WebhookNotHeard, or RetryLater where the server says when."""
        body = orjson.dumps({"type": told.kind, "timestamp": told.occurred_at.isoformat(), "data": dict(told.data)})
        stamp = int(self._clock().now.timestamp())
        headers = {"content-type": "application/json"} | signed_headers(self._secret, str(told.message_id), stamp, body)
        try:
            answer = await self._client.post(self._url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise WebhookNotHeard(f"no answer: {type(error).__name__}") from error
        if answer.is_success or answer.status_code == 410:
            return
        if answer.status_code in (429, 503) and (seconds := _seconds(answer.headers.get("retry-after"))) is not None:
            raise RetryLater(min(seconds, RETRY_AFTER_MAX_SECONDS), f"the webhook server answered {answer.status_code}")
        raise WebhookNotHeard(f"answered {answer.status_code}")


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; the form with a date is left to the queue's own patience."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
