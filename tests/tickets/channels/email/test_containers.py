"""Outlook's winmail.dat is opened, and no container costs more than its length."""

# ruff: noqa: E501 - containers have long lines
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tickets.channels.email.mails import multipart
from tickets.channels.email import limits, rtf, tnef
from tickets.channels.email.parsing import MailTooComplex, parse


def attribute(level: int, which: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, which, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def variable(kind: int, number: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


def container(*attributes: bytes) -> bytes:
    return tnef.SIGNATURE + b"\x01\x00" + b"".join(attributes)


CODEPAGE = attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
FILE = (
    attribute(2, 0x00069002, b"\0" * 14)
    + attribute(2, 0x00018010, b"R\xe9sum\xe9.doc\0")
    + attribute(2, 0x0006800F, b"the content")
)
LONG_NAME = attribute(
    2,
    0x00069005,
    properties(
        struct.pack("<HHI", 0x0003, 0x0E20, 11),
        struct.pack("<HH", 0x0003, 0x8001) + b"\1" * 16 + struct.pack("<II", 0, 5) + struct.pack("<I", 9),
        variable(0x001F, 0x3707, "Ein langer Name – für Ana.doc\0".encode("utf-16-le")),
        variable(0x001E, 0x3712, b"pic@x\0"),
    ),
)


def winmail(content: bytes, text: str = "Hi") -> bytes:
    head = f"Content-Type: text/plain\n\n{text}"
    return multipart(head, b"Content-Type: application/ms-tnef; name=winmail.dat\n\n" + content)


def test_the_files_inside_take_the_place_of_the_container():
    read = parse(winmail(container(CODEPAGE, FILE, FILE, LONG_NAME)))
    assert [(one.filename, one.content) for one in read.attachments] == [
        ("Résumé.doc", b"the content"),
        ("Ein langer Name – für Ana.doc", b"the content"),
    ]
    assert read.attachments[1].content_id == "pic@x"
    assert read.text == "Hi"


@pytest.mark.parametrize(
    "body",
    [
        attribute(1, 0x0002800C, b"Gr\xfc\xdfe\0"),
        attribute(1, 0x00069003, properties(variable(0x001F, 0x1000, "Grüße\0".encode("utf-16-le")))),
        attribute(1, 0x00069003, properties(variable(0x0102, 0x1013, "<p>Grüße</p>".encode("cp1252")))),
        attribute(
            1,
            0x00069003,
            properties(struct.pack("<HHI", 3, 0x3FDE, 65001), variable(0x0102, 0x1013, "<p>Grüße</p>".encode())),
        ),
        attribute(
            1, 0x00069003, properties(variable(0x0102, 0x1009, struct.pack("<II4sI", 100, 30, b"MELA", 0) + rb"{\rtf1 Gr\'fc\'dfe\par}"))
        ),
    ],
    ids=["plain", "unicode", "html", "html-codepage", "rtf"],
)  # fmt: skip
def test_the_words_inside_are_the_text_of_a_mail_without_any(body):
    assert parse(winmail(container(CODEPAGE, body), text="")).text.strip() == "Grüße"


def test_a_mail_inside_the_container_is_opened_too():
    inner = container(attribute(1, 0x0002800C, b"Inner words\0"), FILE)
    message = bytes.fromhex("0703020000000000c000000000000046") + inner
    outer = attribute(2, 0x00069002, b"\0" * 14) + attribute(
        2,
        0x00069005,
        properties(variable(0x000D, 0x3701, message), variable(0x001F, 0x3001, "Forwarded\0".encode("utf-16-le"))),
    )
    read = parse(winmail(container(CODEPAGE, outer)))
    assert [(one.filename, one.content) for one in read.attachments] == [
        ("Forwarded.txt", b"Inner words"),
        ("Résumé.doc", b"the content"),
    ]


def test_compressed_rich_text_becomes_words():
    compressed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )  # the example of [MS-OXRTFCP] 3.1.1
    assert rtf.decompressed(compressed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.text_of(compressed) == "hello world"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\pard One\par Two\tab 3}", "One\nTwo\t3"),
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
        (rb"{\rtf1\uc1 \u1055?\u-10179?\u-8704?.}", "П😀."),
        (rb"{\rtf1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Hello \{you\}\htmlrtf\par}\htmlrtf0}", "Hello {you}"),
        (rb"{\rtf1{\pict 010203}text", "text"),
        (b"no document", ""),
    ],
)
def test_rich_text_is_freed_of_its_marks(document, text):
    assert rtf.text_of(struct.pack("<II4sI", 0, len(document), b"MELA", 0) + document) == text


BOMBS = {
    "properties": attribute(1, 0x00069003, b"\xff\xff\xff\xff"),
    "values": attribute(1, 0x00069003, b"\1\0\0\0\x1e\x10\0\x10\xff\xff\xff\xff"),
    "fixed-values": attribute(1, 0x00069003, b"\1\0\0\0\x03\x10\0\x10\xff\xff\xff\xff"),
    "recipients": attribute(1, 0x00069004, b"\xff\xff\xff\xff"),
    "attributes": attribute(1, 0x00018005, b"") * 100_000,
    "empty-values": attribute(1, 0x00069003, b"\1\0\0\0\x1e\x10\0\x10\xff\xff\xff\xff" + b"\0" * 2_000_000),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_t38_2_no_container_takes_more_than_its_length(bomb):
    started = time.process_time()
    read = parse(winmail(container(CODEPAGE, bomb, FILE)))
    assert time.process_time() - started < 5
    assert read.attachments[0].content == b"the content"


def test_t38_2_compressed_rich_text_cannot_grow_without_end():
    references = b"".join(struct.pack(">H", (n * 17 + 1000) % 4096 << 4 | 15) for n in range(1_900_000))
    groups = b"".join(b"\xff" + references[n : n + 16] for n in range(0, len(references), 16))
    content = struct.pack("<II4sI", 0, 0xFFFFFFFF, b"LZFu", 0) + groups[: rtf.MAX_BYTES - 16]
    started = time.process_time()
    assert 1024 * 1024 < len(rtf.decompressed(content)) < 5 * 1024 * 1024
    assert time.process_time() - started < 5


def test_t38_1_what_a_mail_holds_decoded_has_a_cap(monkeypatch):
    monkeypatch.setattr("tickets.channels.email.body.MAX_DECODED", 1000)
    with pytest.raises(MailTooComplex, match="decoded"):
        parse(winmail(container(CODEPAGE, attribute(2, 0x0006800F, b"x" * 600)), text="y" * 100))
    assert limits.MAX_DECODED >= limits.MAX_BYTES


@given(st.data())
def test_a_damaged_container_is_read_or_kept(data):
    raw = container(CODEPAGE, attribute(1, 0x00069003, properties(variable(0x001F, 0x1000, b"x\0"))), FILE, LONG_NAME)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw)))
        raw = raw[:place] + data.draw(st.binary(max_size=4)) + raw[place + data.draw(st.integers(0, 4)) :]
    read = parse(winmail(raw))
    assert not [warning for warning in read.warnings if "could not be read" in warning]
    assert read.attachments or read.text
