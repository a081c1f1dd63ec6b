"""Bodies and files of every shape become text, HTML and attachments."""

# ruff: noqa: E501 - mails have long lines
import pytest

from tests.tickets.channels.email.mails import html_mail, mail, multipart, text_mail
from tickets.channels.email.parsing import parse

PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("utf-8", "Grüße €".encode()),
        ("iso-8859-1", "Grüße \x80".encode("latin-1")),
        ("windows-1252", "Grüße €".encode("cp1252")),
        ("us-ascii", "Grüße €".encode()),
        ("no-such-charset", "Grüße €".encode()),
        ("", "Grüße €".encode()),
        ("utf-16", "Grüße €".encode("utf-16")),
        ("cp-1252", "Grüße €".encode("cp1252")),
    ],
)
def test_a_body_is_read_in_its_charset(charset, content):
    assert parse(mail(content, content_type=f"text/plain; charset={charset}")).text == "Grüße €"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gb2312", "镕"),
        ("shift_jis", "①"),
        ("iso-2022-jp", "①㈱"),
        ("ks_c_5601-1987", "똠"),
        ("koi8-r", "Привет"),
        ("big5", "裏"),
    ],
)
def test_vendors_characters_are_read_under_the_standards_name(charset, text):
    codec = {"gb2312": "gb18030", "shift_jis": "cp932", "ks_c_5601-1987": "cp949", "big5": "big5hkscs"}.get(
        charset, charset
    )
    content = b"\x1b$B-!-j\x1b(B" if charset == "iso-2022-jp" else text.encode(codec)
    assert parse(mail(content, content_type=f"text/plain; charset={charset}")).text == text


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("quoted-printable", "Gr=C3=BC=C3=9Fe =E2=82=AC"),
        ("Quoted-Printable ", "Gr=C3=BC=C3=9Fe =E2=82=\n=AC"),
        ("base64", "R3LDvMOfZSDigqw="),
        ("BASE64", "R3LDvMOf\nZSDigqw"),
        ("base64 (really)", "R3LDvMOfZSDigqw="),
        ("8bit", "Grüße €"),
        ("nonsense", "Grüße €"),
    ],
)
def test_a_body_is_freed_of_its_transfer_encoding(encoding, content):
    assert parse(text_mail(content, content_transfer_encoding=encoding)).text == "Grüße €"


def test_flowed_text_is_joined_within_its_quotation():
    body = "This is one \nparagraph.\n> and one \n> quoted\n-- \nDora"
    read = parse(mail(body, content_type="text/plain; charset=utf-8; format=flowed"))
    assert read.text == "This is one paragraph.\n> and one quoted\n-- \nDora"


def test_flowed_text_without_spaces_between_words_is_joined_without_them():
    read = parse(mail("お世話に \nなります", content_type="text/plain; charset=utf-8; format=flowed; delsp=yes"))
    assert read.text == "お世話になります"


def test_html_becomes_text():
    body = (
        "<html><head><title>no</title><style>p{}</style></head><body><p>Hello <b>Ana</b>,</p>"
        '<p>see <a href="https://x.test/">our page</a>:</p><ul><li>one<li>two</ul><ol><li>first</ol>'
        "<table><tr><td>a</td><td>b</td></tr></table><pre>  kept\n  as is</pre>"
        '<blockquote type="cite">quoted</blockquote><script>no</script><div style="display:none">no</div>Bye &amp; thanks</body></html>'
    )
    assert parse(html_mail(body)).text.split("\n") == [
        "Hello Ana,", "", "see our page:", "", "- one", "- two", "", "1. first", "", "a b", "", "  kept", "  as is", "",
        "> quoted", "", "Bye & thanks",
    ]  # fmt: skip


def test_html_is_kept_as_it_came():
    body = '<p onclick="x()"><img src="cid:logo">Hi</p>'
    assert parse(html_mail(body)).html == body


def test_an_empty_text_part_gives_way_to_the_html():
    raw = multipart("Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>Hello</p>", kind="alternative")
    assert parse(raw).text == "Hello"


