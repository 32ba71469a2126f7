"""What makes two spellings the same identity: the normal form that is peppered, digested and looked up."""

import re
import unicodedata

import phonenumbers

from fedele.domains.members.errors import IdentityInvalid

EMAIL = "email"
PHONE = "phone"
CONTACT_KINDS = frozenset({EMAIL, PHONE})  # those we can write to: their value is kept in member_contact

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_LOCAL_PART = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def normalise(kind: str, value: str, phone_region: str | None = None) -> str:
    """The normal form of an identity's value. Raises IdentityInvalid.

    `phone_region` is the ISO 3166 country of numbers written without their +prefix; None demands the prefix.
    """
    if kind == EMAIL:
        return _normalise_email(value)
    if kind == PHONE:
        return _normalise_phone(value, phone_region)
    head, separator, tail = kind.partition(":")
    if not separator or head not in {"external", "oidc"}:
        raise IdentityInvalid(kind="identity", problem="its kind is email, phone, external:<source> or oidc:<issuer>")
    if head == "external" and not _SOURCE.fullmatch(tail):
        raise IdentityInvalid(kind="identity", problem="a source is named in lower-case letters, digits, _ . and -")
    return _normalise_foreign(value)


def _normalise_email(value: str) -> str:
    """Lower case throughout (nobody runs case-sensitive mailboxes), domain in its ASCII form. Dots and tags stay: they
    mean one mailbox at some hosts only, and merging two people is worse than keeping one twice."""
    text = unicodedata.normalize("NFKC", value).strip()
    local, separator, domain = text.rpartition("@")
    if not separator or not _LOCAL_PART.fullmatch(local) or local.startswith(".") or local.endswith("."):
        raise IdentityInvalid(kind="e-mail address", problem="it looks like name@example.org")
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        ascii_domain = ""
    if ".." in local or not _DOMAIN.fullmatch(ascii_domain):
        raise IdentityInvalid(kind="e-mail address", problem="it looks like name@example.org")
    return f"{local.lower()}@{ascii_domain}"


def _normalise_phone(value: str, region: str | None) -> str:
    """E.164, by Google's numbering plans."""
    if len(value) > 40:
        raise IdentityInvalid(kind="phone number", problem="it is too long")
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise IdentityInvalid(kind="phone number", problem="write it with its + and country code") from None
    if not phonenumbers.is_valid_number(number):
        raise IdentityInvalid(kind="phone number", problem="no such number can exist in that country")
    text: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return text


def _normalise_foreign(value: str) -> str:
    """Another system's id is its own business: kept as it is, apart from the blanks around it."""
    text = value.strip()
    if not 1 <= len(text) <= 255 or not text.isprintable():
        raise IdentityInvalid(kind="identity", problem="an id has 1 to 255 printable characters")
    return text
