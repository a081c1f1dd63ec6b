"""The certificate the receiving server shows, read again whenever its files change."""

import ssl
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

Stamp = tuple[tuple[int, int], ...]


class Certificate:
    """A certificate and its key in two files. Whoever renews them need not restart the server."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.files = (certificate, key)
        self._stamp: Stamp = ()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """For the next connection. While new files do not fit together, the old ones go on."""
        try:
            if self._now() != self._stamp:
                self._context = self._load()
                log.info("the mail server's certificate was read anew", file=str(self.files[0]))
        except (OSError, ssl.SSLError) as error:
            log.error("the mail server's new certificate cannot be used", file=str(self.files[0]), error=str(error))
        return self._context

    def _load(self) -> ssl.SSLContext:
        stamp = self._now()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self.files)
        self._stamp = stamp
        return context

    def _now(self) -> Stamp:
        return tuple((found.st_mtime_ns, found.st_size) for found in (file.stat() for file in self.files))
