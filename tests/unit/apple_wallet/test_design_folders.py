"""A design folder is refused with every problem it has, file first, before any member's card is made."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.design import DesignError, load_design
from tests.factories.wallet import PASSES, SIGNED_AT, card_state
from tests.fixtures.wallet import WEB_SERVICE_URL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the grocer's design to spoil."""
    return Path(shutil.copytree(PASSES / "grocer", tmp_path / "grocer"))


def rewrite(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Spoil a text file."""

    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "icon@2x.png").unlink(), "grocer/icon@2x.png: is missing"),
        (lambda folder: shutil.copy(folder / "strip@3x.png", folder / "icon.png"), "an icon is 38×38"),
        (lambda folder: shutil.copy(folder / "strip@3x.png", folder / "strip.png"), "strip.png: is 1125×432"),
        (lambda folder: shutil.copy(folder / "icon.png", folder / "banner.png"), "banner.png: Wallet knows no such"),
        (rewrite("brand.json", "#0b5d3b", "green"), "brand.json: backgroundColor must be a colour"),
        (rewrite("brand.json", "#bfe3bd", "#5a8f6f"), "labelColor on backgroundColor has a contrast of 2.1, not 4.5"),
        (rewrite("brand.json", "{", ""), "brand.json: line 2"),
        (rewrite("it.lproj/pass.strings", '"label.tier"', '"label.level"'), "it.lproj/pass.strings: has no words"),
        (rewrite("ru.lproj/pass.strings", "%@", "N"), "ru.lproj/pass.strings: 'change.balance' is a changeMessage"),
        (rewrite("en.lproj/pass.strings", '" = "', '" "'), "en.lproj/pass.strings: cannot read"),
        (rewrite("en.lproj/pass.strings", '"', '/* first */\n"'), "must begin with a key"),
        (
            lambda folder: (folder / "ar.lproj/pass.strings").write_text('"a" = "ب";', "utf-16"),
            "ar.lproj/pass.strings: is not UTF-8",
        ),
    ],
)
def test_a_spoilt_folder_names_file_and_fault(folder: Path, spoil: Callable[[Path], object], says: str) -> None:
    """Images, colours and words: the message names the file and what is wrong with it."""
    spoil(folder)
    with pytest.raises(DesignError) as caught:
        load_design(folder)
    assert any(says in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("${balance}", "${ballance}", "there is no ${ballance}"),
        ('"maxDistance": 500', '"maxDistance": "500"', "maxDistance"),
        ('"maxDistance": 500', '"serialNumber": "1"', "serialNumber is set by Fedele"),
        ('"storeCard"', '"storecard"', "storecard: Extra inputs"),
        ('"key": "member"', '"key": "balance"', "field keys must differ: balance"),
    ],
)
def test_a_spoilt_template_is_refused_when_compiled(
    folder: Path, apple_wallet: AppleWallet, old: str, new: str, says: str
) -> None:
    """Mistakes in pass.json are found at start, with the path of the key."""
    rewrite("pass.json", old, new)(folder)
    with pytest.raises(DesignError) as caught:
        AppleWallet(load_design(folder), apple_wallet.identity, WEB_SERVICE_URL)
    assert any(says in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    "name", ['Ada "Countess" Lovelace', "back\\slash", "100% %s %b", "line\nfeed", "عائشة 👩‍🍳", "${balance}", ""]
)
def test_any_name_stays_a_name(apple_wallet: AppleWallet, name: str) -> None:
    """Quotes, percent signs, placeholders inside a value: the document stays JSON and says exactly that name."""
    document = json.loads(apple_wallet.content(card_state(display_name=name)))
    members = [field["value"] for field in document["storeCard"]["secondaryFields"] if field["key"] == "member"]
    assert members == ([name] if name else [])


def test_percent_signs_of_a_template_are_kept(folder: Path, apple_wallet: AppleWallet) -> None:
    """A literal % beside two placeholders is not taken for one."""
    rewrite("pass.json", "${expiring} · ${expires_on}", "100% %s ${expiring} %b ${expires_on}")(folder)
    wallet = AppleWallet(load_design(folder), apple_wallet.identity, WEB_SERVICE_URL)
    document = json.loads(wallet.content(card_state()))
    assert document["storeCard"]["secondaryFields"][1]["value"] == "100% %s 1.200 %b 31 dic 2026"


def test_every_problem_is_told_at_once(folder: Path) -> None:
    """A designer gets the whole list, not one fault a run."""
    (folder / "icon.png").unlink()
    rewrite("brand.json", "#fff6e2", "cream")(folder)
    with pytest.raises(DesignError) as caught:
        load_design(folder)
    assert len(caught.value.problems) == 2


def test_any_change_is_another_version(folder: Path) -> None:
    """The version hashes words, pictures, colours and template: a changed design is a changed card."""
    versions = {load_design(folder).version}
    for spoil in (
        rewrite("en.lproj/pass.strings", "POINTS", "STARS"),
        rewrite("brand.json", "#0b5d3b", "#0b5d3c"),
        rewrite("pass.json", "500", "600"),
        lambda folder: shutil.copy(folder / "strip@2x.png", folder / "strip@3x.png"),
    ):
        spoil(folder)
        versions.add(load_design(folder).version)
    assert len(versions) == 5


def test_every_design_that_ships_is_sound(apple_wallet: AppleWallet) -> None:
    """All folders under passes/ load and compile."""
    folders = [path for path in PASSES.iterdir() if path.is_dir()]
    assert folders
    for path in folders:
        AppleWallet(load_design(path), apple_wallet.identity, WEB_SERVICE_URL)
    assert SIGNED_AT.tzinfo
