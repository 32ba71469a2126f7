"""When two members are suspiciously alike, and what that leads to."""

import pytest
from pydantic import SecretBytes, ValidationError

from fedele.domains.members.types import Identity, Peppers
from fedele.domains.referrals import errors
from fedele.domains.referrals.config import FraudChecks, ReferralConfig
from fedele.domains.referrals.likeness import judge, mailbox, mark, marks_of

PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper for tests only")})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane@gmail.com", "j.a.n.e@gmail.com"),
        ("jane@gmail.com", "jane+anything+else@gmail.com"),
        ("jane@gmail.com", "ja.ne@googlemail.com"),
        ("jane@example.org", "jane+1@example.org"),
    ],
)
def test_spellings_of_one_mailbox_are_one(one: str, other: str) -> None:
    """Tags everywhere; dots and the old host name at Google only."""
    assert mailbox(one) == mailbox(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane@example.org", "j.ane@example.org"),
        ("jane@gmail.com", "jane@example.org"),
        ("jane@gmail.com", "janet@gmail.com"),
        ("+tag@example.org", "+other@example.org"),  # nothing stands before the tag: the whole is the name
    ],
)
def test_different_mailboxes_stay_different(one: str, other: str) -> None:
    """Suspecting the wrong person is worse than missing one."""
    assert mailbox(one) != mailbox(other)


def test_marks_are_keyed_and_kinds_do_not_answer_for_each_other() -> None:
    """Another pepper gives other digests, and the same text as another kind is another mark."""
    identities = [Identity.parse("email", "Jane+1@Example.org"), Identity.parse("phone", "+393331234567")]
    marks = marks_of(identities, PEPPERS)
    assert {one.kind for one in marks} == {"email_alias", "phone"}
    assert marks == marks_of([Identity.parse("email", "jane@example.org"), identities[1]], PEPPERS)
    other = Peppers(1, {1: SecretBytes(b"another pepper for tests")})
    assert not marks & marks_of(identities, other)
    assert mark("email_alias", "x", PEPPERS).digest != mark("phone", "x", PEPPERS).digest
    assert all(b"jane" not in one.digest for one in marks)


def test_identities_of_other_systems_make_no_marks() -> None:
    """A shop's own number says nothing of a person."""
    assert marks_of([Identity.parse("external:shop", "4711")], PEPPERS) == frozenset()


def test_refusing_comes_before_holding_and_ignoring_is_silence() -> None:
    """As declared: mailbox refused, device held, card ignored."""
    checks = FraudChecks(email_alias="refuse", device="hold", card="ignore")
    assert judge({"email_alias", "device"}, checks) == (errors.ReferralSameMailbox, errors.ReferralSameDevice)
    assert judge({"device"}, checks) == (None, errors.ReferralSameDevice)
    assert judge({"card"}, checks) == (None, None)
    assert judge(set(), checks) == (None, None)


def test_every_reason_has_words() -> None:
    """What the log keeps as a code can be told."""
    for code, refusal in errors.REASONS.items():
        assert refusal.code == code
        assert str(refusal()) == refusal.message


def test_a_referral_gives_something_or_is_not_there() -> None:
    """Left out, there are none; declared without a prize, it is a mistake with words."""
    assert not ReferralConfig().enabled
    with pytest.raises(ValidationError, match="what they get"):
        ReferralConfig.model_validate({"minimum_spend": 20})
    with pytest.raises(ValidationError, match="share_url"):
        ReferralConfig.model_validate(
            {"friend": {"units": {"currency": "points", "amount": 1}}, "share_url": "https://example.org/join"}
        )
