"""Barcodes as rows of dark and light. QR is drawn by segno; the others by small libraries of the extra `preview`."""

from collections.abc import Callable

import segno

Modules = list[list[bool]]


class CannotDraw(RuntimeError):
    """The library for this format is not installed."""


def modules(kind: str, message: str, encoding: str) -> Modules:
    """The code's modules, without its quiet zone. Raises CannotDraw."""
    draw = _DRAWN_BY.get(kind)
    if draw is None:
        raise CannotDraw(f"the preview knows no {kind}")
    try:
        return draw(message, encoding)
    except ImportError as missing:
        raise CannotDraw(f"{kind} is drawn by a library of its own: pip install 'fedele[preview]'") from missing


def _qr(message: str, encoding: str) -> Modules:
    code = segno.make(message.encode(encoding), error="m", micro=False, boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix]


def _aztec(message: str, encoding: str) -> Modules:
    from aztec_code_generator import AztecCode

    return [[bool(module) for module in row] for row in AztecCode(message.encode(encoding)).matrix]


def _pdf417(message: str, encoding: str) -> Modules:
    from pdf417gen import encode
    from pdf417gen.rendering import barcode_size
    from pdf417gen.rendering import modules as dark

    words = encode(message, columns=6, encoding=encoding)
    width, height = barcode_size(words)
    drawn = [[False] * width for _row in range(height)]
    for x, y in dark(words):
        drawn[y][x] = True
    return [row for row in drawn for _times in range(3)]


def _linear(name: str) -> Callable[[str, str], Modules]:
    def draw(message: str, _encoding: str) -> Modules:
        import barcode

        options = {"add_checksum": False} if name == "code39" else {}
        (bars, *_rest) = barcode.get_barcode_class(name)(message, **options).build()
        return [[bar == "1" for bar in bars]]

    return draw


_DRAWN_BY: dict[str, Callable[[str, str], Modules]] = {
    "PKBarcodeFormatQR": _qr,
    "PKBarcodeFormatAztec": _aztec,
    "PKBarcodeFormatPDF417": _pdf417,
    "PKBarcodeFormatCode128": _linear("code128"),
    "PKBarcodeFormatEAN13": _linear("ean13"),
    "PKBarcodeFormatCode39": _linear("code39"),
    "PKBarcodeFormatCodabar": _linear("codabar"),
    "PKBarcodeFormatI2of5": _linear("itf"),
}
