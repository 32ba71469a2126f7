"""Card codes: recognisable, unguessable, and never misread as another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedele.domains.members import card
from fedele.domains.members.errors import CardCodeMalformed

NOW = datetime(2026, 11, 21, 9, 30, 10, tzinfo=UTC)
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
    assert set(card.rotating_code(card.new_handle(), card.new_secret(), NOW)) <= allowed


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
    handle, secret = card.new_handle(), card.new_secret()
    parsed = card.parse_code(card.rotating_code(handle, secret, NOW))
    assert parsed.lookup == handle
    assert parsed.token is not None
    for seconds, current in [(-60, False), (-30, True), (0, True), (30, True), (60, False)]:
        assert card.token_is_current(parsed.token, secret, NOW + timedelta(seconds=seconds)) is current


def test_a_rotating_code_needs_its_own_secret() -> None:
    """Knowing the handle alone makes no code."""
    handle = card.new_handle()
    forged = card.parse_code(card.rotating_code(handle, card.new_secret(), NOW))
    assert forged.token is not None
    assert not card.token_is_current(forged.token, card.new_secret(), NOW)
