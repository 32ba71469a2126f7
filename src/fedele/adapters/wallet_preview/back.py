"""The back of the card: every back field in full, one below the other, as iOS lists them behind "Pass Details"."""

from collections.abc import Mapping

from fedele.adapters.wallet_preview import letters
from fedele.adapters.wallet_preview.items import Face, Rgb
from fedele.adapters.wallet_preview.page import Page
from fedele.adapters.wallet_preview.reading import Reader, Said

GROUND: Rgb = (242, 242, 247)
PAPER: Rgb = (255, 255, 255)
INK: Rgb = (0, 0, 0)
GREY: Rgb = (99, 99, 105)
HAIR: Rgb = (220, 220, 225)
MARGIN, INSET, LINE = 14.0, 12.0, 19.0


def back_face(reader: Reader, width: float, files: Mapping[str, bytes]) -> Face:
    """All back fields; as high as they need."""
    page = Page(width, rtl=letters.is_rtl(reader.language))
    document, y = reader.document, 20.0
    if "icon.png" in files:
        page.picture("icon", (width - 38) / 2, y, 38, 38, corner=8)
        y += 46
    title = reader.said(document.logo_text or document.organization_name)
    room = width - MARGIN * 2
    bold = letters.SEMIBOLD
    page.words("organizationName", title, MARGIN, y, room, 20, INK, weight=bold, start="centre", smallest=0.6)
    y += 40
    style = document.poster_generic or document.fields
    fields = [*style.back_fields, *style.additional_info_fields]
    start = len(page.items)
    top = y
    for index, field in enumerate(fields):
        label, value = reader.said(field.label), reader.value(field)
        inner = room - INSET * 2
        if index:
            page.box(MARGIN + INSET, y, room - INSET, 0.5, HAIR)
        y += 10
        where = f"backFields.{field.key}"
        if label.text:
            page.words(f"{where}.label", label, MARGIN + INSET, y, inner, 12, GREY, weight=letters.MEDIUM)
            y += 17
        for line in letters.wrapped(value.text, 15, letters.REGULAR, inner):
            page.words(f"{where}.value", Said(line, value.key), MARGIN + INSET, y, inner, 15, INK)
            y += LINE
        y += 9
    if fields:
        page.box(MARGIN, top, room, y - top, PAPER, corner=10)
        page.items.insert(start, page.items.pop())
    return Face(name="back", title="", width=width, height=max(y + 24, 478.0), ground=GROUND, items=tuple(page.items))
