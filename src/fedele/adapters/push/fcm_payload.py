"""A PushMessage in firebase-admin's words: title, body, image and deep link where each platform looks for them."""

from types import ModuleType
from typing import Any

from fedele.domains.messaging.ports import PushMessage
from fedele.domains.messaging.types import TargetKind

RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


def fcm_message(messaging: ModuleType, message: PushMessage) -> Any:
    """The `firebase_admin.messaging.Message` for one notification.

    `messaging` is the module, handed in because it takes over a second to import.
    """
    made = messaging.Message(
        data=_data(message),
        notification=messaging.Notification(title=message.title, body=message.body, image=message.image_url),
        android=_android(messaging, message),
        apns=_apns(messaging, message),
        webpush=_webpush(messaging, message),
        fid=message.value if message.kind is TargetKind.FCM_FID else None,
    )
    if message.kind is TargetKind.FCM_TOKEN:
        # Set after construction: the constructor warns that tokens are on their way out, which apps decide, not we.
        made.token = message.value
    return made


def _data(message: PushMessage) -> dict[str, str]:
    """What the app reads when the notification is opened; the same keys on every platform."""
    data = {**message.data, "message_key": message.collapse_key, "locale": message.locale}
    if message.deep_link:
        data["deep_link"] = message.deep_link
    return data


def _android(messaging: ModuleType, message: PushMessage) -> Any:
    # collapse_key folds copies while the phone is unreachable (FCM keeps four keys a phone), tag folds them in the
    # drawer. High priority: a notification that somebody reads, else Doze may hold it for hours.
    return messaging.AndroidConfig(
        collapse_key=message.collapse_key,
        priority="high",
        ttl=message.ttl_seconds,
        notification=messaging.AndroidNotification(
            tag=message.collapse_key, channel_id=message.android_channel, image=message.image_url
        ),
    )


def _apns(messaging: ModuleType, message: PushMessage) -> Any:
    image = message.image_url
    return messaging.APNSConfig(
        headers={
            "apns-collapse-id": message.collapse_key,
            "apns-expiration": str(int(message.expires_at.timestamp())),
        },
        # A picture is fetched by the app's notification service extension, which iOS wakes only if asked to.
        payload=messaging.APNSPayload(aps=messaging.Aps(sound="default", mutable_content=True if image else None)),
        fcm_options=messaging.APNSFCMOptions(image=image) if image else None,
    )


def _webpush(messaging: ModuleType, message: PushMessage) -> Any:
    language = message.locale.partition("-")[0]
    link = message.deep_link if message.deep_link and message.deep_link.startswith("https://") else None
    return messaging.WebpushConfig(
        headers={"Topic": message.collapse_key, "TTL": str(message.ttl_seconds)},  # RFC 8030
        notification=messaging.WebpushNotification(
            tag=message.collapse_key,
            language=message.locale,
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            image=message.image_url,
        ),
        # FCM refuses any other scheme here; an app's own scheme travels in `data`.
        fcm_options=messaging.WebpushFCMOptions(link=link) if link else None,
    )
