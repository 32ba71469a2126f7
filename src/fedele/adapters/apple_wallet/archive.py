"""The zip around a pass, STORED and without clocks: what never changes is encoded once, the rest is three joins.

Layout: PKWARE APPNOTE 6.3, sections 4.3.7 (local header) and 4.3.12 (central directory).
"""

import dataclasses
import struct
import zlib
from collections.abc import Iterable, Mapping

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION = 20
_UTF8_NAMES = 0x0800
_STORED = 0
_TIME, _DATE = 0, 0x0021  # midnight of 1 January 1980, the zip epoch: no two runs differ by their clock
_REGULAR_FILE_0644 = 0o100644 << 16
_MADE_BY_UNIX = 3 << 8 | _VERSION


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    crc: int
    size: int

    def local_header(self) -> bytes:
        fields = (_VERSION, _UTF8_NAMES, _STORED, _TIME, _DATE, self.crc, self.size, self.size, len(self.name), 0)
        return _LOCAL.pack(b"PK\x03\x04", *fields) + self.name

    def central_header(self, offset: int) -> bytes:
        fields = (_MADE_BY_UNIX, _VERSION, _UTF8_NAMES, _STORED, _TIME, _DATE, self.crc, self.size, self.size)
        lengths = (len(self.name), 0, 0, 0, 0, _REGULAR_FILE_0644, offset)
        return _CENTRAL.pack(b"PK\x01\x02", *fields, *lengths) + self.name


class Archive:
    """A zip whose first files are fixed. `with_files` appends the files of one pass and closes it."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        parts, directory, offset = _encode(files.items(), 0)
        self._body = b"".join(parts)
        self._directory = b"".join(directory)
        self._end = offset
        self._count = len(files)

    def with_files(self, files: Iterable[tuple[str, bytes]]) -> bytes:
        """The whole zip: the fixed files, then these, in the order given."""
        parts, directory, end = _encode(files, self._end)
        size = len(self._directory) + sum(map(len, directory))
        count = self._count + len(directory)
        tail = _END.pack(b"PK\x05\x06", 0, 0, count, count, size, end, 0)
        return b"".join((self._body, *parts, self._directory, *directory, tail))


def _encode(files: Iterable[tuple[str, bytes]], offset: int) -> tuple[list[bytes], list[bytes], int]:
    """Local parts, central directory entries, and the offset after them."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    for name, content in files:
        entry = _Entry(name.encode(), zlib.crc32(content), len(content))
        header = entry.local_header()
        parts += (header, content)
        directory.append(entry.central_header(offset))
        offset += len(header) + len(content)
    return parts, directory, offset
