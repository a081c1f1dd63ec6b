"""Fetching what strangers name: one client that cannot be talked into connecting to our own network.

Whoever fetches an address that came from outside (a picture in a mail, a webhook) does it through here. A name is
looked up once, every address it has must be a public one, and the connection goes to the address that was looked at,
so a second answer of the name server changes nothing. Redirects are new requests and pass the same gate. There are no
cookies, no proxies from the environment, no ports but 80 and 443, and an end to time and size. FETCH_ALLOW names
networks of one's own that may be reached all the same, on any port.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, cast

import httpcore
import httpx
from django.conf import settings

Address = IPv4Address | IPv6Address

PORTS = (80, 443)
#: what IANA set apart in IPv4; Python's own list differs from version to version
_APART = [
    ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
#: in IPv6 only this is the Internet: mapped, NAT64, unique local, link-local and multicast addresses lie outside
_GLOBAL = ip_network("2000::/3")
#: protocol assignments with Teredo, documentation, 6to4, documentation again
_APART_6 = [ip_network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
#: name servers are asked in these threads, since nothing else ends a question that is never answered
_lookups = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lookup")


class Refused(httpx.RequestError):
    """We do not connect there, or do not want what came. The message says why, and nothing of what came."""


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet, and one machine."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _APART)
    return address in _GLOBAL and not any(address in network for network in _APART_6)


def may_connect(address: Address, port: int) -> bool:
    """Whether this address and port may be connected to: public and 80 or 443, or allowed by FETCH_ALLOW."""
    if any(address in network for network in settings.FETCH_ALLOW if network.version == address.version):
        return True
    return port in PORTS and is_public(address)


def look_up(host: str, port: int, seconds: float) -> Address:
    """The address of a host that may be connected to. Raises Refused if it has none, or any that may not."""
    try:
        found = _lookups.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(max(seconds, 0.001))
    except LookupTimeout:
        raise Refused("The host's address could not be looked up in time.") from None
    except (OSError, UnicodeError, OverflowError):
        raise Refused("The host has no address.") from None
    addresses = [ip_address(str(one[4][0])) for one in found]
    if not addresses or not all(may_connect(address, port) for address in addresses):
        raise Refused("The host or port is not one of the public web.")
    return addresses[0]


class _Ends(httpcore.NetworkStream):
    """A connection on which every wait is cut to what is left of the whole request's time."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def _left(self, timeout: float | None) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The time for this request is over.")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Ends(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Gate(httpcore.NetworkBackend):
    """Connects to the address it has looked at, and to no other."""

    def __init__(self, until: float) -> None:
        self._inner, self._until = httpcore.SyncBackend(), until

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        left = self._until - time.monotonic()
        address = look_up(host, port, left)
        left = min(self._until - time.monotonic(), timeout or left)
        if left <= 0:
            raise httpcore.ConnectTimeout("The time for this request is over.")
        stream = self._inner.connect_tcp(str(address), port, left, local_address, socket_options)
        return _Ends(stream, self._until)

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise Refused("Sockets of this machine are not fetched from.")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _in_our_words():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Failures as one kind, without the far side's words: they would tell a stranger what listens where."""
    try:
        yield
    except httpx.RequestError:
        raise
    except (httpcore.TimeoutException, TimeoutError):
        raise Refused("It took too long.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
        raise Refused("The connection failed.") from None


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we believe; reading them takes longer than most fetches."""
    return httpx.create_ssl_context(trust_env=False)


class Gated(httpx.BaseTransport):
    """httpx's way out, through the gate."""

    def __init__(self, seconds: float) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_certificates(), max_keepalive_connections=0,
            network_backend=_Gate(time.monotonic() + seconds),
        )  # fmt: skip

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in ("http", "https") or request.url.userinfo or not request.url.host:
            raise Refused("Only plain http and https addresses are fetched.")
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port,
            target=request.url.raw_path,
        )  # fmt: skip
        asked = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=cast(Iterable[bytes], request.stream),
            extensions=request.extensions,
        )  # fmt: skip
        with _in_our_words():
            answer = self._pool.handle_request(asked)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


def client(seconds: float = 10.0) -> httpx.Client:
    """An httpx client for addresses strangers name. All it does must be over `seconds` from now. Follows nothing."""
    made = httpx.Client(
        transport=Gated(seconds), trust_env=False, follow_redirects=False, timeout=seconds,
        headers={"User-Agent": "Helpdesk", "Accept-Encoding": "identity"},
    )  # fmt: skip
    made.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, and what its server calls it."""

    content: bytes
    content_type: str
    #: what its server calls the file (Content-Disposition)
    filename: str = ""


def fetch(
    url: str, *, most: int = 5_000_000, seconds: float = 10.0, redirects: int = 3,
    wants: Callable[[str], bool] = lambda content_type: True, headers: Mapping[str, str] | None = None,
) -> Fetched:  # fmt: skip
    """GET an address. Raises Refused for whatever is not a 200 of at most `most` bytes in `seconds`, of a type one
    wants, after at most `redirects` redirects. `headers` (a password, say) go to the first address's server alone."""
    first = url
    with client(seconds) as http:
        for _ in range(redirects + 1):
            try:
                request = http.build_request("GET", url, headers=headers if is_same_server(first, url) else None)
                answer = http.send(request, stream=True)
            except Refused:
                raise
            except (httpx.InvalidURL, ValueError):
                raise Refused("This is no address.") from None
            except httpx.RequestError:  # such as a redirect to what is no address
                raise Refused("Its answer makes no sense.") from None
            try:
                if answer.has_redirect_location:
                    url = _onward(request.url, answer.headers.get("location", ""))
                    continue
                return _taken(answer, most, wants)
            finally:
                answer.close()
    raise Refused("It is redirected too often.")


def is_same_server(one: str, other: str) -> bool:
    """Whether two addresses are of one server: scheme, host and port. Raises httpx.InvalidURL."""
    first, second = httpx.URL(one), httpx.URL(other)
    return (first.scheme, first.host, first.port) == (second.scheme, second.host, second.port)


def _filename(answer: httpx.Response) -> str:
    """RFC 6266, in the forms mail knows: nothing that is a path."""
    told = Message()
    told["Content-Disposition"] = answer.headers.get("content-disposition", "")
    return (told.get_filename() or "").rpartition("/")[2][:255]


def _onward(here: httpx.URL, location: str) -> str:
    try:
        return str(here.join(location))
    except (httpx.InvalidURL, ValueError):
        raise Refused("It is redirected to what is no address.") from None


def _taken(answer: httpx.Response, most: int, wants: Callable[[str], bool]) -> Fetched:
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code != 200:
        raise Refused("The server has no such thing.")
    if not wants(content_type):
        raise Refused("It is of a kind we do not take.")
    if answer.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise Refused("It is packed, which nobody asked for.")
    length = answer.headers.get("content-length", "")
    content = bytearray()
    if not (length.isdecimal() and len(length) < 18 and int(length) > most):
        for part in answer.iter_raw():
            content += part
            if len(content) > most:
                break
        else:
            return Fetched(bytes(content), content_type, _filename(answer))
    raise Refused("It is larger than we take.")
