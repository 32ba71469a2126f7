"""Barcode formats of Apple's Wallet: which phones draw them, and what each can hold.

Four are drawn by every phone; four came with iOS 27 and need one of the others behind them (Apple, Pass.Barcodes).
"""

import re
from typing import Literal, TypeAlias

Format: TypeAlias = Literal[
    "PKBarcodeFormatQR",
    "PKBarcodeFormatPDF417",
    "PKBarcodeFormatAztec",
    "PKBarcodeFormatCode128",
    "PKBarcodeFormatEAN13",
    "PKBarcodeFormatCode39",
    "PKBarcodeFormatCodabar",
    "PKBarcodeFormatI2of5",
]
ON_EVERY_PHONE = ("PKBarcodeFormatQR", "PKBarcodeFormatPDF417", "PKBarcodeFormatAztec", "PKBarcodeFormatCode128")

_HOLDS = {
    "PKBarcodeFormatCode128": (re.compile(r"[\x20-\x7e]+"), "printable ASCII"),
    "PKBarcodeFormatEAN13": (re.compile(r"\d{13}"), "thirteen digits"),
    "PKBarcodeFormatCode39": (re.compile(r"[0-9A-Z \-.$/+%]+"), "capital letters, digits and - . $ / + %"),
    "PKBarcodeFormatCodabar": (re.compile(r"[A-D]?[0-9\-$:/.+]+[A-D]?"), "digits and - $ : / . +"),
    "PKBarcodeFormatI2of5": (re.compile(r"(\d\d)+"), "an even number of digits"),
}


def why_not(kind: str, message: str, encoding: str) -> str | None:
    """Why this message cannot be drawn in this format; None when it can."""
    try:
        message.encode(encoding)
    except LookupError:
        return f"messageEncoding {encoding!r} is no character set; tills read iso-8859-1"
    except UnicodeEncodeError as error:
        return f"message: {encoding} cannot say {error.object[error.start]!r}"
    holds = _HOLDS.get(kind)
    if holds and not holds[0].fullmatch(message):
        return f"message: {kind} holds {holds[1]}, not {message!r}"
    if kind == "PKBarcodeFormatEAN13" and check_digit(message[:12]) != message[12]:
        return f"message: the check digit of {message} must be {check_digit(message[:12])}"
    return None


def check_digit(twelve: str) -> str:
    """The thirteenth digit of an EAN-13 (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(twelve))
    return str(-total % 10)
