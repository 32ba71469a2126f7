"""What mail systems say of an e-mail after they took it: RFC 3464 (it could not be delivered), RFC 5965 (a complaint).

Which e-mail it was is told by its own headers, which a report carries: CONTACT_HEADER is signed by us, so that nobody
who was not sent an e-mail can have an address suppressed.
"""

from collections.abc import Iterator
from email import message_from_bytes, message_from_string, policy
from email.errors import MessageError
from email.message import Message

from fedele.adapters.mail.smtp import NO_SUCH_ADDRESS
from fedele.domains.messaging.ports import CONTACT_HEADER, MailReport

# Those of a refusal at once, and what is found out later: no such mailbox or domain under any of their names.
GONE = frozenset({*NO_SUCH_ADDRESS, "5.1.0", "5.4.4"})
COMPLAINTS = frozenset({"abuse", "fraud"})
REASON_LENGTH_MAX = 200


def read_mail_report(raw: bytes) -> MailReport | None:
    """What the report says; None where it is none, or says that an e-mail is late or has arrived."""
    try:
        message = message_from_bytes(raw, policy=policy.default)
        parts = list(message.walk())
    except (MessageError, LookupError, ValueError):
        return None
    token = next((found for part in parts for found in _tokens(part)), None)
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            return _bounce(_blocks(part), token)
        if part.get_content_type() == "message/feedback-report":
            return _complaint(_blocks(part), token)
    return None


def _bounce(blocks: list[Message], token: str | None) -> MailReport | None:
    """The first recipient's fate: our letters have one each."""
    fate = next((block for block in blocks if block.get("Action")), None)
    if fate is None or _word(fate, "Action") != "failed":
        return None
    status = _word(fate, "Status")
    address = _address(fate, "Final-Recipient") or _address(fate, "Original-Recipient")
    said = " ".join(str(fate.get("Diagnostic-Code", "")).split())
    reason = f"{status} {said.replace(address, '…') if address else said}".strip()[:REASON_LENGTH_MAX]
    return MailReport("gone" if status in GONE else "failed", token, address, reason)


def _complaint(blocks: list[Message], token: str | None) -> MailReport | None:
    kind = next((_word(block, "Feedback-Type") for block in blocks if block.get("Feedback-Type")), "")
    if kind not in COMPLAINTS:
        return None
    address = next((found for block in blocks if (found := _address(block, "Original-Rcpt-To"))), None)
    return MailReport("complaint", token, address, f"complaint: {kind}")


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a machine-readable part."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    return [message_from_string(block) for block in str(payload).split("\n\n")]


def _tokens(part: Message) -> Iterator[str]:
    """Our header, in the e-mail that came back whole, or in its headers alone."""
    if found := part.get(CONTACT_HEADER):
        yield "".join(str(found).split())
    if part.get_content_type() == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        if found := message_from_string(text, policy=policy.default).get(CONTACT_HEADER):
            yield "".join(str(found).split())


def _word(block: Message, name: str) -> str:
    """The first word of a field, small."""
    words = str(block.get(name, "")).split()
    return words[0].casefold() if words else ""


def _address(block: Message, name: str) -> str | None:
    """The address in `rfc822; somebody@example.com` or `<somebody@example.com>`."""
    address = str(block.get(name, "")).rpartition(";")[2].strip().strip("<>")
    return address if "@" in address else None
