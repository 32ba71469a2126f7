"""What FCM's answers mean for us. The one place that may say that a target is gone.

FCM answers INVALID_ARGUMENT both for a target that is not one and for a payload that we got wrong; only a violation
that names the target condemns the target. Taking the code alone would delete every phone of the programme on the day
a template gets a bad link.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from fedele.domains.messaging.ports import PushOutcome, PushOutcomeKind

RETRY_AFTER_DEFAULT_SECONDS = 60.0  # what Google asks for when a 429 names no time
RETRY_AFTER_MAX_SECONDS = 3600.0
TARGET_FIELDS = {"message.token", "message.fid"}
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def delivered(provider_id: str) -> PushOutcome:
    """FCM took the message and gave it this id."""
    return PushOutcome(PushOutcomeKind.DELIVERED, provider_id=provider_id)


def bad_payload(reason: str) -> PushOutcome:
    """The message cannot be sent as it is; whose value it was is kept out of the reason by the caller."""
    return PushOutcome(PushOutcomeKind.BAD_PAYLOAD, reason=reason)


def transient(reason: str, *, possibly_delivered: bool = False) -> PushOutcome:
    """A fault that may pass."""
    return PushOutcome(PushOutcomeKind.TRANSIENT, reason=reason, possibly_delivered=possibly_delivered)


def outcome_of(status_code: int, error: dict[str, Any], retry_after: str | None, now: datetime) -> PushOutcome:
    """Read an HTTP error of FCM v1. `error` is the `error` object of the body, {} if the body was not one."""
    code = fcm_code(error) or str(error.get("status") or status_code)
    if code == "UNREGISTERED" or (status_code == 400 and names_target(error)):
        return PushOutcome(PushOutcomeKind.UNREGISTERED_TARGET, reason=code)
    if status_code == 400:
        return bad_payload(", ".join([code, *violated_fields(error)]))
    if status_code == 429 or (status_code == 503 and retry_after is not None):
        return PushOutcome(PushOutcomeKind.RETRY_AFTER, reason=code, retry_after_seconds=wait_seconds(retry_after, now))
    # 401, 403 and 404 without UNREGISTERED are our credentials or project: the operator's to mend, the target's never.
    return transient(code)


def fcm_code(error: dict[str, Any]) -> str | None:
    """FCM's own error code among the details, if it gave one."""
    for detail in _details(error, FCM_ERROR):
        if isinstance(code := detail.get("errorCode"), str):
            return code
    return None


def violated_fields(error: dict[str, Any]) -> list[str]:
    """The fields of the request that FCM blames, in its order."""
    violations = [v for detail in _details(error, BAD_REQUEST) for v in detail.get("fieldViolations") or []]
    return [v["field"] for v in violations if isinstance(v, dict) and isinstance(v.get("field"), str)]


def names_target(error: dict[str, Any]) -> bool:
    """Whether FCM blames the target, and nothing else."""
    fields = set(violated_fields(error))
    return bool(fields) and fields <= TARGET_FIELDS


def wait_seconds(retry_after: str | None, now: datetime) -> float:
    """Retry-After (RFC 9110: seconds or a date) as seconds from now, between 1 second and an hour."""
    if retry_after is None:
        return RETRY_AFTER_DEFAULT_SECONDS
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            until = parsedate_to_datetime(retry_after)
        except ValueError:
            return RETRY_AFTER_DEFAULT_SECONDS
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 1.0), RETRY_AFTER_MAX_SECONDS)


def _details(error: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    details = error.get("details")
    if not isinstance(details, list):
        return []
    return [detail for detail in details if isinstance(detail, dict) and detail.get("@type") == kind]
