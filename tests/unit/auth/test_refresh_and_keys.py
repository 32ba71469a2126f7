"""The pure halves of refresh tokens, one-time codes and staff keys."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from fedele.domains.auth.api_key import KeyText
from fedele.domains.auth.otp import code_digest, is_code, new_code
from fedele.domains.auth.refresh import RefreshToken, Standing, Verdict, judge
from fedele.domains.auth.types import KeyKind, StaffPrincipal
from fedele.kernel.ids import MemberId, StoreId, new_id
from tests.factories.auth import PEPPERS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GRACE = timedelta(seconds=60)


def standing(
    generation: int = 3, newest: int = 3, exchanged: float | None = None, expires: float = 1000, revoked: bool = False
) -> Standing:
    """A standing; times in seconds before and after NOW."""
    exchanged_at = None if exchanged is None else NOW - timedelta(seconds=exchanged)
    return Standing(generation, newest, exchanged_at, NOW + timedelta(seconds=expires), revoked)


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (None, Verdict.REFUSE),
        (standing(), Verdict.EXCHANGE),
        (standing(expires=0), Verdict.REFUSE),
        (standing(revoked=True), Verdict.REFUSE),
        (standing(newest=4, exchanged=0), Verdict.REPEAT),
        (standing(newest=4, exchanged=60), Verdict.REPEAT),
        (standing(newest=4, exchanged=60.001), Verdict.REUSE),
        (standing(newest=5, exchanged=1), Verdict.REUSE),
        (standing(newest=4, exchanged=1, revoked=True), Verdict.REFUSE),
        (standing(newest=4, exchanged=1, expires=-1), Verdict.REFUSE),
    ],
)
def test_a_refresh_token_is_judged_by_its_standing(known: Standing | None, verdict: Verdict) -> None:
    """Current: exchange. Just exchanged and successor unused: repeat. Exchanged otherwise: reuse. Else refuse."""
    assert judge(known, NOW, GRACE) is verdict


def test_a_successor_follows_from_token_and_salt() -> None:
    """The same for the same salt, another for another; neither digest nor salt alone gives it."""
    token = RefreshToken.fresh(MemberId(new_id()), new_id())
    first = token.successor(b"salt")
    assert first == token.successor(b"salt") != token.successor(b"other")
    assert first.member_id == token.member_id
    assert first.digest != token.digest


def test_a_refresh_token_reads_back_and_hides() -> None:
    """Text and parts are two forms of one thing; repr shows no secret."""
    token = RefreshToken.fresh(MemberId(new_id()), new_id())
    assert RefreshToken.parse(token.text) == token
    assert token.secret.hex() not in repr(token)
    assert str(token.secret) not in repr(token)


@pytest.mark.parametrize(
    "text", ["", "fdr_", "fdr_abc", "fdr_" + "a" * 500, "xxx_" + "a" * 103, "fdr_é", "fdr_" + "1" * 103]
)
def test_what_is_no_refresh_token_reads_as_none(text: str) -> None:
    """Rubbish of any kind and size."""
    assert RefreshToken.parse(SecretStr(text)) is None


def test_codes_are_six_digits_and_spread() -> None:
    """Leading zeros are kept; two thousand codes hardly repeat."""
    codes = [new_code() for _ in range(2000)]
    assert all(is_code(code) for code in codes)
    assert len({code.get_secret_value() for code in codes}) > 1980


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12 456", "١٢٣٤٥٦", "12345a", "+12345"])
def test_only_ascii_digits_are_a_code(text: str) -> None:
    """Other digits would be other bytes and never match."""
    assert not is_code(SecretStr(text))


def test_a_code_is_bound_to_its_challenge() -> None:
    """The same digits under another challenge have another digest."""
    code = SecretStr("123456")
    assert code_digest(PEPPERS, new_id(), code) != code_digest(PEPPERS, new_id(), code)


def test_a_staff_key_reads_back_and_hides() -> None:
    """The text says what it is for; id and kind are readable, the secret is not shown by repr."""
    key = KeyText.fresh(KeyKind.TILL)
    assert key.text.get_secret_value().startswith("fdl_till_")
    assert KeyText.parse(key.text) == key
    assert key.matches(key.digest)
    assert key.secret not in repr(key)


def test_a_key_of_another_kind_does_not_match() -> None:
    """Changing the word inside the text does not turn a till's key into a staff key."""
    till = KeyText.fresh(KeyKind.TILL)
    forged = KeyText.parse(SecretStr(till.text.get_secret_value().replace("fdl_till_", "fdl_staff_")))
    assert forged is not None
    assert not forged.matches(till.digest)


@pytest.mark.parametrize(
    "text",
    ["", "fdl_", "fdl_root_aaaaaaaaaaaa_" + "a" * 52, "fdl_staff_AAAAAAAAAAAA_" + "a" * 52,
     "fdl_staff_aaaaaaaaaaaa_" + "a" * 31, "fdl_staff_aaaaaaaaaaaa_" + "a" * 52 + "\n"],
)  # fmt: skip
def test_what_is_no_key_reads_as_none(text: str) -> None:
    """Wrong kind, case, length or tail."""
    assert KeyText.parse(SecretStr(text)) is None


def test_a_bound_key_serves_its_store_alone() -> None:
    """A key without a store serves all."""
    bound = StaffPrincipal("k", frozenset(), StoreId("store-1"))
    assert bound.serves(StoreId("store-1"))
    assert not bound.serves(StoreId("store-2"))
    assert StaffPrincipal("k", frozenset()).serves(StoreId("store-2"))
