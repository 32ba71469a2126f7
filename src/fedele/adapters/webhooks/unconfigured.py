"""Where FEDELE_WEBHOOK_URL is not set."""

from fedele.domains.journeys.ports import Told


class WebhooksUnconfigured(Exception):
    """A journey has a webhook step, and there is no server to tell. Set its address, then `fedele jobs retry`."""


class UnconfiguredWebhooks:
    """Hears nothing, and says so: the message waits among the held jobs until somebody sets an address."""

    async def tell(self, told: Told) -> None:
        """Raises WebhooksUnconfigured."""
        raise WebhooksUnconfigured("FEDELE_WEBHOOK_URL is not set")
