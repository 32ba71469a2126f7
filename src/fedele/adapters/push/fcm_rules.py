"""What FCM v1 accepts as a message: the rules our local server holds payloads to.

Taken from the REST reference of projects.messages and from the answers that Google documents; not every rule of
Google's, but each that a payload of ours could break.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

PAYLOAD_BYTES_MAX = 4096
TARGETS = ("token", "fid", "topic", "condition")
FIELDS: dict[str, set[str]] = {
    "message": {"name", "data", "notification", "android", "webpush", "apns", "fcm_options", *TARGETS},
    "message.notification": {"title", "body", "image"},
    "message.android": {
        "collapse_key", "priority", "ttl", "restricted_package_name", "data", "notification", "fcm_options",
        "direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok",
    },
    "message.android.notification": {
        "title", "body", "icon", "color", "sound", "tag", "click_action", "body_loc_key", "body_loc_args",
        "title_loc_key", "title_loc_args", "channel_id", "ticker", "sticky", "event_time", "local_only",
        "notification_priority", "default_sound", "default_vibrate_timings", "default_light_settings",
        "vibrate_timings", "visibility", "notification_count", "light_settings", "image", "proxy",
    },
    "message.webpush": {"headers", "data", "notification", "fcm_options"},
    "message.webpush.fcm_options": {"link", "analytics_label"},
    "message.apns": {"headers", "payload", "fcm_options", "live_activity_token"},
    "message.apns.fcm_options": {"image", "analytics_label"},
}  # fmt: skip
STRING_MAPS = ("data", "android.data", "webpush.data", "webpush.headers", "apns.headers")
RESERVED_DATA_KEY = re.compile(r"^(from|message_type|google\..*|gcm\..*)$")
DURATION = re.compile(r"^\d+(\.\d{1,9})?s$")


def violations(body: object) -> list[tuple[str, str]]:
    """Each rule that this request body breaks, as (field, description); none: FCM takes it."""
    if not isinstance(body, dict) or not isinstance(message := body.get("message"), dict):
        return [("message", "Message is empty.")]
    return [*_shape(message), *_target(message), *_strings(message), *_values(message), *_size(message)]


def _at(message: dict[str, Any], path: str) -> Any:
    value: Any = message
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _shape(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, known in FIELDS.items():
        value = message if path == "message" else _at(message, path.removeprefix("message."))
        if value is None:
            continue
        if not isinstance(value, dict):
            yield path, "Expected an object."
            continue
        for name in sorted(value.keys() - known):
            yield f"{path}.{name}", f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'


def _target(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    named = [name for name in TARGETS if message.get(name)]
    if len(named) != 1:
        yield "message", "Recipient of the message is not set, or is set more than once."
    elif not isinstance(message[named[0]], str) or len(message[named[0]]) < 8:
        yield f"message.{named[0]}", "The registration token is not a valid FCM registration token"


def _strings(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path in STRING_MAPS:
        for key, value in (_at(message, path) or {}).items():
            if not isinstance(value, str):
                yield f"message.{path}[{key}]", "Expected a string."
            if path.endswith("data") and RESERVED_DATA_KEY.match(key):
                yield f"message.{path}[{key}]", f"Invalid data payload key: {key}"


def _values(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    ttl = _at(message, "android.ttl")
    if ttl is not None and not (isinstance(ttl, str) and DURATION.match(ttl)):
        yield "message.android.ttl", "Illegal duration format."
    if str(_at(message, "android.priority") or "high").lower() not in {"high", "normal"}:
        yield "message.android.priority", "Invalid value."
    link = _at(message, "webpush.fcm_options.link")
    if link is not None and not str(link).startswith("https://"):
        yield "message.webpush.fcm_options.link", "Must be an HTTPS URL."
    collapse_id = _at(message, "apns.headers.apns-collapse-id")
    if collapse_id is not None and len(str(collapse_id).encode()) > 64:
        yield "message.apns.headers[apns-collapse-id]", "Must be at most 64 bytes."
    topic = _at(message, "webpush.headers.Topic")
    if topic is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", str(topic)):
        yield "message.webpush.headers[Topic]", "Must be at most 32 characters of base64url."


def _size(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    shared = {name: message[name] for name in ("data", "notification") if name in message}
    for platform in ("android", "apns", "webpush"):
        if len(orjson.dumps({**shared, platform: message.get(platform)})) > PAYLOAD_BYTES_MAX:
            yield f"message.{platform}", f"Message is too big: over {PAYLOAD_BYTES_MAX} bytes."
