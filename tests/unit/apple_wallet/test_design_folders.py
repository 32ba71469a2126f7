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


def look(name: str, brand: dict[str, str]) -> Callable[[Path], None]:
    """Add a look with these colours; without any, an empty folder."""

    def add(folder: Path) -> None:
        (folder / "looks" / name).mkdir(parents=True)
        if brand:
            (folder / "looks" / name / "brand.json").write_text(json.dumps(brand))

    return add


def both(*spoils: Callable[[Path], None]) -> Callable[[Path], None]:
    """One after the other."""

    def spoil(folder: Path) -> None:
        for each in spoils:
            each(folder)

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
        (lambda folder: (folder / "logo@2x.png").unlink(), "grocer/logo@2x.png: is missing beside its other sizes"),
        (lambda folder: (folder / "ar.lproj/strip.png").unlink(), "grocer/ar.lproj/strip.png: is missing beside"),
        (lambda folder: (folder / "icon.png").write_bytes(b"GIF89a"), "grocer/icon.png: is not a PNG"),
        (lambda folder: (folder / "logo@4x.png").write_bytes(b""), "grocer/logo@4x.png: Wallet knows no such image"),
        (
            lambda folder: shutil.copy(folder / "icon.png", folder / "thumbnail.png"),
            "is shown by generic and eventTicket",
        ),
        (
            lambda folder: (folder / "strip.png").write_bytes((folder / "strip.png").read_bytes() + bytes(2**20)),
            "below 1 MB",
        ),
        (lambda folder: (folder / "pass.json").unlink(), "grocer/pass.json: is missing"),
        (lambda folder: (folder / "pass.json").write_text("[]"), "grocer/pass.json: must be an object"),
        (rewrite("pass.json", '"maxDistance"', "maxDistance"), "grocer/pass.json: line 7"),
        (rewrite("brand.json", '"labelColor"', '"labelColour"'), "brand.json: labelColour is unknown"),
        (rewrite("brand.json", '"labelColor"', '"labelColour"'), "brand.json: labelColor must be a colour"),
        (rewrite("en.lproj/pass.strings", '"POINTS"', '""'), "en.lproj/pass.strings: 'label.balance' has no words"),
        (rewrite("it.lproj/pass.strings", '"label.tier"', '"label.balance"'), "'label.balance' is there twice"),
        (rewrite("pass.json", "label.since", "label.joined"), "has no words for 'label.joined'"),
        (rewrite("pass.json", "label.since", "label.joined"), "'label.since' is used nowhere"),
        (rewrite("google.json", '"it": "Punti", ', ""), "google.json: balanceLabel has no words in 'it'"),
        (
            rewrite("google.json", '{ "en": "Points"', '"Points", "x": { "en": "Points"'),
            "balanceLabel must be words by language",
        ),
        (lambda folder: (folder / "pass.jsn").write_text("{}"), "grocer/pass.jsn: is no part of a card"),
        (lambda folder: (folder / "de.lproj").mkdir(), "grocer/de.lproj: holds no pass.strings"),
        (lambda folder: [shutil.rmtree(each) for each in folder.glob("*.lproj")], "needs at least one language"),
        (look("tier/gold", {}), "looks/tier/gold: holds neither a picture nor a brand.json"),
        (
            look("tier/gold", {"foregroundColor": "#0b5d3c"}),
            "looks/tier/gold/brand.json: foregroundColor on backgroundColor",
        ),
        (
            look("tier/gold", {"foregroundColor": "gold"}),
            "looks/tier/gold/brand.json: foregroundColor must be a colour",
        ),
        (look("balance/many", {"foregroundColor": "#ffffff"}), "looks/balance/many: must be a whole number"),
        (look("weather/rain", {"foregroundColor": "#ffffff"}), "looks/weather: is unknown"),
        (both(look("tier/gold", {"labelColor": "#ffffff"}), look("balance/3", {"labelColor": "#ffffff"})), "keep one"),
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
        ('"maxDistance": 500', '"locations": []', "locations is set by Fedele"),
        ('"maxDistance": 500', '"semantics": {"membershipProgramme": "x"}', "semantics.membershipProgramme"),
        ('"maxDistance": 500', '"semantics": {"eventStartDate": "soon"}', "semantics.eventStartDate"),
        ('"maxDistance": 500', '"appLaunchURL": "app://card"', "appLaunchURL needs associatedStoreIdentifiers"),
        ('"maxDistance": 500', '"generic": {}', "exactly one of storeCard"),
        ('"maxDistance": 500', '"relevantDate": "2026-11-22T09:00:00"', "relevantDate"),
        (
            '"maxDistance": 500',
            '"featuredActions": [{"identifier": "a", "type": "shop", "url": "shop"}]',
            "featuredActions.0.url",
        ),
        ("PKBarcodeFormatQR", "PKBarcodeFormatITF", "barcodes.0.format"),
        ("PKBarcodeFormatQR", "PKBarcodeFormatCode39", "PKBarcodeFormatCode39 needs iOS 27; add a PKBarcodeFormatQR"),
        ("iso-8859-1", "latin-99", "messageEncoding 'latin-99' is no character set"),
        ('"textAlignment": "PKTextAlignmentNatural" }', '"textAlignment": "left" }', "textAlignment"),
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
