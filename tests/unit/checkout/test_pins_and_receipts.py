"""What can be a PIN, what its hash gives away, and receipts' tokens that nobody else can make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretBytes, SecretStr

from fedele.domains.activity.types import PurchaseId
from fedele.domains.checkout.identification import read_receipt_token, receipt_token
from fedele.domains.members.types import Peppers
from fedele.domains.till.errors import PinInvalid
from fedele.domains.till.pin import check_pin, hash_pin, pin_matches
from fedele.kernel.ids import MemberId, new_id

PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper of the tests")})


@pytest.mark.parametrize(
    "pin", ["", "123", "1111", "0000", "1234", "4321", "56789", "12a4", "1234567890123", "١٢٣٥", " 2946"]
)
def test_what_everybody_tries_first_is_no_pin(pin: str) -> None:
    """Too short, too long, letters, one digit again and again, a row up or down, digits of other scripts."""
    with pytest.raises(PinInvalid):
        check_pin(SecretStr(pin), 4)


@pytest.mark.parametrize("pin", ["2946", "1123", "909090", "135791113151"])
def test_other_digits_are_a_pin(pin: str) -> None:
    """Anything else of four to twelve digits."""
    check_pin(SecretStr(pin), 4)


async def test_the_hash_matches_its_pin_alone_and_differs_each_time() -> None:
    """Two members with the same PIN have different hashes; neither shows the PIN."""
    pin = SecretStr("294613")
    one, two = await hash_pin(pin), await hash_pin(pin)
    assert one != two
    assert one.startswith("$argon2id$")
    assert "294613" not in one
    assert await pin_matches(pin, one)
    assert not await pin_matches(SecretStr("294614"), one)


def test_a_receipts_token_reads_back_and_fits_a_qr() -> None:
    """Both ids come back; only letters and digits of a QR's dense mode are used."""
    member, purchase = MemberId(new_id()), PurchaseId(new_id())
    token = receipt_token(PEPPERS, member, purchase)
    assert len(token) == 64
    assert read_receipt_token(PEPPERS, token) == (member, purchase)
    assert set(token) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def test_an_old_receipt_outlives_a_change_of_secret() -> None:
    """A token signed under the previous pepper is still read, one of another deployment is not."""
    member, purchase = MemberId(new_id()), PurchaseId(new_id())
    token = receipt_token(PEPPERS, member, purchase)
    newer = Peppers(2, {2: SecretBytes(b"the newer pepper of tests"), **PEPPERS.values})
    assert read_receipt_token(newer, token) == (member, purchase)
    assert read_receipt_token(Peppers(1, {1: SecretBytes(b"the pepper of others")}), token) is None


@given(st.integers(4, 63), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_receipt_changed_in_one_place_is_refused(place: int, letter: str) -> None:
    """No single change leads to somebody else's purchase."""
    token = receipt_token(PEPPERS, MemberId(new_id()), PurchaseId(new_id()))
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or read_receipt_token(PEPPERS, changed) is None
