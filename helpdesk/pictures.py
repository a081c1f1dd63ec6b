"""Which bytes are a picture a browser may be given, and how large it would become. Headers are read, never pixels."""

from collections.abc import Callable
from dataclasses import dataclass

MOST_SIDE = 10_000
MOST_PIXELS = 50_000_000
MOST_FRAMES = 100
#: what an animation may come to in all
MOST_IN_ALL = 500_000_000
#: no picture is opened to look at that takes more than this
MOST_BYTES = 30_000_000
#: enough of a file to tell whether it is a picture at all
HEAD = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture's own bytes say of it."""

    media_type: str
    width: int
    height: int
    frames: int = 1

    @property
    def is_sane(self) -> bool:
        """Whether a browser can be asked to draw it."""
        area = self.width * self.height
        return (
            0 < self.width <= MOST_SIDE
            and 0 < self.height <= MOST_SIDE
            and area <= MOST_PIXELS
            and 0 < self.frames <= MOST_FRAMES
            and area * self.frames <= MOST_IN_ALL
        )

    @property
    def is_pixel(self) -> bool:
        """Whether there is nothing to see in it: such pictures are sent to be counted."""
        return self.width <= 2 and self.height <= 2


def kind(head: bytes) -> str:
    """The media type of a raster picture, by its first bytes; "" for everything else."""
    for magic, media_type in _MAGIC.items():
        if head.startswith(magic):
            return media_type
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def look(content: bytes) -> Picture | None:
    """What the bytes are a picture of; None for what is none, and for what only begins like one."""
    media_type = kind(content)
    if not media_type or len(content) > MOST_BYTES:
        return None
    try:
        size = _READERS[media_type](content)
    except (IndexError, ValueError):
        return None
    return Picture(media_type, *size) if size else None


def safe_type(content: bytes) -> str:
    """The media type under which a browser may draw these bytes; "" where it may only save them."""
    found = look(content)
    return found.media_type if found and found.is_sane else ""


def _number(content: bytes, at: int, size: int, order: str = "big") -> int:
    part = content[at : at + size]
    if len(part) < size:
        raise ValueError("cut off")
    return int.from_bytes(part, "little" if order == "little" else "big")


def _png(content: bytes) -> tuple[int, int, int] | None:
    if content[12:16] != b"IHDR":
        return None
    frames, at = 1, 8
    while at < len(content):
        length, name = _number(content, at, 4), content[at + 4 : at + 8]
        if name == b"acTL":
            frames = _number(content, at + 8, 4)
        if name in (b"IDAT", b"IEND"):  # an animation announces itself before its first picture
            break
        at += length + 12
    return _number(content, 16, 4), _number(content, 20, 4), frames


def _jpeg(content: bytes) -> tuple[int, int, int] | None:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in (0x01, *range(0xD0, 0xD9)):  # stands alone
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _number(content, at + 7, 2), _number(content, at + 5, 2), 1
        elif marker == 0xDA:  # pixels before a size
            return None
        else:
            at += 2 + max(_number(content, at + 2, 2), 2)
    return None


def _gif(content: bytes) -> tuple[int, int, int] | None:
    width, height = _number(content, 6, 2, "little"), _number(content, 8, 2, "little")
    frames, at = 0, 13 + _colours(content[10])
    while at < len(content) and frames <= MOST_FRAMES:
        block = content[at]
        if block == 0x2C:
            frames += 1
            # a picture of an animation may be larger than the animation says it is
            width = max(width, _number(content, at + 1, 2, "little") + _number(content, at + 5, 2, "little"))
            height = max(height, _number(content, at + 3, 2, "little") + _number(content, at + 7, 2, "little"))
            at = _after_blocks(content, at + 11 + _colours(content[at + 9]))
        elif block == 0x21:
            at = _after_blocks(content, at + 2)
        else:  # the end, or what no reader goes beyond
            break
    return width, height, frames


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    while length := content[at]:
        at += length + 1
    return at + 1


def _webp(content: bytes) -> tuple[int, int, int] | None:
    name = content[12:16]
    if name == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return _number(content, 26, 2, "little") & 0x3FFF, _number(content, 28, 2, "little") & 0x3FFF, 1
    if name == b"VP8L" and content[20] == 0x2F:
        bits = _number(content, 21, 4, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 1
    if name != b"VP8X":
        return None
    frames, at = 0, 12
    while at + 8 <= len(content) and frames <= MOST_FRAMES:
        frames += content[at : at + 4] == b"ANMF"
        length = _number(content, at + 4, 4, "little")
        at += 8 + length + length % 2
    width, height = _number(content, 24, 3, "little") + 1, _number(content, 27, 3, "little") + 1
    return width, height, max(frames, 1)


_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_READERS: dict[str, Callable[[bytes], tuple[int, int, int] | None]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
}
