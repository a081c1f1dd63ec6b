"""T32: nobody outside talks us into connecting to our own network, and nothing fetched takes more than its share."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from helpdesk import fetching
from helpdesk.fetching import Refused, fetch
from tests.canary import Canary, canary

_connects: list[tuple[str, int]] | None = None


def _listen(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _connects is not None and isinstance(args[1], tuple):
        _connects.append((args[1][0], args[1][1]))


@pytest.fixture(scope="session")
def _reported() -> None:
    """The interpreter reports to us from now on, to the end: nobody can take that back. So these tests come last."""
    sys.addaudithook(_listen)


@pytest.fixture
def connects(_reported: None) -> Iterator[list[tuple[str, int]]]:
    """The socket log: every connection this process begins over a network, as the interpreter itself reports it."""
    global _connects
    _connects = []
    yield _connects
    _connects = None


@pytest.fixture
def server() -> Iterator[Canary]:
    with canary() as found:
        yield found


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.FETCH_ALLOW = [ip_network("127.0.0.1/32")]


INSIDE = [
    "127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1",
    "172.16.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "[fe80::1]", "[fe80::1%25lo]", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "[ff02::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2001:db8::1]", "198.18.0.1", "192.0.0.8", "2130706433", "0x7f.1",
    "0x7f000001", "127.1", "0177.0.0.1", "localhost.", "127.0.0.1.", "db", "redis", "metadata.google.internal",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_t32_1_what_is_inside_is_refused_before_a_connection(host: str, connects: list[Any], server: Canary) -> None:
    for url in (f"http://{host}/", f"https://{host}/", f"http://{host}:{server.port}/"):
        with pytest.raises(Refused):
            fetch(url)
    # asking the name server is no connection to what it names
    assert [one for one in connects if one[1] != 53] == []
    assert server.visits == []


@pytest.mark.parametrize("name", ["db", "redis", "metadata.google.internal", "attacker.example"])
@pytest.mark.parametrize("answers", [["10.0.0.5"], ["93.184.216.34", "169.254.169.254"], ["::ffff:10.0.0.5"]])
def test_t32_1_names_that_lead_inside_are_refused(
    name: str, answers: list[str], connects: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, 80)) for one in answers]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Refused):
        fetch(f"http://{name}/")
    assert connects == []


def test_t32_a_name_is_looked_up_once_and_that_address_is_connected_to(
    server: Canary, allowed: None, connects: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time (DNS rebinding) is not asked a second time."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, *args: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return real(host, *args, **more)
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", server.port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    server.gives("/a.png", b"picture")
    assert fetch(server.url("/a.png", "rebinding.example")).content == b"picture"
    assert asked == ["rebinding.example"]
    assert connects == [("127.0.0.1", server.port)]
    assert server.visits[0].headers["Host"] == f"rebinding.example:{server.port}"


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 5432, 99999])
def test_other_ports_of_the_public_web_are_refused(port: int, connects: list[Any]) -> None:
    with pytest.raises(Refused):
        fetch(f"http://93.184.216.34:{port}/")
    assert connects == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://127.0.0.1/", "data:text/plain,a", "javascript:1",
        "http:///etc", "//127.0.0.1/", "", "http://user:secret@93.184.216.34/", "http://[::1", "http://a\x00b/",
        "unix:///var/run/docker.sock", "http://93.184.216.34\r\nX: y/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str, connects: list[Any]) -> None:
    with pytest.raises(Refused):
        fetch(url)
    assert connects == []


@pytest.mark.parametrize(
    "onward",
    [
        "http://127.0.0.2/", "http://10.0.0.1/", "http://[::1]/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x",
        "ftp://127.0.0.1/", "//169.254.169.254/latest/meta-data/", "http://[::1",
    ],
)  # fmt: skip
def test_t32_2_redirects_pass_the_same_gate(
    onward: str, server: Canary, allowed: None, connects: list[tuple[str, int]]
) -> None:
    with pytest.raises(Refused):
        fetch(server.sends_on("/away", onward))
    assert [one.path for one in server.visits] == ["/away"]
    assert connects == [("127.0.0.1", server.port)]


def test_three_redirects_are_followed_and_a_fourth_is_not(server: Canary, allowed: None) -> None:
    server.gives("/0", b"here")
    for step in range(1, 5):
        server.sends_on(f"/{step}", f"/{step - 1}")
    assert fetch(server.url("/3")).content == b"here"
    with pytest.raises(Refused):
        fetch(server.url("/4"))


def test_the_allow_list_reaches_no_further_than_it_says(server: Canary, settings: Any) -> None:
    server.gives("/", b"here")
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/30"), ip_network("fd00::/8")]
    assert fetch(server.url("/")).content == b"here"
    settings.FETCH_ALLOW = [ip_network("127.0.0.2/32")]
    with pytest.raises(Refused):
        fetch(server.url("/"))


def test_nothing_of_ours_goes_along(server: Canary, allowed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cookies, not even those it set itself, no referrer, no proxy of the environment, no offer to unpack."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.gives("/here", b"here")
    server.gives("/", b"", status=302, Location="/here", Set_Cookie="a=b")
    assert fetch(server.url("/")).content == b"here"
    for visit in server.visits:
        assert {name.lower() for name in visit.headers} <= {
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "connection",
        }
        assert visit.headers["Accept-Encoding"] == "identity"


def test_what_is_too_large_is_let_go(server: Canary, allowed: None) -> None:
    assert len(fetch(server.gives("/fits", b"a" * 1000), most=1000).content) == 1000
    with pytest.raises(Refused):
        fetch(server.gives("/large", b"a" * 1001), most=1000)

    def lies(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"ff\r\n" + b"a" * 255 + b"\r\n")

    server.answers["/chunks"] = lies
    with pytest.raises(Refused):
        fetch(server.url("/chunks"), most=1000)


def test_what_came_packed_is_not_unpacked(server: Canary, allowed: None) -> None:
    with pytest.raises(Refused):
        fetch(server.gives("/bomb", b"\x1f\x8b" + b"\0" * 50, Content_Encoding="gzip"))


@pytest.mark.parametrize("head", [True, False], ids=["its head", "its body"])
def test_a_server_that_drips_is_left_in_time(head: bool, server: Canary, allowed: None) -> None:
    began = time.monotonic()
    with pytest.raises(Refused):
        fetch(server.drips("/slow", head=head), seconds=0.8)
    assert time.monotonic() - began < 30, "before it had ended by itself"


def test_a_name_server_that_never_answers_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over, answered = threading.Event(), []

    def never(*_asked: Any, **_more: Any) -> None:
        over.wait(60)
        answered.append("at last")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(Refused):
        fetch("http://slow.example/", seconds=0.3)
    assert not answered
    over.set()


def test_a_refusal_says_nothing_of_what_listens_there(server: Canary, allowed: None) -> None:
    def banner(handler: Any) -> None:
        handler.wfile.write(b"-ERR Redis 7.2 here, wrong number of arguments\r\n")

    server.answers["/"] = banner
    with pytest.raises(Refused) as error:
        fetch(server.url("/"))
    assert "Redis" not in str(error.value)


def test_the_kind_may_be_asked_for(server: Canary, allowed: None) -> None:
    server.gives("/page", b"<html>", "text/html; charset=utf-8")
    assert fetch(server.url("/page")).content_type == "text/html"
    with pytest.raises(Refused):
        fetch(server.url("/page"), wants=lambda kind: kind.startswith("image/"))


def test_public_addresses_are_public() -> None:
    for one in ("93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"):
        assert fetching.is_public(ip_address(one)), one