def test_all_inline_text_counts():
    raw = multipart(
        "Content-Type: text/plain\n\nBefore", f"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n{PNG}", "Content-Type: text/plain\n\nAfter"
    )  # fmt: skip
    read = parse(raw)
    assert read.text == "Before\nAfter"
    assert [one.content_type for one in read.attachments] == ["image/png"]


def test_an_image_shown_in_the_html_is_inline():
    raw = multipart(
        'Content-Type: text/html\n\n<p><img src="cid:logo%40x">Hi</p>',
        f"Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\n{PNG}",
        f"Content-Type: image/png; name=photo.png\nContent-ID: <other@x>\nContent-Transfer-Encoding: base64\n\n{PNG}",
        kind="related",
    )
    assert [(one.content_id, one.is_inline) for one in parse(raw).attachments] == [("logo@x", True), ("other@x", False)]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="scan.pdf"', "scan.pdf"),
        ("attachment; filename=my scan.pdf", "my scan.pdf"),
        ("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        ("attachment; filename*0*=utf-8''Gr%C3%BC; filename*1*=%C3%9Fe; filename*2=.pdf", "Grüße.pdf"),
        ("attachment; filename*1=e.pdf; filename*0=scan", "scane.pdf"),
        ('attachment; filename="=?utf-8?q?Gr=C3=BC=C3=9Fe.pdf?="', "Grüße.pdf"),
        ('attachment; filename="Grüße.pdf"', "Grüße.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\Temp\\\\scan.pdf"', "scan.pdf"),
        ('attachment; filename="a\u202efdp.exe"', "afdp.exe"),
        ("attachment", "attachment-1.pdf"),
        ("inline; filename=scan.pdf", "scan.pdf"),
    ],
)
def test_a_file_has_a_name_to_show_and_save(header, name):
    raw = multipart(
        "Content-Type: text/plain\n\nHi", f"Content-Type: application/pdf\nContent-Disposition: {header}\n\n%PDF"
    )
    assert [(one.filename, one.content) for one in parse(raw).attachments] == [(name, b"%PDF")]


def test_a_mail_in_a_mail_is_a_file_named_by_its_subject():
    inner = "Content-Type: message/rfc822\n\nSubject: =?utf-8?q?Old/matt=C3=A9r?=\nFrom: a@x.test\n\nInner"
    (file,) = parse(multipart("Content-Type: text/plain\n\nSee", inner)).attachments
    assert (file.filename, file.content_type) == ("Old-mattér.eml", "message/rfc822")
    assert file.content.endswith(b"Inner")


def test_an_invitation_is_a_file():
    raw = multipart(
        "Content-Type: text/plain\n\nMeet",
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
        kind="alternative",
    )
    assert [one.filename for one in parse(raw).attachments] == ["invitation.ics"]
    assert parse(raw).text == "Meet"


def test_a_uuencoded_file_is_taken_out_of_the_text():
    read = parse(mail("Before\nbegin 644 note.txt\n#:&D*\n`\nend\nAfter"))
    assert read.text == "Before\nAfter"
    assert [(one.filename, one.content, one.content_type) for one in read.attachments] == [
        ("note.txt", b"hi\n", "text/plain")
    ]


def test_a_damaged_container_of_outlook_is_kept():
    raw = multipart("Content-Type: text/plain\n\nHi", "Content-Type: application/ms-tnef; name=winmail.dat\n\nnot tnef")
    assert [one.filename for one in parse(raw).attachments] == ["winmail.dat"]


def test_a_multipart_without_its_boundary_is_text():
    assert "Hello" in parse(mail("Hello", content_type="multipart/mixed")).text


def test_an_empty_mail_is_read():
    assert parse(b"").text == ""


def test_an_attached_text_is_no_body():
    raw = multipart(
        "Content-Type: text/plain\n\nBody",
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nLog",
    )
    read = parse(raw)
    assert read.text == "Body"
    assert [(one.filename, one.content) for one in read.attachments] == [("log.txt", b"Log")]
