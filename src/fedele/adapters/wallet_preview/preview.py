"""The preview as a whole: a card's state in, a picture or a list of what is wrong with it out."""

import dataclasses
import itertools
from collections.abc import Iterator

from PIL import Image

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.certificates import Finding
from fedele.adapters.apple_wallet.colours import Rgb, contrast
from fedele.adapters.apple_wallet.images import shown_in
from fedele.adapters.apple_wallet.model import PassDocument
from fedele.adapters.wallet_preview.drawing import draw_face, draw_faces
from fedele.adapters.wallet_preview.faces import Phone, faces
from fedele.adapters.wallet_preview.items import Face, Words
from fedele.adapters.wallet_preview.letters import is_rtl
from fedele.adapters.wallet_preview.samples import sample_card
from fedele.domains.wallet.types import CardState

CONTRAST_MIN, CONTRAST_MIN_LARGE, LARGE_POINTS = 4.5, 3.0, 18.0  # WCAG 2.2, success criterion 1.4.3
_TOLERATED = 0.02  # of a line's ground: a leaf's tip behind one letter does not make a figure illegible


def faces_of(wallet: AppleWallet, card: CardState, phone: Phone = "ios27") -> tuple[Face, ...]:
    """The card's sides as the member's phone lays them out."""
    document = PassDocument.model_validate_json(wallet.content(card))
    files = shown_files(wallet, card)
    return faces(document, files, wallet.design.strings, card.locale, phone)


def preview(wallet: AppleWallet, card: CardState, *, scale: int = 2, phone: Phone = "ios27") -> Image.Image:
    """Front and back side by side, and the poster between them where there is one."""
    return draw_faces(faces_of(wallet, card, phone), shown_files(wallet, card), scale)


def shown_files(wallet: AppleWallet, card: CardState) -> dict[str, bytes]:
    """The pictures of the card's look, in its language where there are such."""
    return shown_in(wallet.design.looks.of(card).files, card.locale)


def shortcomings(wallet: AppleWallet) -> list[Finding]:
    """What a member would not see or could not read: in every language, with a long name and a seven-digit balance."""
    found: dict[tuple[str, str], Finding] = {}
    for language in wallet.design.strings:
        for words in cut_off(wallet, language):
            finding = _too_long(wallet.design.name, language, words)
            found.setdefault((finding.what, ""), finding)
    ways = {is_rtl(language): language for language in reversed(list(wallet.design.strings))}
    for look, language in itertools.product(wallet.design.looks.all(), ways.values()):
        for words, have, least in illegible(wallet, language, look.name):
            finding = _too_faint(
                wallet, language, look.name, f"{words.where} has a contrast of {have:.1f}, not {least}"
            )
            found.setdefault((finding.what, look.name), finding)
    return list(found.values())


def cut_off(wallet: AppleWallet, language: str) -> Iterator[Words]:
    """The lines of the longest card in this language whose end is not shown."""
    for face in faces_of(wallet, sample_card(wallet.design, language, longest=True)):
        yield from (words for words in face.words() if words.is_cut)


def illegible(wallet: AppleWallet, language: str, look: str = "") -> Iterator[tuple[Words, float, float]]:
    """(line, its contrast, the least it must have) of lines that do not stand out from what is behind them."""
    card = dataclasses.replace(sample_card(wallet.design, language), tier_key=look or None)
    looks = wallet.design.looks
    if looks.thresholds:
        step = next((each for each in looks.thresholds if str(each) == look), 0)
        card = dataclasses.replace(
            card,
            balances=tuple(dataclasses.replace(each, available=type(each.available)(step)) for each in card.balances),
        )
    files = shown_files(wallet, card)
    for face in faces_of(wallet, card):
        ground = draw_face(face, files, 1, words=False)
        for words in face.words():
            least = CONTRAST_MIN_LARGE if words.points >= LARGE_POINTS else CONTRAST_MIN
            have = contrast_of(words, ground)
            if have < least:
                yield words, have, least


def contrast_of(words: Words, ground: Image.Image) -> float:
    """The contrast of a line with all but the least favourable few pixels behind it. `ground`: one pixel a point."""
    taken = min(words.room, words.natural) * min(1.0, words.points and 1.0)
    left = words.left + {"left": 0.0, "centre": (words.room - taken) / 2, "right": words.room - taken}[words.side]
    box = (int(left), int(words.top), max(int(left + taken), int(left) + 1), max(int(words.top + words.height), 1))
    area = ground.crop(box)
    counted = sorted(
        (
            (contrast(words.colour, _rgb(colour)), count)
            for count, colour in area.getcolors(area.width * area.height) or ()
        ),
        key=lambda pair: pair[0],
    )
    passed, allowed = 0, area.width * area.height * _TOLERATED
    for ratio, count in counted:
        passed += count
        if passed > allowed:
            return ratio
    return counted[-1][0] if counted else 21.0


def _rgb(colour: object) -> Rgb:
    if not isinstance(colour, tuple):
        raise TypeError("the ground is drawn in RGB")
    red, green, blue = colour
    return red, green, blue


def _too_faint(wallet: AppleWallet, language: str, look: str, what: str) -> Finding:
    folder = f"passes/{wallet.design.name}/" + (f"looks/{wallet.design.looks.by}/{look}/" if look else "")
    remedy = f"make the picture behind it calmer, or change the colours in {folder}brand.json"
    if is_rtl(language):
        remedy += f"; a mirrored picture for {language!r} lies in {folder}{language}.lproj/"
    return Finding("warning", f"{folder}: in {language!r}, {what}", remedy)


def _too_long(design: str, language: str, words: Words) -> Finding:
    what = f"passes/{design}: in {language!r}, {words.where} is cut off: {words.said!r} is shown as {words.drawn!r}"
    file = f"{language}.lproj/pass.strings" if words.key else "pass.json"
    subject = f"{words.key!r}" if words.key else "the field, or give it more room"
    return Finding(
        "warning", what, f"shorten {subject} in {file}: it needs {words.natural:.0f} points, has {words.room:.0f}"
    )
