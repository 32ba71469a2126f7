"""A preview shows what a phone would: nothing cut off, nothing illegible, codes that scan, Arabic from the right."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from fedele.adapters.apple_wallet.assembler import AppleWallet, AppleWallets
from fedele.adapters.apple_wallet.design import load_design
from fedele.adapters.wallet_preview import letters
from fedele.adapters.wallet_preview.faces import shared
from fedele.adapters.wallet_preview.items import Code, Words
from fedele.adapters.wallet_preview.preview import cut_off, faces_of, illegible, preview, shortcomings
from fedele.adapters.wallet_preview.samples import LONGEST_BALANCE, sample_card
from fedele.cli import app
from tests.factories.wallet import DESIGNS, LANGUAGES, PASSES
from tests.fixtures.wallet import WEB_SERVICE_URL

EACH_DESIGN = [(design, language) for design in DESIGNS for language in LANGUAGES]


@pytest.fixture
def spoilt(tmp_path: Path, apple_wallet: AppleWallet) -> Callable[[str, Callable[[Path], object]], AppleWallet]:
    """Compile a copy of a design after doing something to its folder."""

    def compiled(design: str, spoil: Callable[[Path], object]) -> AppleWallet:
        folder = Path(shutil.copytree(PASSES / design, tmp_path / design))
        spoil(folder)
        return AppleWallet(load_design(folder), apple_wallet.identity, WEB_SERVICE_URL)

    return compiled


def overlap(one: Words, other: Words) -> bool:
    """Do two lines stand upon each other?"""
    apart = one.left + one.room <= other.left + 0.1 or other.left + other.room <= one.left + 0.1
    return not apart and one.top < other.top + other.height * 0.8 and other.top < one.top + one.height * 0.8


@pytest.mark.parametrize(("design", "language"), EACH_DESIGN)
def test_the_longest_card_is_not_cut_off(apple_wallets: AppleWallets, design: str, language: str) -> None:
    """A long name and a seven-digit balance, in every language: each line fits, stands on the card and on no other."""
    wallet = apple_wallets.named(design)
    assert [words.where for words in cut_off(wallet, language)] == []
    for face in faces_of(wallet, sample_card(wallet.design, language, longest=True)):
        lines = face.words()
        assert lines
        for words in lines:
            assert words.left >= 0
            assert words.left + words.room <= face.width + 0.1
            assert words.top + words.height <= face.height
            assert letters.width(words.drawn, words.points, words.weight) <= words.room + 0.5
        clashes = [(a.where, b.where) for i, a in enumerate(lines) for b in lines[i + 1 :] if overlap(a, b)]
        assert clashes == []


def test_the_longest_balance_has_seven_digits() -> None:
    """What the promise above is measured with."""
    assert len(str(LONGEST_BALANCE)) == 7


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_check_sees_what_is_cut_off(
    spoilt: Callable[[str, Callable[[Path], object]], AppleWallet], language: str
) -> None:
    """The negative: a label that does not fit is found, in its language only, with the file to mend."""

    def lengthen(folder: Path) -> None:
        path = folder / f"{language}.lproj" / "pass.strings"
        text = path.read_text()
        (line,) = [each for each in text.splitlines() if each.startswith('"label.member"')]
        path.write_text(text.replace(line, f'"label.member" = "{"Ж" * 60}";'))

    wallet = spoilt("grocer", lengthen)
    assert {words.key for words in cut_off(wallet, language)} == {"label.member"}
    others = [each for each in LANGUAGES if each != language]
    assert not any(list(cut_off(wallet, other)) for other in others)
    (finding,) = shortcomings(wallet)
    assert f"{language}.lproj/pass.strings" in finding.remedy
    assert "'label.member'" in finding.remedy


@pytest.mark.parametrize(("design", "language"), EACH_DESIGN)
def test_every_word_stands_out_from_its_ground(apple_wallets: AppleWallets, design: str, language: str) -> None:
    """WCAG contrast, measured on what is really behind the letters: 4.5, or 3 for large ones, in every look."""
    wallet = apple_wallets.named(design)
    for look in wallet.design.looks.all():
        assert [(words.where, have) for words, have, _least in illegible(wallet, language, look.name)] == []


def test_the_check_sees_words_on_a_restless_picture(
    spoilt: Callable[[str, Callable[[Path], object]], AppleWallet],
) -> None:
    """The negative: cream figures on a cream strip are found."""

    def whiten(folder: Path) -> None:
        for scale, name in enumerate(("strip.png", "strip@2x.png", "strip@3x.png"), 1):
            Image.new("RGB", (375 * scale, 144 * scale), (255, 246, 226)).save(folder / name)

    wallet = spoilt("grocer", whiten)
    assert {words.where for words, _have, _least in illegible(wallet, "en")} == {
        "primaryFields.balance.value",
        "primaryFields.balance.label",
    }
    assert any("contrast" in finding.what for finding in shortcomings(wallet))


@pytest.mark.parametrize(("design", "language"), EACH_DESIGN)
def test_the_code_is_read_from_the_preview(apple_wallets: AppleWallets, design: str, language: str) -> None:
    """zxing finds on the drawn card, as a camera would, the code that the till looks up; on the poster too."""
    wallet = apple_wallets.named(design)
    card = sample_card(wallet.design, language)
    found = zxingcpp.read_barcodes(preview(wallet, card, scale=2))
    fronts = [face for face in faces_of(wallet, card) if any(isinstance(item, Code) for item in face.items)]
    assert [each.text for each in found] == [card.card_code] * len(fronts)
    assert {each.format for each in found} == {zxingcpp.BarcodeFormat.QRCode}


NEWER = {
    "PKBarcodeFormatEAN13": ("5901234123457", "EAN13"),
    "PKBarcodeFormatCode39": ("FDL4-7Q2M-9XKD", "Code39"),
    "PKBarcodeFormatCodabar": ("A5901234123457B", "Codabar"),
    "PKBarcodeFormatI2of5": ("59012341234570", "ITF"),
}
EVERYWHERE = {
    "PKBarcodeFormatQR": ("FDL4-7Q2M-9XKD", "QRCode"),
    "PKBarcodeFormatPDF417": ("FDL4-7Q2M-9XKD", "PDF417"),
    "PKBarcodeFormatAztec": ("FDL4-7Q2M-9XKD", "Aztec"),
    "PKBarcodeFormatCode128": ("FDL4-7Q2M-9XKD", "Code128"),
}


def with_barcodes(*formats: str) -> Callable[[Path], None]:
    """Give a design these barcodes."""

    def change(folder: Path) -> None:
        document: dict[str, Any] = json.loads((folder / "pass.json").read_text())
        (code,) = document["barcodes"]
        document["barcodes"] = [{**code, "format": each} for each in formats]
        (folder / "pass.json").write_text(json.dumps(document))

    return change


@pytest.mark.parametrize("kind", [*EVERYWHERE, *NEWER])
def test_every_kind_of_barcode_scans(spoilt: Callable[[str, Callable[[Path], object]], AppleWallet], kind: str) -> None:
    """All eight of Apple's formats are drawn and read back; the four of iOS 27 leave older phones their QR."""
    message, name = (EVERYWHERE | NEWER)[kind]
    formats = (kind,) if kind in EVERYWHERE else (kind, "PKBarcodeFormatQR")
    wallet = spoilt("grocer", with_barcodes(*formats))
    card = dataclasses.replace(sample_card(wallet.design, "en"), card_code=message)
    (found,) = zxingcpp.read_barcodes(preview(wallet, card))
    assert found.text == message
    assert name in str(found.format).replace("-", "").replace(" ", "") or found.format == getattr(
        zxingcpp.BarcodeFormat, name
    )
    if kind in NEWER:
        (older,) = zxingcpp.read_barcodes(preview(wallet, card, phone="older"))
        assert (older.format, older.text) == (zxingcpp.BarcodeFormat.QRCode, message)


