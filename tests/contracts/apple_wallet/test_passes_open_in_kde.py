"""An independent reader: KDE's libkpkpass, as Linux mail clients use it, opens the card in every language."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fedele.adapters.apple_wallet.assembler import AppleWallet, AppleWallets
from fedele.adapters.apple_wallet.model import STYLES
from fedele.adapters.wallet_preview.samples import sample_card
from tests.factories.wallet import DESIGNS, LANGUAGES, SIGNED_AT, card_state

SOURCE = Path(__file__).parents[2] / "clients" / "kpkpass_reader" / "main.cpp"


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader, built now. Skips, saying what to install, where compiler or library are absent."""
    if not (shutil.which("g++") and shutil.which("pkg-config") and Path("/usr/include/KPim/KPkPass/Pass").exists()):
        missing = "NO INDEPENDENT PASS READER HERE: apt-get install g++ pkg-config libkpimpkpass-dev"
        if os.environ.get("CI"):
            pytest.fail(f"{missing} (`.ci/run` does)")
        pytest.skip(missing)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "Qt5Gui"], capture_output=True, text=True, check=True)
    binary = tmp_path_factory.mktemp("kpkpass") / "reader"
    command = ["g++", "-std=c++17", "-fPIC", "-I/usr/include/KPim", str(SOURCE), "-o", str(binary)]
    subprocess.run([*command, *flags.stdout.split(), "-lKPimPkPass"], check=True)
    return binary


def read(reader: Path, content: bytes, language: str, folder: Path) -> dict[str, Any]:
    """What the reader understands of a pass in a language."""
    path = folder / "card.pkpass"
    path.write_bytes(content)
    run = subprocess.run([str(reader), str(path), language], capture_output=True, text=True, check=True)
    understood: dict[str, Any] = json.loads(run.stdout)
    return understood


@pytest.mark.parametrize(
    ("language", "label", "message"),
    [
        ("en", "POINTS", "You now have 12.450 points."),
        ("it", "PUNTI", "Ora hai 12.450 punti."),
        ("ru", "БАЛЛЫ", "Теперь у вас баллов: 12.450."),
        ("ar", "النقاط", "رصيدك الآن 12.450 نقطة."),
    ],
)
def test_the_card_opens_in_every_language(
    reader: Path, apple_wallet: AppleWallet, tmp_path: Path, language: str, label: str, message: str
) -> None:
    """Labels and lock-screen words are the language's; the balance is the member's."""
    card = read(reader, apple_wallet.sign(card_state(), SIGNED_AT), language, tmp_path)
    assert card["fields"]["balance"] == {"label": label, "value": "12.450", "changeMessage": message}
    assert card["fields"]["tier"]["value"] == "Oro"
    assert not any(field["label"].startswith("label.") for field in card["fields"].values())
    assert not any(field["value"].startswith("text.") for field in card["fields"].values())


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_design_opens_in_every_language(
    reader: Path, apple_wallets: AppleWallets, tmp_path: Path, design: str, language: str
) -> None:
    """Each card is read whole: no bare key, the member's figures, the code, the colours, the pictures."""
    wallet = apple_wallets.named(design)
    state = sample_card(wallet.design, language)
    card = read(reader, wallet.sign(state, SIGNED_AT), language, tmp_path)
    words = wallet.design.strings[language]
    shown = [text for field in card["fields"].values() for text in field.values()]
    assert shown
    assert not set(shown) & words.keys()
    document = json.loads(wallet.content(state))
    style = next(document[each] for each in STYLES if each in document)
    for field in (field for group in style.values() for field in group):
        seen = card["fields"][field["key"]]
        assert seen["label"] == words.get(field.get("label", ""), "")
        assert seen["value"] == words.get(field["value"], field["value"])
    assert [code["message"] for code in card["barcodes"]] == [state.card_code]
    assert card["images"]["icon"] == [[38, 38], [76, 76], [114, 114]]
    red, green, blue = (int(part) for part in re.findall(r"\d+", document["backgroundColor"]))
    assert card["backgroundColor"] == f"#{red:02x}{green:02x}{blue:02x}"


def test_the_reader_sees_what_the_till_needs(reader: Path, apple_wallet: AppleWallet, tmp_path: Path) -> None:
    """Code, places, colours, pictures at three scales, and where updates come from."""
    card = read(reader, apple_wallet.sign(card_state(), SIGNED_AT), "en", tmp_path)
    code = card_state().card_code
    assert card["barcodes"] == [{"isQr": True, "message": code, "alternativeText": code}]
    assert card["isStoreCard"]
    assert (card["locationsCount"], card["maximumDistance"]) == (10, 500)
    assert (card["backgroundColor"], card["foregroundColor"]) == ("#0b5d3b", "#fff6e2")
    assert card["images"]["strip"] == [[375, 144], [750, 288], [1125, 432]]
    assert card["passUpdateUrl"].startswith("https://loyalty.example/wallet/apple/v1/passes/pass.dev.fedele.card/")


def test_a_broken_file_is_not_opened(reader: Path, tmp_path: Path) -> None:
    """The reader does refuse: what passes above passes for a reason."""
    (tmp_path / "broken.pkpass").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    run = subprocess.run([str(reader), str(tmp_path / "broken.pkpass"), "en"], capture_output=True, check=False)
    assert run.returncode == 1
