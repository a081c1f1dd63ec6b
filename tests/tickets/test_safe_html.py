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
    "attributes never closed": "<a x='" + " ".join(f"{n:x}" for n in range(180_000)),
}


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("clean", [safe_html.clean, safe_html.original])
def test_no_html_takes_seconds(clean: Callable[[str], str], html: str) -> None:
    began = time.process_time()
    clean(html)
    assert time.process_time() - began < 2.5


def test_what_nobody_can_read_is_shown_as_text(
    send_mail_in: Callable[..., RawMessage], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    content = mail(text="<div>" * 60_000 + "The parcel came open.").replace(b"text/plain", b"text/html")
    message = send_mail_in(content).said
    assert message is not None
    browser = as_agent(ana)
    for address in (message.ticket.get_absolute_url(), reverse("message_original", args=[message.pk])):
        assert b"The parcel came open." in browser.get(address).content


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
