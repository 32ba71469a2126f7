"""The zip around a pass, STORED and without clocks: what never changes is encoded once, the rest is one join.

Layout: PKWARE APPNOTE 6.3, sections 4.3.7 (local header) and 4.3.12 (central directory).
"""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_SUMS_SIZE = 12  # CRC-32, size stored, size
_SUMS_IN_LOCAL, _SUMS_IN_CENTRAL, _OFFSET_IN_CENTRAL = 14, 16, 42
_VERSION = 20
_UTF8_NAMES = 0x0800
_STORED = 0
_TIME, _DATE = 0, 0x0021  # midnight of 1 January 1980, the zip epoch: no two runs differ by their clock
_REGULAR_FILE_0644 = 0o100644 << 16
_MADE_BY_UNIX = 3 << 8 | _VERSION


def _headers(name: bytes, crc: int, size: int, offset: int) -> tuple[bytes, bytes]:
    """A file's local header, and its line in the central directory."""
    stamps = (_VERSION, _UTF8_NAMES, _STORED, _TIME, _DATE, crc, size, size)
    local = _LOCAL.pack(b"PK\x03\x04", *stamps, len(name), 0) + name
    lengths = (len(name), 0, 0, 0, 0, _REGULAR_FILE_0644, offset)
    return local, _CENTRAL.pack(b"PK\x01\x02", _MADE_BY_UNIX, *stamps, *lengths) + name


class _Opened(NamedTuple):
    """A file whose beginning is the same in every archive: what is known of it beforehand. `pack` writes its local
    header and its beginning, given the sums."""

    pack: Callable[..., bytes]
    before_sums: bytes
    beginning: bytes
    crc: int
    size: int
    after: int  # bytes of header and beginning

    @classmethod
    def of(cls, name: str, beginning: bytes) -> "_Opened":
        """From its name and how it always begins."""
        local, _central = _headers(name.encode(), 0, 0, 0)
        before, rest = local[:_SUMS_IN_LOCAL], local[_SUMS_IN_LOCAL + _SUMS_SIZE :] + beginning
        layout = struct.Struct(f"<{len(before)}s3L{len(rest)}s")
        return cls(layout.pack, before, rest, zlib.crc32(beginning), len(beginning), layout.size)


class Archive:
    """A zip whose first files are fixed, and of whose last ones the beginnings are: a pass costs one pack, one join."""

    def __init__(self, files: Mapping[str, bytes], opened: Mapping[str, bytes]) -> None:
        """`opened` names the files that each archive ends with, and how each of them always begins."""
        parts, directory, self._end = _encode(files)
        self._body = b"".join(parts)
        self._opened = tuple(_Opened.of(name, beginning) for name, beginning in opened.items())
        self._count = len(files) + len(opened)
        self._directory, self._directory_layout = self._lay_out(b"".join(directory), list(opened))

    def _lay_out(self, fixed: bytes, names: Sequence[str]) -> tuple[tuple[bytes, ...], struct.Struct]:
        """The directory as one layout: literals, and between them the sums and the offset of each opened file."""
        literals, layout = [fixed], ["<", f"{len(fixed)}s"]
        for name in names:
            _local, central = _headers(name.encode(), 0, 0, 0)
            before, after = central[:_SUMS_IN_CENTRAL], central[_SUMS_IN_CENTRAL + _SUMS_SIZE : _OFFSET_IN_CENTRAL]
            encoded = central[_OFFSET_IN_CENTRAL + 4 :]
            literals += [before, after, encoded]
            layout += [f"{len(before)}s3L", f"{len(after)}sL", f"{len(encoded)}s"]
        return tuple(literals), struct.Struct("".join([*layout, _END.format[1:]]))

    def closed_with(self, *endings: bytes) -> bytes:
        """The whole zip: the fixed files, then the opened ones with these endings."""
        offset, parts, crc32 = self._end, [self._body], zlib.crc32
        literals = self._directory
        directory: list[bytes | int] = [literals[0]]
        place = 1
        for (pack, before_sums, beginning, begun, size, after), ending in zip(self._opened, endings, strict=True):
            crc, size = crc32(ending, begun), size + len(ending)
            parts += (pack(before_sums, crc, size, size, beginning), ending)
            directory += (literals[place], crc, size, size, literals[place + 1], offset, literals[place + 2])
            place += 3
            offset += after + len(ending)
        count, layout = self._count, self._directory_layout
        parts.append(layout.pack(*directory, b"PK\x05\x06", 0, 0, count, count, layout.size - _END.size, offset, 0))
        return b"".join(parts)


def bundle(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, STORED: several passes as one `.pkpasses`."""
    return Archive(files, {}).closed_with()


def _encode(files: Mapping[str, bytes]) -> tuple[list[bytes], list[bytes], int]:
    """Local parts, central directory entries, and the offset after them."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name, content in files.items():
        local, central = _headers(name.encode(), zlib.crc32(content), len(content), offset)
        parts += (local, content)
        directory.append(central)
        offset += len(local) + len(content)
    return parts, directory, offset
