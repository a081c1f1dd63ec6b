"""Pictures for tests: real ones, and ones that lie about their size."""

import struct
import zlib


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *, frames: int = 1, drawn: bool = True) -> bytes:
    """A grey PNG; with `drawn` off it only says its size, as bombs do."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x88" * width) * height) if drawn else b""
    animation = _chunk(b"acTL", struct.pack(">II", frames, 0)) if frames > 1 else b""
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + animation + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def gif(width: int, height: int, *, frames: int = 1) -> bytes:
    """A GIF of so many pictures of one pixel."""
    one = b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + one * frames + b";"


def jpeg(width: int, height: int) -> bytes:
    """The beginning of a JPEG, up to where it says its size."""
    comment = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + b"\0" * 9
    size = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\0"
    return b"\xff\xd8" + comment + size + b"\xff\xda\0\0\xff\xd9"


def webp(width: int, height: int, *, frames: int = 1, form: str = "VP8X") -> bytes:
    """A WebP in one of its three forms."""
    if form == "VP8 ":
        body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    elif form == "VP8L":
        body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        body = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    blocks = form.encode() + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    blocks += (b"ANMF" + struct.pack("<I", 0)) * (frames if frames > 1 else 0)
    return b"RIFF" + struct.pack("<I", len(blocks) + 4) + b"WEBP" + blocks
