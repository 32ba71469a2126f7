"""The few pieces of DER (ITU-T X.690) that a CMS signature is made of: written once, joined per pass."""

from datetime import datetime


def element(tag: int, *contents: bytes) -> bytes:
    """Tag, definite length, contents."""
    body = b"".join(contents)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + body


def sequence(*contents: bytes) -> bytes:
    """SEQUENCE of already encoded elements."""
    return element(0x30, *contents)


def set_of(*contents: bytes) -> bytes:
    """SET OF, in DER's order: ascending by encoding."""
    return element(0x31, *sorted(contents))


def integer(value: int) -> bytes:
    """INTEGER, not negative."""
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def octet_string(value: bytes) -> bytes:
    """OCTET STRING."""
    return element(0x04, value)


def explicit(number: int, *contents: bytes) -> bytes:
    """Context-specific constructed [number]."""
    return element(0xA0 | number, *contents)


NULL = b"\x05\x00"


def object_identifier(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    body = bytearray([first * 40 + second])
    for part in rest:
        septets = [part & 0x7F]
        while part := part >> 7:
            septets.append(0x80 | part & 0x7F)
        body += bytes(reversed(septets))
    return element(0x06, bytes(body))


def time(moment: datetime) -> bytes:
    """UTCTime up to 2049, GeneralizedTime after, as CMS asks (RFC 5652, 11.3); seconds, UTC."""
    if moment.year < 2050:
        return element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return element(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())
