"""What is not installed is said by name, with what to install; the rest goes on."""

import dataclasses
import sys

import pytest

from fedele.adapters.apple_wallet.assembler import AppleWallets
from fedele.adapters.apple_wallet.design import DesignError
from fedele.adapters.apple_wallet.opening import open_assembler
from fedele.adapters.wallet_preview import letters
from fedele.adapters.wallet_preview.barcodes import CannotDraw, modules
from fedele.adapters.wallet_preview.drawing import draw_face
from fedele.adapters.wallet_preview.items import Code, Face


@pytest.mark.parametrize(
    ("kind", "library"),
    [
        ("PKBarcodeFormatAztec", "aztec_code_generator"),
        ("PKBarcodeFormatPDF417", "pdf417gen"),
        ("PKBarcodeFormatCode128", "barcode"),
    ],
)
def test_a_barcode_without_its_library_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, kind: str, library: str
) -> None:
    """Without the extra, QR is drawn and another format says what to install, on the picture too."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(CannotDraw, match=r"fedele\[preview\]"):
        modules(kind, "FDL4", "iso-8859-1")
    assert modules("PKBarcodeFormatQR", "FDL4", "iso-8859-1")
    code = Code(format=kind, message="FDL4", encoding="iso-8859-1", left=4, top=4, width=100, height=60)
    blank = Face(name="front", title="", width=120, height=80, ground=(255, 255, 255), items=())
    told = draw_face(dataclasses.replace(blank, items=(code,)), {})
    assert told.tobytes() != draw_face(blank, {}).tobytes()


def test_an_unknown_format_cannot_be_drawn() -> None:
    """A format of some later iOS is named, not guessed."""
    with pytest.raises(CannotDraw, match="PKBarcodeFormatMaxi"):
        modules("PKBarcodeFormatMaxi", "FDL4", "iso-8859-1")


def test_letters_without_shaping_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pillow that would draw Arabic apart and backwards draws nothing."""
    letters.font.cache_clear()
    monkeypatch.setattr("fedele.adapters.wallet_preview.letters.features.check", lambda _name: False)
    with pytest.raises(letters.NoShaping, match="libraqm"):
        letters.font(20, letters.REGULAR)
    letters.font.cache_clear()


def test_py_pkpass_that_is_not_installed_is_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch, apple_wallets: AppleWallets
) -> None:
    """The setting without its extra: refused at start, with the command that mends it; ours needs nothing."""
    monkeypatch.setitem(sys.modules, "fedele.adapters.py_pkpass.assembler", None)
    with pytest.raises(DesignError, match=r"pip install 'fedele\[py-pkpass\]'"):
        open_assembler(apple_wallets, "py-pkpass")
    assert open_assembler(apple_wallets, "fedele") is apple_wallets
