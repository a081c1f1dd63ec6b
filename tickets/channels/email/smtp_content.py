"""The content of a mail as it arrives over SMTP, ended by CR LF . CR LF and by nothing else.

Servers that also believe in other ends let one mail smuggle a second one in (CVE-2023-51764 and its kin). We hold to
RFC 5321 alone, and refuse what another server might read differently: a lone dot beside a bare CR or LF.
"""

END = b"\r\n.\r\n"
_FOR_OTHERS = (b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r")


class Incoming:
    """Collects what follows DATA."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        #: all that is kept; the line end before the first line lets an end be found there too
        self._raw = bytearray(b"\r\n")
        #: the bytes that came
        self.count = 0
        #: the bytes its owner has set aside for it
        self.held = 0
        self.is_too_large = False
        self._is_dropped = False

    def feed(self, chunk: bytes) -> bytes | None:
        """Take what came. Once the end was seen: what came after it; before that None."""
        self.count += len(chunk)
        start = max(0, len(self._raw) - len(END) + 1)
        self._raw += chunk
        end = self._raw.find(END, start)
        if end < 0:
            # doubled dots are counted only at the end; a third more is the most they can make of a mail
            self.is_too_large = self.is_too_large or len(self._raw) > self.limit + self.limit // 2
            if self._is_dropped or self.is_too_large:
                self.drop()
            return None
        rest = bytes(self._raw[end + len(END) :])
        del self._raw[end + 2 :]
        if len(self._raw) - 2 > self.limit:
            self.is_too_large = len(self._raw) - 2 - self._raw.count(b"\r\n.") > self.limit
        return rest

    def drop(self) -> None:
        """Keep no more than the end can be recognised by."""
        self._is_dropped = True
        del self._raw[: -len(END)]

    @property
    def size(self) -> int:
        """The bytes it holds in memory."""
        return len(self._raw)

    @property
    def is_ambiguous(self) -> bool:
        """Whether another server might have seen an end in the middle."""
        return any(end in self._raw for end in _FOR_OTHERS)

    def content(self) -> bytes:
        """The mail, byte for byte, with the dots that were doubled for the way single again (RFC 5321, 4.5.2)."""
        undotted = self._raw.replace(b"\r\n.", b"\r\n") if b"\r\n." in self._raw else self._raw
        return bytes(memoryview(undotted)[2:])