def test_arabic_begins_at_the_right(apple_wallets: AppleWallets) -> None:
    """The whole card is mirrored: what stands at the left in English stands at the right in Arabic."""
    wallet = apple_wallets.named("grocer")
    english, arabic = (faces_of(wallet, sample_card(wallet.design, language))[0] for language in ("en", "ar"))
    left = {words.where: words for words in english.words()}
    right = {words.where: words for words in arabic.words()}
    assert left.keys() == right.keys()
    for where in ("logoText", "primaryFields.balance.value", "secondaryFields.member.label"):
        assert left[where].side == "left"
        assert left[where].left < 100
        assert right[where].side == "right"
        assert right[where].left + right[where].room > arabic.width - 100
    assert left["headerFields.tier.value"].left > right["headerFields.tier.value"].left


def test_arabic_is_shaped() -> None:
    """Letters are joined: drawn together they are narrower than each by itself; Latin ones are not."""
    word = "النقاط"
    assert letters.width(word, 20) < 0.9 * sum(letters.width(letter, 20) for letter in word)
    assert letters.width("points", 20) > 0.9 * sum(letters.width(letter, 20) for letter in "points")
    assert letters.direction(word) == "rtl"
    assert letters.direction("12,450") == "ltr"
    assert letters.direction("\u200f31/12/2026") == "rtl"


