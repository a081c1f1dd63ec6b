"""Customers' HTML is made safe in good time, whatever it is."""

import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from helpdesk.models import Agent
from tests.conftest import mail
from tickets import safe_html
from tickets.models import RawMessage

BOMBS = {
    "nested": "<div>" * 200_000,
    "nested lists": "<li><ul>" * 120_000,
    "closed by others": "<div></span>" * 80_000,
    "nested, then closed in vain": "<div>" * 3_000 + "</p>" * 200_000,
    "attributes": "<a " + " ".join(f"{n:x}" for n in range(180_000)) + ">x</a>",
    "attributes behind a quoted bracket": '<a title=">" ' + "/".join(f"{n:x}<b" for n in range(120_000)) + ">x</a>",
    "pictures never closed": "<img src=" * 100_000,
    "pictures from nowhere": "<img src='http://x/" * 50_000,
    "styles": '<p style="' + "color:rgb(" * 100_000 + '">x</p>',
    "attributes never closed": "<a x='" + " ".join(f"{n:x}" for n in range(180_000)),
}


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS)
def test_no_html_takes_seconds(html: str) -> None:
    began = time.process_time()
    safe_html.clean(html, {}, lambda url: "/content/picture/x")
    safe_html.has_pictures(html)
    safe_html.is_plain(html, "x")
    assert time.process_time() - began < 2.5


def test_what_nobody_can_read_is_shown_as_text(
    send_mail_in: Callable[..., RawMessage], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    content = mail(text="<div>" * 60_000 + "The parcel came open.").replace(b"text/plain", b"text/html")
    message = send_mail_in(content).said
    assert message is not None
    browser = as_agent(ana)
    for address in (message.ticket.get_absolute_url(), reverse("message_original", args=[message.pk])):
        assert b"The parcel came open." in browser.get(address, follow=True).content


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "word <br>" * 40_000,
        "<table>" + "<tr><td>1<td>2" * 1_000,
        "<div>" * 500 + "deep",
        "<p>" * 5_000 + "open",
        '<img src="data:image/png;base64,' + "a/b+" * 100_000 + '">x',
        '<p style="' + "color:red;" * 20_000 + '">x</p>',
    ],
)
def test_ordinary_html_is_not_tangled(html: str) -> None:
    assert not safe_html.is_tangled(html)


def test_sizes_that_are_no_numbers_are_left_out() -> None:
    for size in ("²", "9" * 5_000, "-1", "100%"):
        shown = safe_html.clean(f'<img src="cid:a" width="{size}">', {"a": "/attachments/1/"})
        assert "width" not in shown and "/attachments/1/" in shown


def test_a_style_keeps_to_its_place_and_loads_nothing() -> None:
    kept = "color:red;background-color:rgb(1, 2, 3);font-family:'Noto Sans', \"Arial\";margin:0 auto -2px;width:50%"
    for gone in (
        "position:fixed", "inset:0", "z-index:9", "height:100vh", "width:100vw", "padding:50dvh", "transform:scale(9)",
        "background:url(//x)", "background:u\\72l(//x)", "color:expression(alert(1))", "color:var(--x)", "--x:1",
        "content:attr(x)", "background:image-set('//x' 1x)", "color:re/**/d", "filter:blur(1px)", "opacity:0",
    ):  # fmt: skip
        shown = safe_html.clean(f'<p style="{gone}; color:red">x</p>')
        assert shown == '<p style="color:red">x</p>', gone
    assert kept.replace('"', "&quot;") in safe_html.clean('<p style="' + kept.replace('"', "&quot;") + '">x</p>')


def test_links_lead_out_and_nowhere_else() -> None:
    for href in (
        "/settings/",
        "//evil.example",
        "#x",
        "x",
        "?a",
        "http:x",
        "https:///x",
        "javascript:1",
        "data:,x",
        "",
    ):
        assert "href" not in safe_html.clean(f'<a href="{href}">x</a>'), href
    for href in ("https://shop.example/?a=b", "HTTP://shop.example", "mailto:a@b.example", "tel:+4930"):
        shown = safe_html.clean(f'<a href="{href}">x</a>')
        assert f'href="{href}"' in shown and 'target="_blank"' in shown and "noopener noreferrer" in shown, href


def test_pictures_from_elsewhere_are_words_until_they_are_asked_for() -> None:
    html = '<p>Hi <img src="https://cdn.example/a.png" alt="A &lt;b&gt; lamp"><img src="//cdn.example/b.png">'
    assert safe_html.has_pictures(html)
    closed = safe_html.clean(html)
    assert "cdn.example" not in closed and "A &lt;b&gt; lamp" in closed and "<img" not in closed
    asked: list[str] = []
    opened = safe_html.clean(html, {}, lambda url: asked.append(url) or f"/content/picture/{len(asked)}")
    assert asked == ["https://cdn.example/a.png", "//cdn.example/b.png"]
    assert "cdn.example" not in opened and 'src="/content/picture/2"' in opened


@pytest.mark.parametrize(
    "pixel",
    [
        'width="1" height="1"',
        "width=1",
        "height='0'",
        'style="display:none"',
        'style="width:1px;height:1px"',
        'style="max-width: 0"',
    ],
)
def test_t19_pixels_that_count_readers_are_never_fetched(pixel: str) -> None:
    shown = safe_html.clean(
        f'<p>x<img src="https://t.example/p.gif" {pixel}></p>', {}, lambda url: "/content/picture/x"
    )
    assert shown == "<p>x</p>"


def test_a_hundred_pictures_are_enough() -> None:
    asked: list[str] = []
    safe_html.clean("<img src='https://a.example/x.png'>" * 500, {}, lambda url: asked.append(url) or "/x")
    assert len(asked) == safe_html.MOST_PICTURES


def test_what_the_text_says_as_well_needs_no_frame() -> None:
    text = "Hello,\nthe lamp & the bulb"
    assert safe_html.is_plain(
        "<html><body><div dir=ltr>Hello,<br><p class=x>the&nbsp;lamp &amp; the bulb</p></div>", text
    )
    for more in (
        "<b>the lamp</b> & the bulb", "the lamp & the bulb<img src=cid:a>", "<a href=//x>the lamp</a> & the bulb",
        "<span style='color:red'>the lamp</span> & the bulb", "the lamp & the bulb!",
        "<script>1</script>the lamp & the bulb",
    ):  # fmt: skip
        assert not safe_html.is_plain(f"Hello, {more}", text), more
