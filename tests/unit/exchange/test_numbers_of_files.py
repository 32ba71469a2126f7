"""Numbers as files write them: what can be counted with is read exactly, and the rest is that row's error."""

from decimal import Decimal

import pytest

from fedele.domains.exchange import columns
from fedele.domains.exchange.types import RowInvalid


def test_numbers_are_read_exactly() -> None:
    """With an exponent, with many decimals, and whole ones."""
    assert columns.number({"x": "1.5E+3"}, "x") == Decimal(1500)
    assert columns.number({"x": "45.123456789012345678"}, "x") == Decimal("45.123456789012345678")
    assert columns.whole({"x": "12.0"}, "x") == 12
    assert columns.money({"x": "19.9"}, "x", "EUR") == 1990


@pytest.mark.parametrize("text", ["Infinity", "NaN", "1E+999999", "1E-999999", "9" * 5000, "1,50", ""])
def test_what_is_no_number_is_one_rows_error(text: str) -> None:
    """Never a crash of the whole import, nor an hour of arithmetic: the column is named, and its text cut short."""
    for read in (columns.number, columns.whole, lambda values, column: columns.money(values, column, "EUR")):
        with pytest.raises(RowInvalid) as refused:
            read({"x": text}, "x")
        assert refused.value.column == "x"
        assert len(refused.value.reason) < 120