def test_a_look_is_drawn_by_the_balance(apple_wallets: AppleWallets) -> None:
    """Seven stamps are seven cups: each count is another picture, and what is over ten is ten."""
    wallet = apple_wallets.named("cafe")
    pictures = [
        preview(wallet, sample_card(wallet.design, "en", balance=Decimal(count)), scale=1)
        .crop((26, 26 + 66, 26 + 375, 26 + 66 + 144))
        .tobytes()
        for count in range(12)
    ]
    assert len(set(pictures)) == 11
    assert pictures[10] == pictures[11]


@pytest.mark.parametrize(
    ("needs", "room", "rooms"),
    [
        ([50, 60], 200, [50, 60]),
        ([50, 300], 200, [50, 150]),
        ([300, 300], 200, [100, 100]),
        ([10, 300, 300], 210, [10, 100, 100]),
        ([], 100, []),
    ],
)
def test_what_is_short_is_shared_by_need(needs: list[float], room: float, rooms: list[float]) -> None:
    """A short field keeps its room; the long ones share what is left."""
    assert shared(needs, room) == rooms


def test_lines_break_between_words_and_lose_nothing() -> None:
    """Every word of a paragraph is there again, each line fits, and a word longer than a line is broken."""
    text = "Show this card at the till, before you pay. Wirtschaftsförderungsgesellschaften " + "x" * 90
    lines = letters.wrapped(text, 15, letters.REGULAR, 160)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(letters.width(line, 15) <= 160 for line in lines)


def test_the_command_draws_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`wallet preview --sample` writes a PNG; what does not exist is said, and nothing written."""
    monkeypatch.setenv("FEDELE_DATA_DIR", str(tmp_path))
    out = tmp_path / "card.png"
    command = ["wallet", "preview", "--sample", "--out", str(out)]
    answer = CliRunner().invoke(app, [*command, "--design", "cafe", "--locale", "ar", "--balance", "4"])
    assert answer.exit_code == 0, answer.output
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
    out.unlink()
    for wrong in (["--design", "bakery"], ["--locale", "klingon-qq"]):
        refused = CliRunner().invoke(app, [*command, *wrong])
        assert refused.exit_code == 1, refused.output
    assert CliRunner().invoke(app, ["wallet", "preview"]).exit_code == 2
    assert not out.exists()
