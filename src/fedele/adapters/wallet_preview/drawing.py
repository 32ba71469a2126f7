"""From a laid-out face to pixels."""

import io
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFilter

from fedele.adapters.wallet_preview import barcodes, letters
from fedele.adapters.wallet_preview.items import Box, Code, Face, Picture, Rgb, Words

TABLE: Rgb = (228, 229, 233)
CAPTION: Rgb = (96, 98, 106)
QUIET_MODULES = 11  # on either side: EAN-13 asks for that many, the others for ten
CORNER, MARGIN, CAPTION_HEIGHT = 13.0, 26.0, 22.0
Files = Mapping[str, bytes]


def draw_faces(faces: Sequence[Face], files: Files, scale: int = 2) -> Image.Image:
    """The faces side by side on a table, each with its shadow. `scale` is pixels a point."""
    titled = any(face.title for face in faces)
    top = MARGIN + (CAPTION_HEIGHT if titled else 0)
    width = MARGIN + sum(face.width + MARGIN for face in faces)
    height = top + max(face.height for face in faces) + MARGIN
    table = Image.new("RGB", (round(width * scale), round(height * scale)), TABLE)
    x = MARGIN
    for face in faces:
        _lay_down(table, draw_face(face, files, scale), (x, top), scale)
        if face.title:
            font = letters.font(round(12 * scale), letters.MEDIUM)
            ImageDraw.Draw(table).text((x * scale, MARGIN * 0.7 * scale), face.title, font=font, fill=CAPTION)
        x += face.width + MARGIN
    return table


def draw_face(face: Face, files: Files, scale: int = 2, *, words: bool = True) -> Image.Image:
    """One face with square corners. `words` False leaves the words out: the ground they stand on."""
    image = Image.new("RGB", (round(face.width * scale), round(face.height * scale)), face.ground)
    for item in face.items:
        if isinstance(item, Box):
            _draw_box(image, item, scale)
        elif isinstance(item, Picture):
            _draw_picture(image, item, files, scale)
        elif isinstance(item, Code):
            _draw_code(image, item, scale)
        elif words:
            _draw_words(image, item, scale)
    return image


def _lay_down(table: Image.Image, face: Image.Image, at: tuple[float, float], scale: int) -> None:
    left, top = (round(each * scale) for each in at)
    mask = _rounded(face.size, CORNER * scale)
    shadow = Image.new("L", table.size, 0)
    shadow.paste(mask.point(lambda value: int(value * 0.28)), (left, top + 4 * scale))
    table.paste((40, 42, 54), mask=shadow.filter(ImageFilter.GaussianBlur(7 * scale)))
    table.paste(face, (left, top), mask)


def _rounded(size: tuple[int, int], corner: float) -> Image.Image:
    """A mask with round corners, drawn twice as large for smooth edges."""
    mask = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), corner * 2, fill=255)
    return mask.resize(size, Image.Resampling.LANCZOS)


def _draw_box(image: Image.Image, box: Box, scale: int) -> None:
    left, top, width, height = (round(each * scale) for each in (box.left, box.top, box.width, box.height))
    if box.shade:
        veil = Image.linear_gradient("L").resize((width, height)).point(lambda value: min(255, int(value * 1.25)))
        image.paste(box.fill, (left, top, left + width, top + height), veil)
        return
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((left, top, left + width - 1, top + max(height, 1) - 1), box.corner * scale, fill=box.fill)


def _draw_picture(image: Image.Image, picture: Picture, files: Files, scale: int) -> None:
    name = next(
        (f"{picture.name}{suffix}.png" for suffix in ("@3x", "@2x", "") if f"{picture.name}{suffix}.png" in files), None
    )
    if name is None:
        return
    drawn = Image.open(io.BytesIO(files[name])).convert("RGBA")
    width, height = round(picture.width * scale), round(picture.height * scale)
    if picture.cover:
        share = max(width / drawn.width, height / drawn.height)
        drawn = drawn.resize((round(drawn.width * share), round(drawn.height * share)), Image.Resampling.LANCZOS)
        left, top = (drawn.width - width) // 2, (drawn.height - height) // 2
        drawn = drawn.crop((left, top, left + width, top + height))
    else:
        drawn = drawn.resize((width, height), Image.Resampling.LANCZOS)
    if picture.corner:
        drawn.putalpha(_rounded(drawn.size, picture.corner * scale))
    image.paste(drawn, (round(picture.left * scale), round(picture.top * scale)), drawn)


def _draw_words(image: Image.Image, words: Words, scale: int) -> None:
    if not words.drawn:
        return
    font = letters.font(max(1, round(words.points * scale)), words.weight)
    anchor = {"left": "la", "centre": "ma", "right": "ra"}[words.side]
    x = words.left + {"left": 0, "centre": words.room / 2, "right": words.room}[words.side]
    at = (x * scale, words.top * scale)
    direction = letters.direction(words.drawn)
    ImageDraw.Draw(image).text(at, words.drawn, font=font, fill=words.colour, anchor=anchor, direction=direction)


def _draw_code(image: Image.Image, code: Code, scale: int) -> None:
    left, top, width, height = (round(each * scale) for each in (code.left, code.top, code.width, code.height))
    try:
        rows = barcodes.modules(code.format, code.message, code.encoding)
    except barcodes.CannotDraw as error:
        font = letters.font(round(8 * scale), letters.REGULAR)
        for index, line in enumerate(letters.wrapped(str(error), 8, letters.REGULAR, code.width)):
            ImageDraw.Draw(image).text((left, top + index * 10 * scale), line, font=font, fill=(176, 0, 32))
        return
    # Whole pixels a module, or bars of one width would differ and scanners stumble; and bars need white beside them.
    linear = len(rows) == 1
    module = width // (len(rows[0]) + QUIET_MODULES * 2) if linear else min(width // len(rows[0]), height // len(rows))
    module = max(1, module)
    drawn = Image.new("L", (len(rows[0]), len(rows)), 255)
    drawn.putdata([0 if dark else 255 for row in rows for dark in row])
    tall = height if linear else module * len(rows)
    drawn = drawn.resize((module * len(rows[0]), tall), Image.Resampling.NEAREST)
    image.paste(drawn, (left + (width - drawn.width) // 2, top + (height - drawn.height) // 2))
