"""Identities: two spellings of one address are one identity; digests say nothing without the pepper."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretBytes

from fedele.domains.members.errors import IdentityInvalid
from fedele.domains.members.types import Identity, Peppers

PEPPERS = Peppers(2, {1: SecretBytes(b"first pepper 0123456789"), 2: SecretBytes(b"second pepper 0123456789")})


def normal(kind: str, value: str, region: str | None = None) -> str:
    """The normal form."""
    return Identity.parse(kind, value, region).value.get_secret_value()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ada@Example.ORG ", "ada@example.org"),
        ("ada+tag@example.org", "ada+tag@example.org"),
        ("a.d.a@gmail.com", "a.d.a@gmail.com"),
        ("ａｄａ@example.org", "ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("o'neill@sub.example.co.uk", "o'neill@sub.example.co.uk"),
    ],
)
def test_mail_addresses_have_one_form(value: str, expected: str) -> None:
    """Case, width and the domain's script fold together; tags and dots, which may be other people, do not."""
    assert normal("email", value) == expected


@pytest.mark.parametrize(
    "value",
    ["", "ada", "@example.org", "ada@", "ada@localhost", "a b@example.org", "a@b..org", ".a@example.org",
     "a..b@example.org", "ada@example.org\nBcc: x@y.org", "a" * 65 + "@example.org", "ada@-x.org", "<a@example.org>"],
)  # fmt: skip
def test_what_is_no_mail_address_is_refused(value: str) -> None:
    """Among them a header injection and a list of recipients."""
    with pytest.raises(IdentityInvalid):
        normal("email", value)


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z0-9._%+'-]{1,12}@[a-zA-Z0-9-]{1,10}\.[a-z]{2,5}", fullmatch=True))
def test_a_normal_form_is_its_own_normal_form(value: str) -> None:
    """Normalising twice is normalising once: what was digested at enrolment is found at login."""
    try:
        once = normal("email", value)
    except IdentityInvalid:
        return
    assert normal("email", once) == once == normal("email", value.swapcase())


@pytest.mark.parametrize(
    ("value", "region"),
    [("+39 347 123 4567", None), ("347 1234567", "IT"), ("(0039) 347-123-4567", "IT"), ("٣٤٧ ١٢٣ ٤٥٦٧", "IT"),
     ("+39.347.1234567", "US")],
)  # fmt: skip
def test_phone_numbers_have_one_form(value: str, region: str | None) -> None:
    """National and international, with any punctuation and in Arabic digits: E.164."""
    assert normal("phone", value, region) == "+393471234567"


@pytest.mark.parametrize("value", ["347 1234567", "+39 12", "+999 1234567", "call me", "+39 347 1234567" * 9, ""])
def test_what_is_no_phone_number_is_refused(value: str) -> None:
    """A bare number needs a region; impossible numbers are refused."""
    with pytest.raises(IdentityInvalid):
        normal("phone", value)


def test_foreign_ids_are_kept_as_they_are() -> None:
    """Another system's ids are case-sensitive; the source's name is part of the identity."""
    assert normal("external:pos", " Ab-1 ") == "Ab-1"
    first, second = Identity.parse("external:pos", "1"), Identity.parse("external:shop", "1")
    assert PEPPERS.digest(first) != PEPPERS.digest(second)


@pytest.mark.parametrize("kind", ["", "mail", "external:", "external:A b", "internal:x"])
def test_unknown_kinds_are_refused(kind: str) -> None:
    """Only email, phone, external:<source> and oidc:<issuer> are kinds."""
    with pytest.raises(IdentityInvalid):
        normal(kind, "value")


def test_a_digest_depends_on_pepper_kind_and_value() -> None:
    """Each of the three changes the digest; a look-up asks for every version."""
    identity = Identity.parse("email", "ada@example.org")
    assert PEPPERS.digests(identity) == [PEPPERS.digest(identity, 1), PEPPERS.digest(identity, 2)]
    assert PEPPERS.digest(identity) == PEPPERS.digest(identity, 2) != PEPPERS.digest(identity, 1)
    assert len(PEPPERS.digest(identity)) == 32


def test_enrolment_locks_meet_across_pepper_roll_out() -> None:
    """A process that knows the new pepper and one that does not yet have a lock in common; other identities none."""
    identity, other = Identity.parse("email", "ada@example.org"), Identity.parse("email", "bo@example.org")
    old = Peppers(1, {1: PEPPERS.values[1]})
    assert old.lock_numbers(identity) & PEPPERS.lock_numbers(identity)
    assert not PEPPERS.lock_numbers(other) & PEPPERS.lock_numbers(identity)


def test_values_and_peppers_do_not_show() -> None:
    """Neither repr nor str of an identity or of the peppers shows what they hold."""
    identity = Identity.parse("email", "ada@example.org")
    assert "ada" not in repr(identity) + str(identity)
    assert "pepper 0123" not in repr(PEPPERS) + str(PEPPERS)


def test_a_short_pepper_or_a_missing_current_one_is_refused() -> None:
    """Both are mistakes of configuration that would silently weaken or lose every identity."""
    with pytest.raises(ValueError, match="16 bytes"):
        Peppers(1, {1: SecretBytes(b"short")})
    with pytest.raises(ValueError, match="current pepper"):
        Peppers(3, {1: SecretBytes(b"0123456789abcdef")})
