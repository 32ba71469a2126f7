"""Card codes: recognisable, unguessable, and never misread as another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedele.domains.members import card
from fedele.domains.members.errors import CardCodeMalformed

NOW = datetime(2026, 11, 21, 9, 30, 10, tzinfo=UTC)
SECRET = b"12345678901234567890"  # the one of RFC 6238's test vectors
bodies = st.text(st.sampled_from(card.ALPHABET), min_size=16, max_size=16)


def make_code(body: str) -> str:
    """A static code with a given body."""
    return card._with_check(card.STATIC_PREFIX, body)


def test_a_fresh_code_reads_back() -> None:
    """A static code begins with its prefix, holds 80 random bits, and parses to itself."""
    code = card.new_static_code()
    assert code.startswith("FDL1")
    assert len(code) == 22
    assert card.parse_code(code) == card.ParsedCode(code)


def test_a_thousand_codes_differ() -> None:
    """No two codes are alike, and their characters use the whole alphabet."""
    codes = {card.new_static_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert set("".join(code[4:20] for code in codes)) == set(card.ALPHABET)


def test_qr_alphanumeric_mode_suffices() -> None:
    """Only characters of a QR code's dense alphanumeric mode appear."""
    allowed = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert set(card.new_static_code()) <= allowed
    assert set(card.rotating_code(card.new_handle(), SECRET, NOW)) <= allowed


def test_typing_is_forgiven() -> None:
    """Lower case, blanks, hyphens, and the letters that look like digits lead to the same code."""
    code = make_code("0123456789ABCDEF")
    typed = "fdl1 o123-4567-89ab-cdef " + code[20:].lower()
    assert card.parse_code(typed).lookup == code
    assert card.parse_code(code.replace("FDL10123", "FDL1OI23")).lookup == code


@settings(deadline=None)
@given(bodies, st.integers(4, 21), st.sampled_from(card.ALPHABET))
def test_every_single_misread_character_is_caught(body: str, position: int, character: str) -> None:
    """One wrong character anywhere after the prefix makes the code malformed, never another member's."""
    code = make_code(body)
    wrong = code[:position] + character + code[position + 1 :]
    if wrong != code:
        with pytest.raises(CardCodeMalformed):
            card.parse_code(wrong)


@settings(deadline=None)
@given(bodies, st.integers(4, 18))
def test_every_swap_of_neighbours_in_the_body_is_caught(body: str, position: int) -> None:
    """Two neighbouring characters typed in the wrong order make the code malformed."""
    code = make_code(body)
    wrong = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    if wrong != code:
        with pytest.raises(CardCodeMalformed):
            card.parse_code(wrong)


@pytest.mark.parametrize("text", ["", "FDL1", "FDL2" + "0" * 18, "8017200000001", "FDL1" + "Ü" * 18, "x" * 10_000])
def test_what_is_no_code_is_refused(text: str) -> None:
    """Other barcodes, cut codes and rubbish are malformed, at no cost."""
    with pytest.raises(CardCodeMalformed):
        card.parse_code(text)


def test_a_rotating_code_lives_for_its_step_and_its_neighbours() -> None:
    """Accepted 30 s early or late, refused after that: a photographed code is dead within a minute and a half."""
    handle, secret = card.new_handle(), SECRET
    parsed = card.parse_code(card.rotating_code(handle, secret, NOW))
    assert parsed.lookup == handle
    assert parsed.token is not None
    for seconds, current in [(-60, False), (-30, True), (0, True), (30, True), (60, False)]:
        assert (card.current_step(parsed.token, [secret], NOW + timedelta(seconds=seconds)) is not None) is current


def test_a_rotating_code_needs_its_own_secret() -> None:
    """Knowing the handle alone makes no code."""
    handle = card.new_handle()
    forged = card.parse_code(card.rotating_code(handle, b"another secret of 20", NOW))
    assert forged.token is not None
    assert card.current_step(forged.token, [SECRET], NOW) is None


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_digits_are_those_of_rfc_6238(seconds: int, digits: str) -> None:
    """Appendix B's vectors for SHA-1 and eight digits: what Google's wallet computes by itself."""
    assert card.totp(SECRET, seconds // card.STEP_SECONDS) == digits


def test_googles_code_needs_no_check_and_leads_to_the_same_handle() -> None:
    """Google can only append the digits; such a code parses to the same parts, a cut or a static one does not."""
    handle = card.new_handle()
    ours = card.parse_code(card.rotating_code(handle, SECRET, NOW))
    digits = card.totp(SECRET, card.step_of(NOW))
    assert card.parse_code(f"FDG1{handle}{digits}") == ours
    for text in (f"FDG1{handle}{digits[:-1]}", f"FDG1{handle}{digits}0", f"FDG1{handle[:-1]}U{digits}"):
        with pytest.raises(CardCodeMalformed):
            card.parse_code(text)
