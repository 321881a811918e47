"""Lines of a file of any size, one at a time, none of them able to fill the memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Far above any real line (a Patient with a photograph is some hundred kilobytes).
LINE_LIMIT = 8 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def lines(path: Path, *, limit: int = LINE_LIMIT) -> Iterator[tuple[int, bytes | None]]:
    """Yield (line number, contents without its ending); None for a line over `limit` bytes.

    Lines may end in LF or CRLF; a byte order mark at the start is dropped; blank lines are counted
    and not yielded.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(limit + 2):
            number += 1
            if number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if len(line.rstrip(b"\r\n")) > limit:
                _skip_the_rest(file, line, limit)
                yield number, None
            elif contents := line.strip(b"\r\n \t"):
                yield number, contents


def _skip_the_rest(file: BinaryIO, line: bytes, limit: int) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(limit)
