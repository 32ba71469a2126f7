"""A pass laid out as an iPhone does: the classic front, the poster of iOS 27, the back. Pure; in points.

Measures: Apple, Human Interface Guidelines, "Wallet", and the look of iOS 18 to 27 on a phone 393 points wide. Wallet's
exact type sizes are not published; letters here are a little wider than the phone's, so the preview cuts off sooner.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from fedele.adapters.apple_wallet.colours import css_rgb, luminance
from fedele.adapters.apple_wallet.images import png_size
from fedele.adapters.apple_wallet.model import Barcode, ClassicFields, PassDocument, PassField
from fedele.adapters.apple_wallet.symbols import ON_EVERY_PHONE
from fedele.adapters.apple_wallet.words import Strings
from fedele.adapters.wallet_preview import letters
from fedele.adapters.wallet_preview.back import back_face
from fedele.adapters.wallet_preview.items import Face, Rgb
from fedele.adapters.wallet_preview.page import Page
from fedele.adapters.wallet_preview.reading import Reader, Said

WIDTH, HEIGHT = 375.0, 478.0
MARGIN, GAP = 14.0, 12.0
HEADER_HEIGHT, STRIP_HEIGHT = 66.0, 144.0
POSTER_WIDTH, ARTWORK_HEIGHT = 358.0, 448.0
LABEL_POINTS, VALUE_POINTS, PRIMARY_POINTS = 11.0, 17.0, 46.0
SMALLEST = 0.72  # of a value's size, before its end is cut off
PAPER: Rgb = (255, 255, 255)
INK: Rgb = (0, 0, 0)
Files = Mapping[str, bytes]
Phone = Literal["ios27", "older"]


def faces(
    document: PassDocument, files: Files, strings: Strings, language: str, phone: Phone = "ios27"
) -> tuple[Face, ...]:
    """The sides of this pass on a phone in this language: front, poster if it has one, back."""
    reader = Reader(document, strings, language)
    made = [_front(reader, files, phone)]
    if document.poster_generic is not None:
        made.append(_poster(reader, files, phone))
    return (*made, back_face(reader, WIDTH, files))


class _Look:
    """Colours of the card; where the design names none, as Wallet chooses them."""

    def __init__(self, document: PassDocument) -> None:
        self.ground = css_rgb(document.background_color or "rgb(255, 255, 255)")
        plain = "rgb(0, 0, 0)" if luminance(self.ground) > 0.5 else "rgb(255, 255, 255)"
        self.words = css_rgb(document.foreground_color or plain)
        self.labels = css_rgb(document.label_color or document.foreground_color or plain)


def _front(reader: Reader, files: Files, phone: Phone) -> Face:
    document, look = reader.document, _Look(reader.document)
    page = Page(WIDTH, rtl=letters.is_rtl(reader.language))
    _header(page, reader, files, look, document.fields.header_fields, "logo")
    fields = document.fields
    has_strip = "strip.png" in files and document.generic is None
    top = HEADER_HEIGHT
    if has_strip:
        page.picture("strip", 0, top, WIDTH, STRIP_HEIGHT, cover=True)
        _primary(page, reader, fields.primary_fields, top + 22, look.words, WIDTH - MARGIN * 2)
        top += STRIP_HEIGHT + GAP
    else:
        top = _plain_primary(page, reader, files, look, top + 6)
    top = _rows(page, reader, look, fields, top)
    title = "iOS 26 and earlier" if document.poster_generic is not None else ""
    _barcode(page, reader, look, phone, top, HEIGHT)
    return Face(name="front", title=title, width=WIDTH, height=HEIGHT, ground=look.ground, items=tuple(page.items))


def _header(page: Page, reader: Reader, files: Files, look: _Look, fields: Sequence[PassField], logo: str) -> None:
    """Logo and its words where the language begins; the header fields at the other end."""
    document, x = reader.document, MARGIN
    if f"{logo}.png" in files:
        width, height = _fitted(files, logo, 150, 42)
        page.picture(logo, x, 12 + (42 - height) / 2, width, height)
        x += width + 8
    end = page.width - MARGIN
    for field in reversed(fields):
        label, value = reader.said(field.label), reader.value(field)
        room = min(150.0, max(_width(label, LABEL_POINTS, letters.MEDIUM), _width(value, 19)))
        end -= room
        where = f"headerFields.{field.key}"
        page.words(
            f"{where}.label", label, end, 12, room, LABEL_POINTS, look.labels, weight=letters.MEDIUM, start="end"
        )
        page.words(f"{where}.value", value, end, 27, room, 19, look.words, start="end", smallest=SMALLEST)
        end -= GAP
    if document.logo_text and logo == "logo":
        said, room = reader.said(document.logo_text), max(0.0, end - x)
        page.words("logoText", said, x, 23, room, 17, look.words, weight=letters.SEMIBOLD, smallest=SMALLEST)


def _primary(page: Page, reader: Reader, fields: Sequence[PassField], top: float, colour: Rgb, room: float) -> None:
    """The large figure upon the strip, its label below it."""
    for field in fields:
        where = f"primaryFields.{field.key}"
        value, label = reader.value(field), reader.said(field.label)
        page.words(f"{where}.value", value, MARGIN, top, room, PRIMARY_POINTS, colour, smallest=0.5)
        page.words(f"{where}.label", label, MARGIN, top + 60, room, 14, colour, weight=letters.MEDIUM)


def _plain_primary(page: Page, reader: Reader, files: Files, look: _Look, top: float) -> float:
    """The primary field of a card without a strip, its label above it, the thumbnail at the other end."""
    room = WIDTH - MARGIN * 2
    if "thumbnail.png" in files:
        width, height = _fitted(files, "thumbnail", 90, 90)
        page.picture("thumbnail", WIDTH - MARGIN - width, top, width, height)
        room -= width + GAP
    for field in reader.document.fields.primary_fields:
        where = f"primaryFields.{field.key}"
        label, value = reader.said(field.label), reader.value(field)
        page.words(f"{where}.label", label, MARGIN, top + 8, room, LABEL_POINTS, look.labels, weight=letters.MEDIUM)
        page.words(f"{where}.value", value, MARGIN, top + 24, room, 27, look.words, smallest=0.55)
    return top + 104 if "thumbnail.png" in files else top + 72


def _rows(page: Page, reader: Reader, look: _Look, fields: ClassicFields, top: float) -> float:
    """Secondary and auxiliary fields: one row on cards with a strip, two on others."""
    document = reader.document
    rows = [
        [("secondaryFields", field) for field in fields.secondary_fields],
        [("auxiliaryFields", field) for field in fields.auxiliary_fields],
    ]
    if document.store_card is not None or document.coupon is not None:
        rows = [rows[0] + rows[1]]
    for row in rows:
        if row:
            _row(page, reader, look, row, top)
            top += 46
    return top


def _row(page: Page, reader: Reader, look: _Look, row: Sequence[tuple[str, PassField]], top: float) -> None:
    """Fields side by side. Each has what it needs while there is enough; what is short is shared by need."""
    shown = [(f"{group}.{field.key}", field, reader.said(field.label), reader.value(field)) for group, field in row]
    needs = [
        max(_width(label, LABEL_POINTS, letters.MEDIUM), _width(value, VALUE_POINTS))
        for _where, _field, label, value in shown
    ]
    rooms = shared(needs, WIDTH - MARGIN * 2 - GAP * (len(row) - 1))
    x = MARGIN
    spare = WIDTH - MARGIN * 2 - GAP * (len(row) - 1) - sum(rooms)
    for index, ((where, field, label, value), room) in enumerate(zip(shown, rooms, strict=True)):
        last = index == len(shown) - 1 and len(shown) > 1
        x += spare if last else 0  # the last one stands at the far edge
        start = _alignment(field, last=last)
        page.words(f"{where}.label", label, x, top, room, LABEL_POINTS, look.labels, weight=letters.MEDIUM, start=start)
        page.words(f"{where}.value", value, x, top + 15, room, VALUE_POINTS, look.words, start=start, smallest=SMALLEST)
        x += room + GAP


def _alignment(field: PassField, *, last: bool) -> Literal["start", "centre", "end"]:
    if field.text_alignment == "PKTextAlignmentCenter":
        return "centre"
    if field.text_alignment == "PKTextAlignmentRight":
        return "end"
    return "end" if last else "start"


def shared(needs: Sequence[float], room: float) -> list[float]:
    """How wide each may be: what it needs, or, where that is too much together, the small ones first."""
    rooms, left = dict.fromkeys(range(len(needs)), 0.0), room
    for rank, index in enumerate(sorted(rooms, key=lambda each: needs[each])):
        rooms[index] = min(needs[index], left / (len(needs) - rank))
        left -= rooms[index]
    return list(rooms.values())


def _barcode(page: Page, reader: Reader, look: _Look, phone: Phone, top: float, bottom: float) -> None:
    """The code on white, its number below it, centred in what is left of the card."""
    barcode = shown_barcode(reader.document, phone)
    if barcode is None:
        return
    square = barcode.format in ("PKBarcodeFormatQR", "PKBarcodeFormatAztec")
    width, height = (148.0, 148.0) if square else (286.0, 76.0)
    text = 20.0 if barcode.alt_text else 0.0
    tall, wide = height + 24 + text, max(width + 24, 172.0)
    y = max(top + 4, top + (bottom - top - tall) / 2 - 2)
    page.box((page.width - wide) / 2, y, wide, tall, PAPER, corner=8)
    code = (barcode.format, barcode.message, barcode.message_encoding)
    page.code(code, (page.width - width) / 2, y + 12, width, height)
    if barcode.alt_text:
        said = reader.said(barcode.alt_text)
        place = ((page.width - wide) / 2 + 8, y + height + 17, wide - 16)
        page.words("barcodes.altText", said, *place, 13, INK, start="centre", smallest=SMALLEST)


def shown_barcode(document: PassDocument, phone: Phone) -> Barcode | None:
    """The barcode that this phone shows: the first one it can draw."""
    return next((each for each in document.barcodes if phone == "ios27" or each.format in ON_EVERY_PHONE), None)


def _poster(reader: Reader, files: Files, phone: Phone) -> Face:
    """The poster: artwork to the edges, the header upon it, fields at its foot, the code below."""
    document, look = reader.document, _Look(reader.document)
    fields = document.poster_generic
    if fields is None:
        raise AssertionError("a poster is asked of a pass without one")
    page = Page(POSTER_WIDTH, rtl=letters.is_rtl(reader.language))
    page.picture("artwork", 0, 0, POSTER_WIDTH, ARTWORK_HEIGHT, cover=True)
    page.shade(ARTWORK_HEIGHT - 190, 190, look.ground)
    _header(page, reader, files, look, fields.header_fields, "primaryLogo")
    top = ARTWORK_HEIGHT - 68
    row = [("primaryFields", field) for field in fields.primary_fields]
    _poster_row(page, reader, look, row, top)
    if fields.footer_fields:
        footer = fields.footer_fields[0]
        label, value = reader.said(footer.label), reader.value(footer)
        said = Said(f"{label.text} {value.text}".strip(), label.key)
        room = POSTER_WIDTH - MARGIN * 2
        page.words(f"footerFields.{footer.key}", said, MARGIN, top + 46, room, 13, look.labels, smallest=SMALLEST)
    bottom = ARTWORK_HEIGHT + 208
    _barcode(page, reader, look, phone, ARTWORK_HEIGHT, bottom)
    items = tuple(page.items)
    return Face(name="poster", title="iOS 27", width=POSTER_WIDTH, height=bottom, ground=look.ground, items=items)


def _poster_row(page: Page, reader: Reader, look: _Look, row: Sequence[tuple[str, PassField]], top: float) -> None:
    shown = [(f"{group}.{field.key}", reader.said(field.label), reader.value(field)) for group, field in row]
    needs = [max(_width(label, LABEL_POINTS, letters.MEDIUM), _width(value, 20)) for _w, label, value in shown]
    room = POSTER_WIDTH - MARGIN * 2 - GAP * (len(row) - 1)
    x, rooms = MARGIN, shared(needs, room)
    for index, ((where, label, value), own) in enumerate(zip(shown, rooms, strict=True)):
        last = index == len(shown) - 1 and len(shown) > 1
        x += room - sum(rooms) if last else 0
        start: Literal["start", "end"] = "end" if last else "start"
        where = f"poster.{where}"
        page.words(f"{where}.label", label, x, top, own, LABEL_POINTS, look.labels, weight=letters.MEDIUM, start=start)
        page.words(f"{where}.value", value, x, top + 15, own, 20, look.words, start=start, smallest=SMALLEST)
        x += own + GAP


def _fitted(files: Files, name: str, width_max: float, height_max: float) -> tuple[float, float]:
    """An image's own size in points, made smaller where it is larger than its place."""
    width, height = png_size(files[f"{name}.png"])
    share = min(1.0, width_max / width, height_max / height)
    return width * share, height * share


def _width(said: Said, points: float, weight: int = letters.REGULAR) -> float:
    return letters.width(said.text, points, weight) if said.text else 0.0
