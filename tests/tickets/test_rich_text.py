"""Our own HTML: few tags and nothing that runs, and good plain text out of it and back."""

import re
import time
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from helpdesk.models import Agent
from tests.hostile_html import payloads
from tests.tickets.test_safe_html import BOMBS
from tickets import rich_text, texts, timeline
from tickets.channels.email.composing import compose
from tickets.models import Delivery, Draft, Message, OutgoingMail, Ticket
from tickets.operations import drafting, enclosing, forwarding, replying, scheduling, sharing, withdrawing
from tickets.operations.drafting import Content
from tickets.operations.enclosing import Upload
from tickets.operations.recipients import Chosen

ALLOWED = {"a", "blockquote", "br", "code", "em", "img", "li", "ol", "p", "pre", "s", "strong", "ul"}
RICH = '<p>It <strong>ships</strong> <a href="https://x.example/42">today</a>.</p><ul><li><p>one</p></li></ul>'
SAID = "It ships today <https://x.example/42>.\n\n- one"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear Dora,</p><p>it ships<br>today</p>", "Dear Dora,\n\nit ships\ntoday"),
        ("<ul><li><p>one</p></li><li><p>two</p><ul><li><p>in</p></li></ul></li></ul>", "- one\n- two\n  - in"),
        ('<ol start="9"><li><p>nine</p></li><li><p>ten<br>more</p></li></ol>', "9. nine\n10. ten\n    more"),
        ("<blockquote><p>You said</p><p>this</p></blockquote><p>Yes.</p>", "> You said\n>\n> this\n\nYes."),
        ('<p><a href="https://x.example/a?b=1&amp;c=2">here</a></p>', "here <https://x.example/a?b=1&c=2>"),
        ('<p><a href="https://x.example/">https://x.example</a></p>', "https://x.example"),
        ('<p><a href="https://x.example">x.example</a></p>', "x.example"),
        ('<p><a href="mailto:a@x.example">write</a></p>', "write <a@x.example>"),
        ("<pre><code>a = 1\n  b &lt; 2\n</code></pre>", "a = 1\n  b < 2"),
        ('<p>Look:</p><img src="/x" alt="plan.png"><p>ok</p>', "Look:\n\n[image: plan.png]\n\nok"),
        ("<p>a <em>b</em> <code>c</code> <s>d</s></p>", "a b c d"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_says_itself_in_plain_text(html: str, text: str) -> None:
    assert rich_text.to_text(rich_text.clean(html)) == text


@given(st.text(st.characters(codec="utf-8"), max_size=200) | st.text("ab &<>\"'\n -1.>[]", max_size=60))
def test_text_survives_the_way_through_html(text: str) -> None:
    kept = texts.clean(text)
    html = rich_text.from_text(text)
    assert rich_text.to_text(html) == kept
    assert rich_text.clean(html) == html, "what we make of text is what we keep"
    assert rich_text.read(html) == (kept, ""), "plain text needs no HTML"


_words = st.text("ab <&'\"", min_size=1, max_size=8).map(lambda t: t.replace("&", "&amp;").replace("<", "&lt;"))
_inline = st.recursive(
    _words,
    lambda more: st.builds(lambda tag, inner: f"<{tag}>{inner}</{tag}>", st.sampled_from(["b", "em", "code"]), more),
    max_leaves=4,
)
_blocks = st.recursive(
    _inline.map(lambda inner: f"<p>{inner}</p>"),
    lambda more: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(f'<li>{p}</li>' if tag != 'blockquote' else p for p in parts)}</{tag}>",
        st.sampled_from(["ul", "ol", "blockquote"]), st.lists(more, min_size=1, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


@given(st.lists(_blocks, max_size=4).map("".join))
def test_cleaning_twice_is_cleaning_once_and_no_word_is_lost(html: str) -> None:
    safe = rich_text.clean(html)
    assert rich_text.clean(safe) == safe
    words = LexborHTMLParser(f"<body>{html}").body.text()  # type: ignore[union-attr]
    said = rich_text.to_text(safe)
    assert re.sub(r"[^ab<&]", "", words) == re.sub(r"[^ab<&]", "", said)


@pytest.mark.parametrize("hostile", payloads("https://evil.example").values(), ids=payloads("x"))
def test_nothing_hostile_is_kept(hostile: str) -> None:
    safe = rich_text.clean(hostile)
    tree = LexborHTMLParser(f"<body>{safe}")
    assert tree.body is not None
    for node in tree.body.traverse():
        assert node.tag in ALLOWED | {"body"}
        assert set(node.attributes) <= {"href", "alt", "start"}
        assert re.match(r"(https?://|mailto:|tel:|\Z)", (node.attributes.get("href") or "").strip(), re.I)
    assert rich_text.clean(safe) == safe
    assert "evil" not in "".join(re.findall(r'src="[^"]*"', rich_text.shown(hostile, {})))


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS)
def test_no_html_takes_seconds(html: str) -> None:
    began = time.process_time()
    rich_text.read(html)
    assert time.process_time() - began < 2.5


def test_pictures_are_named_and_never_addressed() -> None:
    html = rich_text.clean('<img src="data:image/png;base64,xx" alt="plan.png"><img src="https://evil.example/x.png">')
    assert html == '<img alt="plan.png">'
    assert rich_text.shown(html, {"plan.png": "/attachments/1/"}).startswith(
        '<img src="/attachments/1/" alt="plan.png"'
    )
    assert rich_text.shown(html, {}) == "[image: plan.png]"


def test_an_answer_is_kept_and_sent_as_written(ticket: Ticket, ana: Agent) -> None:
    said = replying.reply(ticket, text=SAID, html=RICH, actor=ana)
    mail = OutgoingMail.objects.get(said=said)
    assert (said.text, said.html) == (SAID, RICH) == (mail.text, mail.html)
    made = message_from_bytes(compose(mail.deliveries.get()), policy=policy.default)
    html = made.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<strong>ships</strong>" in html and "<!doctype html>" in html
    assert SAID.split("\n")[0] in made.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    shown = timeline.show(said)
    assert "<strong>ships</strong>" in shown.html and 'rel="noopener' in shown.html
    assert shown.frame is None and not shown.has_original


def test_plain_answers_stay_plain(ticket: Ticket, ana: Agent) -> None:
    said = replying.reply(ticket, text="It ships.", actor=ana)
    assert said.html == "" and OutgoingMail.objects.get(said=said).html == ""
    assert rich_text.read("<p>It ships.</p><p>Today<br>!</p>") == ("It ships.\n\nToday\n!", "")


def test_taking_it_back_gives_the_draft_its_html(ticket: Ticket, ana: Agent, settings) -> None:  # type: ignore[no-untyped-def]
    settings.UNDO_SECONDS = 10
    said = replying.reply(ticket, text=SAID, html=RICH, actor=ana)
    drafting.save(ticket, actor=ana, kind="reply", content=Content("P.S. <3"))
    draft = withdrawing.withdraw(said, actor=ana)
    assert draft.text == f"{SAID}\n\nP.S. <3"
    assert draft.html == f"{RICH}<p>P.S. &lt;3</p>"


def test_a_picture_goes_along_where_it_stands(ticket: Ticket, ana: Agent) -> None:
    draft, _files = enclosing.attach(
        ticket, actor=ana, kind="reply", uploads=[Upload("plan.png", "image/png", PNG)], is_inline=True
    )
    text, html = rich_text.read('<p>Look:</p><img src="/tickets/1/draft-files/1" alt="plan.png"><p>ok</p>')
    said = replying.reply(ticket, text=text, html=html, actor=ana, enclosures=enclosing.of(draft))
    picture = said.attachments.get()
    assert picture.is_inline and f'<img src="cid:{picture.content_id}" alt="plan.png">' in said.html
    assert said.text == "Look:\n\n[image: plan.png]\n\nok"
    made = message_from_bytes(compose(Delivery.objects.get()), policy=policy.default)
    related = next(part for part in made.walk() if part.get_content_type() == "multipart/related")
    assert f"<{picture.content_id}>" in [part["Content-ID"] for part in related.iter_parts()]  # type: ignore[attr-defined]
    assert f"/attachments/{picture.pk}/" in timeline.show(said).html
    assert not timeline.show(said).attachments


def test_notes_forwards_and_later_answers_are_rich_too(ticket: Ticket, ana: Agent, chloe: Agent) -> None:
    assert replying.add_note(ticket, text=SAID, html=RICH, actor=ana).html == RICH
    passed_on = forwarding.forward(
        ticket, message=ticket.messages.earliest("pk"), text=SAID, html=RICH, to=Chosen(("frida@x.example",)), actor=ana
    )
    assert passed_on.html == RICH == OutgoingMail.objects.get(said=passed_on).html
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content(SAID, html=RICH, is_shared=True))
    assert draft is not None and draft.html == RICH
    drafting.save(ticket, actor=chloe, kind="reply", content=Content("Hello"))
    taken = sharing.take_over(draft, actor=chloe)
    assert taken.html == f"{RICH}<p>Hello</p>"
    assert scheduling.send_now(taken, actor=chloe).html == taken.html


