"""Opening the push service that settings ask for."""

from fedele.adapters.push.firebase import GOOGLE, FirebasePush, parse_service_account
from fedele.adapters.push.unconfigured import UnconfiguredPush
from fedele.domains.messaging.ports import PushChannel


def open_push(credentials: str | None, url: str | None = None) -> PushChannel:
    """Firebase with this service account's JSON key, at `url` if it is another server than Google's; without
    credentials, a channel that puts every push off. Raises CredentialsInvalid. Connects to nothing yet.
    """
    if not credentials:
        return UnconfiguredPush()
    return FirebasePush(parse_service_account(credentials), base_url=url or GOOGLE)
