"""What CEL's checker found out about an expression, read from its serialized form."""


def names_read(serialized: bytes) -> frozenset[str]:
    """Every name that a serialized expression refers to: the reference map (field 2) of the CheckedExpr.

    The bytes are a google.protobuf.Any (type url, value) around a cel.expr.CheckedExpr; its message classes are in no
    package that we depend on, and two levels of the wire format are all that is needed.
    """
    names = set()
    checked = next(value for field, value in fields_of(serialized) if field == 2 and isinstance(value, bytes))
    for field, entry in fields_of(checked):
        if field == 2 and isinstance(entry, bytes):
            for key, reference in fields_of(entry):
                if key == 2 and isinstance(reference, bytes):
                    parts = fields_of(reference)
                    names |= {part.decode() for tag, part in parts if tag == 1 and isinstance(part, bytes)}
    return frozenset(names)


def fields_of(message: bytes) -> list[tuple[int, bytes | int]]:
    """The fields of a protobuf message, undecoded: the three wire types that CheckedExpr uses at this depth."""
    fields: list[tuple[int, bytes | int]] = []
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire = tag & 7
        if wire == 0:
            number, at = _varint(message, at)
            fields.append((tag >> 3, number))
            continue
        length, at = _varint(message, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
        fields.append((tag >> 3, message[at : at + length]))
        at += length
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
