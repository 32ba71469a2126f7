"""Draw a member's picture anew: what is kept holds the pixels that one sees, and nothing else of the file that came.

A photo from a phone carries the place where it was taken, its owner's device and a small copy of what was cropped
away; a hostile file may be two things at once. Decoding and encoding again leaves all that behind. Takes a tenth of a
second of CPU: call it in a thread.
"""

import dataclasses
import io
import warnings

from PIL import Image, ImageOps

from fedele.domains.community import errors

BYTES_MAX = 8 * 1024 * 1024
PIXELS_MAX = 40_000_000  # a phone's; a bomb of a few kilobytes opens to more
SIDE_MAX = 1_600
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 85


@dataclasses.dataclass(frozen=True, slots=True)
class Drawn:
    """A JPEG without any metadata."""

    data: bytes
    width: int
    height: int


def draw_anew(sent: bytes) -> Drawn:
    """The picture as JPEG, upright, at most SIDE_MAX on a side. Raises PictureUnreadable."""
    if not sent or len(sent) > BYTES_MAX:
        raise _unreadable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(sent), formats=FORMATS) as opened:
                if opened.width * opened.height > PIXELS_MAX:
                    raise _unreadable()
                return _encoded(ImageOps.exif_transpose(opened))
    except errors.PictureUnreadable:
        raise
    except Exception:  # a reader of broken metadata raises whatever it stumbles over, a TypeError too
        raise _unreadable() from None


def _encoded(opened: Image.Image) -> Drawn:
    flat = opened.convert("RGBA") if "A" in opened.getbands() or "transparency" in opened.info else opened
    if flat.mode == "RGBA":
        sheet = Image.new("RGB", flat.size, "white")
        sheet.paste(flat, mask=flat.getchannel("A"))
        flat = sheet
    flat = flat.convert("RGB")
    flat.thumbnail((SIDE_MAX, SIDE_MAX))
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)  # a new picture has no `info`: no EXIF, no profile, no comment to write
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Drawn(out.getvalue(), *clean.size)


def _unreadable() -> errors.PictureUnreadable:
    return errors.PictureUnreadable(megabytes_max=BYTES_MAX // 2**20, megapixels_max=PIXELS_MAX // 10**6)
