"""FCM's answers, read: only an answer that names the target may condemn it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fedele.adapters.push.fcm_outcomes import BAD_REQUEST, FCM_ERROR, outcome_of
from fedele.adapters.push.firebase import CredentialsInvalid, FirebasePush, parse_service_account
from fedele.domains.messaging.ports import PushOutcomeKind

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def error(status: str, code: str | None = None, *fields: str) -> dict[str, Any]:
    """An error object as FCM v1 writes it."""
    details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    if fields:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": f, "description": "no"} for f in fields]})
    return {"status": status, "message": "…", "details": details}


@pytest.mark.parametrize(
    ("status_code", "body", "kind"),
    [
        (404, error("NOT_FOUND", "UNREGISTERED"), PushOutcomeKind.UNREGISTERED_TARGET),
        (400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.token"), PushOutcomeKind.UNREGISTERED_TARGET),
        (400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.fid"), PushOutcomeKind.UNREGISTERED_TARGET),
        (400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT"), PushOutcomeKind.BAD_PAYLOAD),
        (400, error("INVALID_ARGUMENT", None, "message.data[x]"), PushOutcomeKind.BAD_PAYLOAD),
        (400, error("INVALID_ARGUMENT", None, "message.token", "message.data[x]"), PushOutcomeKind.BAD_PAYLOAD),
        (400, {}, PushOutcomeKind.BAD_PAYLOAD),
        (401, error("UNAUTHENTICATED"), PushOutcomeKind.TRANSIENT),
        (403, error("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), PushOutcomeKind.TRANSIENT),
        (404, error("NOT_FOUND"), PushOutcomeKind.TRANSIENT),
        (404, {}, PushOutcomeKind.TRANSIENT),
        (429, error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), PushOutcomeKind.RETRY_AFTER),
        (500, error("INTERNAL", "INTERNAL"), PushOutcomeKind.TRANSIENT),
        (503, {}, PushOutcomeKind.TRANSIENT),
    ],
)
def test_only_what_names_the_target_condemns_it(status_code: int, body: dict[str, Any], kind: PushOutcomeKind) -> None:
    """A missing project, a wrong sender, a bad payload: none of them is the phone's fault."""
    assert outcome_of(status_code, body, None, NOW).kind is kind


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, 60),
        ("7", 7),
        ("0", 1),
        ("1e9", 3600),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 1),
        ("soon", 60),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after: str | None, seconds: float) -> None:
    """RFC 9110 allows both; nonsense waits the minute that Google asks for, and no wait is over an hour."""
    assert outcome_of(429, {}, retry_after, NOW).retry_after_seconds == seconds


def test_a_503_that_names_a_time_is_waited_for() -> None:
    """Retry-After is honoured wherever it stands."""
    assert outcome_of(503, {}, "12", NOW).kind is PushOutcomeKind.RETRY_AFTER


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "authorized_user"}', '{"type": "service_account"}'])
def test_wrong_credentials_are_refused_with_the_reason(text: str) -> None:
    """At start, not at the first push."""
    with pytest.raises(CredentialsInvalid, match="Firebase credentials"):
        parse_service_account(text)


def test_a_call_beyond_the_librarys_limit_is_refused() -> None:
    """firebase-admin takes 500 messages a call."""
    with pytest.raises(ValueError, match="501"):
        FirebasePush({}, concurrency=501)