def test_pages_save_show_and_send_it(ticket: Ticket, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    browser = as_agent(ana)
    form = {"text": "whatever the page made of it", "html": RICH}
    assert browser.post(f"/tickets/{ticket.pk}/drafts/reply/", form).json()["version"] == 1
    draft = Draft.objects.get()
    assert (draft.text, draft.html) == (SAID, RICH)
    # a save that overtakes its forerunner says what that said
    more = {**form, "html": f"{RICH}<p>More</p>", "sent_html": RICH, "version": 0, "once": draft.once}
    assert browser.post(f"/tickets/{ticket.pk}/drafts/reply/", more).status_code == 200
    page = browser.get(f"/tickets/{ticket.pk}/").content.decode()
    assert 'data-html="&lt;p&gt;It &lt;strong&gt;ships' in page
    sent = {**more, "version": 2, "seen": Message.objects.latest("pk").pk}
    assert browser.post(f"/tickets/{ticket.pk}/reply", sent, headers={"HX-Request": "true"}).status_code == 200
    assert Message.objects.get(kind="reply").text == f"{SAID}\n\nMore"
    assert not Draft.objects.exists()


def test_an_empty_paragraph_makes_no_gap_in_the_text():
    assert rich_text.to_text("<p>Hello,</p><p></p><p>it ships.</p>") == "Hello,\n\nit ships."
