"""T15, T19: what customers send as HTML is looked at in a real browser, and does nothing but be looked at."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from helpdesk.models import Agent
from tests.canary import Canary, canary
from tests.hostile_html import payloads
from tests.journeys.conftest import House, soon
from tests.pictures import png
from tickets import safe_html
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

#: what a page looks like from within: everything that is not a frame's own affair
OUTSIDE = r"""() => {
  const page = document.documentElement.outerHTML.replace(/<time[^]*?<\/time>/g, "");
  return [document.title, location.href, page];
}"""
#: what people and browsers do to elements, done to all of them
POKE = """() => {
  const all = ["load", "error", "focus", "mouseover", "click", "toggle", "animationstart", "pointerenter", "begin"];
  for (const element of document.querySelectorAll("*"))
    for (const name of all)
      if (name !== "click" || !element.closest("a, button, form, input"))
        element.dispatchEvent(new Event(name, { bubbles: false }));
}"""
LEFT_OVER = (
    "main :is(script, style, link, meta, base, form, input, button, select, textarea, iframe, frame, object, embed,"
    " svg, math, video, audio, source, template, dialog, map, [id], [class], [name], [popover], [contenteditable],"
    " [tabindex],"
    " [srcset], [ping], [background], [is], [autofocus])"
)


#: an element of a letter says what it must not: a handler, or an address that is a script
SCRIPTED = """(element) => [...element.attributes].some((one) => /^on|script:/i.test(one.name + one.value))"""
#: what is wrong with a letter that was poked, in its own words: asked in one breath, there are hundreds of letters
FOUND = f"""() => {{
  ({POKE})();
  return {{
    harmed: self.harmed ?? null,
    left: document.querySelectorAll({json.dumps(LEFT_OVER)}).length,
    scripted: [...document.querySelectorAll("main *")].filter({SCRIPTED}).length,
    html: document.documentElement.outerHTML,
  }};
}}"""
#: each of these in an ordinary page, poked, and given the time in which an event is told; gives those that were amiss
SHOWN = f"""async (htmls) => {{
  const amiss = [];
  for (const html of htmls) {{
    document.body.innerHTML = html;
    ({POKE})();
    await new Promise((done) => setTimeout(done));
    const left = "script, style, form, iframe, object, svg, math, [onerror], [onclick]";
    if (self.harmed || document.querySelector(left)) amiss.push(html);
  }}
  return amiss;
}}"""
PARSED = """(htmls) => htmls.map((html) => new DOMParser().parseFromString(html, "text/html").body.innerHTML)"""


@pytest.fixture
def elsewhere() -> Iterator[Canary]:
    with canary() as found:
        yield found


def said(ticket: Ticket, *htmls: str) -> list[Message]:
    """Messages of the customer with this HTML, as if they had come."""
    return Message.objects.bulk_create(
        [
            Message(ticket=ticket, kind="incoming", html=html.replace("\0", ""), text=f"letter {n}")
            for n, html in enumerate(htmls)
        ]
    )


#: payloads that need nobody's hand
RUN_BY_THEMSELVES = {
    "onerror of img", "onload of svg", "onload of body", "ontoggle of details", "onfocus of input", "address 1 in ifra",
    "mutating 0", "mutating 3", "mutating 46", "mutating 47", "mutating 48", "reaching 0", "reaching 17", "reaching 20",
    "reaching 32", "reaching 33", "reaching 35", "reaching 41",
    "reaching 45", "reaching 77", "reaching 78", "reaching 79", "reaching 80", "reaching 81", "reaching 82",
}  # fmt: skip


class Watch:
    """A page, and everything that must not happen to it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialogs: list[str] = []
        self.popups: list[str] = []
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("popup", lambda popup: self.popups.append(popup.url))

    def be_still(self) -> None:
        """Let the page hear of no changes: it would draw anew what a test changed in it."""
        self.page.route("**/live/*", lambda route: None)

    def load_all(self) -> int:
        """Let every frame of the page load at once, once all of the page is there; gives their number."""
        soon(self.page, lambda: bool(self.page.evaluate('document.readyState !== "loading"')))
        count = self.page.evaluate(
            """() => { const all = [...document.querySelectorAll("iframe[data-letter]")];
            for (const one of all) { one.closest("details")?.setAttribute("open", ""); one.loading = "eager"; }
            return all.length; }"""
        )
        until = time.monotonic() + 150
        while len(self.arrived()) < count and time.monotonic() < until:
            self.page.wait_for_timeout(20)
        for letter in self.letters():
            letter.wait_for_load_state()
        return int(count)

    def arrived(self) -> list[Any]:
        """The frames that show something, if only the browser's regret that they may not go elsewhere."""
        return [frame for frame in self.page.main_frame.child_frames if frame.url not in ("", "about:blank")]

    def letters(self) -> list[Any]:
        return [frame for frame in self.arrived() if "/content/letter/" in frame.url]


#: so many at a time, for more than one worker
TOGETHER = 120


@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", range(0, len(payloads("")), TOGETHER))
def test_t15_1_no_payload_does_anything(
    house: House, sit: Any, ana: Agent, ticket: Ticket, elsewhere: Canary, start: int
) -> None:  # fmt: skip
    corpus = payloads(elsewhere.url("").rstrip("/"))
    assert len(corpus) >= 200
    seat = sit(ana)
    # what the policy refused is written to the console; that it had nothing to refuse is checked below
    watch = Watch(seat.page)
    watch.be_still()
    everything = list(corpus.values())
    Message.objects.filter(ticket=ticket).delete()
    batch = everything[start : start + TOGETHER]
    said(ticket, *batch)
    seat.page.goto(f"/tickets/{ticket.number}/")
    before = seat.page.evaluate(OUTSIDE)
    framed = watch.load_all()
    letters = watch.letters()
    assert len(letters) == framed > len(batch) / 2, "every frame shows its letter, and went nowhere else"
    for letter in letters:
        found = letter.evaluate(FOUND)
        assert (found["harmed"], found["left"], found["scripted"]) == (None, 0, 0), found["html"]
    # what is told later than it is asked for has been told by now
    assert [letter.url for letter in letters if letter.evaluate("self.harmed")] == []
    after = seat.page.evaluate(OUTSIDE)
    after[1], before[1] = after[1].partition("#")[0], before[1].partition("#")[0]
    opened = [part.replace(' open=""', "").replace(' loading="eager"', ' loading="lazy"') for part in after]
    assert opened == [part.replace(' open=""', "") for part in before]
    assert seat.page.evaluate("window.harmed") is None
    assert (watch.dialogs, watch.popups, elsewhere.visits) == ([], [], [])


def test_the_payloads_are_alive(browser: Browser, elsewhere: Canary) -> None:
    """In an ordinary page they do what they say, so that their silence above means something."""
    corpus = payloads(elsewhere.url("").rstrip("/"))
    page = browser.new_page()
    page.add_init_script("self.alert = () => { self.harmed = 1; }")
    harmful = 0
    for number, html in enumerate(list(corpus.values())[::5]):
        address = elsewhere.gives(f"/open/{number}", html.encode(), "text/html")
        try:
            page.goto(address, wait_until="domcontentloaded")
            page.wait_for_timeout(50)
            page.evaluate(POKE)
            harmful += bool(page.evaluate("self.harmed"))
        except Error:  # it went elsewhere, which is harm enough
            harmful += 1
    page.close()
    assert harmful > 20
    assert len({one.path for one in elsewhere.visits if not one.path.startswith("/open/")}) > 5


def test_t15_the_frame_holds_without_the_sanitiser(
    house: House, sit: Any, ana: Agent, ticket: Ticket, elsewhere: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Should a payload get through, the sandbox and the policy stop it: nothing runs, nothing is asked for."""
    monkeypatch.setattr(safe_html, "clean", lambda html, *_: html)
    corpus = payloads(elsewhere.url("").rstrip("/"))
    Message.objects.filter(ticket=ticket).delete()
    said(ticket, *[html for name, html in corpus.items() if name in RUN_BY_THEMSELVES])
    seat = sit(ana)
    seat.expected += [".*"]  # a browser complains about everything it refuses, and shall
    watch = Watch(seat.page)
    watch.be_still()
    seat.page.goto(f"/tickets/{ticket.number}/", wait_until="commit")
    expect(seat.page.locator("#thread")).to_be_visible()
    watch.load_all()
    assert set(corpus) >= RUN_BY_THEMSELVES
    # the one that refreshes itself to elsewhere is stopped by our page's policy, and shows the browser's regret
    soon(seat.page, lambda: len(watch.letters()) == len(RUN_BY_THEMSELVES) - 1)
    for letter in watch.letters():
        letter.evaluate(POKE)
        assert letter.evaluate("self.harmed") is None
    assert seat.page.evaluate("window.harmed") is None
    assert (watch.dialogs, watch.popups, elsewhere.visits) == ([], [], [])


def test_t15_2_cleaned_twice_it_is_as_inert_as_cleaned_once(browser: Browser, elsewhere: Canary) -> None:
    """What is quoted, kept and shown again goes through the sanitiser more than once, and a parser in between."""
    page = browser.new_page()
    watch = Watch(page)
    once = [safe_html.clean(html) for html in payloads(elsewhere.url("").rstrip("/")).values()]
    twice = [safe_html.clean(html) for html in page.evaluate(PARSED, once)]
    assert page.evaluate(SHOWN, twice) == []
    assert page.evaluate("self.harmed") is None
    page.close()
    assert (watch.dialogs, elsewhere.visits) == ([], [])


def test_t15_5_nothing_leaves_its_frame_or_covers_ours(
    house: House, sit: Any, ana: Agent, ticket: Ticket, elsewhere: Canary
) -> None:  # fmt: skip
    Message.objects.filter(ticket=ticket).delete()
    url = elsewhere.url("/")
    (message,) = said(
        ticket,
        f'<form action="{url}"><input autofocus onfocus="alert(1)"><button>Pay</button></form><base href="{url}">'
        f'<meta http-equiv="refresh" content="0;url={url}"><link rel="prefetch" href="{url}">'
        '<div style="position:fixed;inset:0;width:9999px;background:red">Over everything</div><p><b>Read me</b></p>',
    )
    seat = sit(ana)
    watch = Watch(seat.page)
    seat.page.goto(f"/tickets/{ticket.number}/")
    frame = seat.page.frame_locator(f"[data-letter='{message.pk}']")
    expect(frame.get_by_text("Read me")).to_be_visible()
    assert frame.get_by_text("Over everything").evaluate("(e) => getComputedStyle(e).position") == "static"
    assert frame.locator(LEFT_OVER).count() == 0
    for at in ((700, 20), (100, 300), (1300, 500)):
        over = seat.page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.tagName", list(at))
        assert over != "IFRAME"
    assert (watch.dialogs, watch.popups, elsewhere.visits) == ([], [], [])


def test_a_frame_is_as_tall_as_its_letter_and_believed_in_nothing_else(
    house: House, sit: Any, ana: Agent, ticket: Ticket
) -> None:  # fmt: skip
    Message.objects.filter(ticket=ticket).delete()
    (message,) = said(ticket, "<ul>" + "<li>row</li>" * 60 + "</ul>")
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    frame = page.locator(f"[data-letter='{message.pk}']")
    letter = page.frame_locator(f"[data-letter='{message.pk}']").locator("main")
    expect(letter).to_be_visible()
    tall = letter.evaluate("(e) => e.getBoundingClientRect().height")
    soon(page, lambda: abs(frame.evaluate("(f) => f.clientHeight") - tall) <= 2)
    assert tall > 1000 and frame.get_attribute("style") is None
    # a frame that lies is cut down to size, and one that talks nonsense is not heard
    (inner,) = [one for one in page.frames if "/content/letter/" in one.url]
    for nonsense in ("{ height: '1px;position:fixed' }", "null", "'x'", "{ height: NaN }", "{ height: -5 }", "{}"):
        inner.evaluate(f"parent.postMessage({nonsense}, '*')")
    inner.evaluate("parent.postMessage({ height: 1e12 }, '*')")
    soon(page, lambda: frame.evaluate("(f) => f.clientHeight") == 20000)
    assert (
        inner.evaluate("(() => { try { return parent.document.title } catch (e) { return e.name } })()")
        == "SecurityError"
    )
    assert inner.evaluate("(() => { try { return document.cookie } catch (e) { return e.name } })()") == "SecurityError"
    # a message from another window is nobody's
    page.evaluate("window.postMessage({ height: 50 }, '*')")
    page.wait_for_timeout(100)
    assert frame.evaluate("(f) => f.clientHeight") == 20000


def test_a_letter_that_was_there_before_our_script_is_asked_for_its_height(
    house: House, sit: Any, ana: Agent, ticket: Ticket
) -> None:  # fmt: skip
    Message.objects.filter(ticket=ticket).delete()
    said(ticket, "<ul>" + "<li>row</li>" * 40 + "</ul>")
    page = sit(ana).page
    later: list[Any] = []
    page.route("**/letters.js*", lambda route: later.append(route))
    page.goto(f"/tickets/{ticket.number}/", wait_until="commit")
    letter = page.frame_locator("[data-letter]").locator("main")
    expect(letter).to_be_visible()
    letter.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    assert page.locator("[data-letter]").evaluate("(f) => f.clientHeight") < 200
    later[0].continue_()
    soon(page, lambda: page.locator("[data-letter]").evaluate("(f) => f.clientHeight") > 600)


def test_keys_work_again_after_a_look_into_the_frame(house: House, sit: Any, ana: Agent, ticket: Ticket) -> None:
    Message.objects.filter(ticket=ticket).delete()
    said(ticket, "<p><b>Press</b> me</p><p><a href='https://shop.example/'>the shop</a></p>")
    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    page.frame_locator("[data-letter]").get_by_text("Press").click()
    page.keyboard.press("r")
    expect(page.locator("[data-kind=reply]:is(.composer-text, .composer-editor):visible")).to_be_focused()
    # by keyboard: into the frame, to the link, and out with Escape
    page.locator(".message-time a").last.focus()
    link = page.frame_locator("[data-letter]").get_by_role("link", name="the shop")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    assert link.get_attribute("target") == "_blank" and "noopener" in (link.get_attribute("rel") or "")
    page.keyboard.press("Escape")
    soon(page, lambda: page.evaluate("document.activeElement.tagName") != "IFRAME")
    page.keyboard.press("n")
    expect(page.locator("[data-kind=note]:is(.composer-text, .composer-editor):visible")).to_be_focused()


def test_frames_stay_while_the_conversation_goes_on(
    house: House, sit: Any, ana: Agent, ticket: Ticket
) -> None:  # fmt: skip
    """A tag, a note or a new mail draws the conversation anew; letters that are the same are not loaded again."""
    said(ticket, "<p>A <b>bold</b> letter</p>")
    page = sit(ana).page
    loads: list[str] = []
    page.on("request", lambda request: "/original" in request.url and loads.append(request.url))
    page.goto(f"/tickets/{ticket.number}/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    expect(page.frame_locator("[data-letter]").get_by_text("bold")).to_be_visible()
    page.keyboard.press("y")
    page.keyboard.type("urgent")
    page.keyboard.press("Enter")
    expect(page.locator("#header .ticket-tag")).to_contain_text("urgent")
    house.write(
        "Re: My order", "One more thing", In_Reply_To="<first@customer.example>", Message_ID="<b@customer.example>"
    )
    expect(page.locator("#thread")).to_contain_text("One more thing")
    expect(page.frame_locator("[data-letter]").get_by_text("bold")).to_be_visible()
    assert len(loads) == 1


REMOTE = """<body background="{c}/body.png"><style>@import "{c}/import.css";</style>
<link rel="stylesheet" href="{c}/l.css">
<p style="background:url({c}/bg.png)"><b>Our news</b></p><video poster="{c}/poster.png"></video>
<img src="{c}/shoes.png" alt="Shoes" width="200"><img src="{c}/pixel.gif" width="1" height="1">
<img src="{c}/hidden.png" style="display:none"><img src="{c}/again.png" alt="Again">"""


def test_t19_1_nothing_is_asked_for_until_pictures_are(
    house: House, sit: Callable[..., Any], ana: Agent, ticket: Ticket, elsewhere: Canary, settings: Any
) -> None:  # fmt: skip
    from ipaddress import ip_network

    settings.FETCH_ALLOW = [ip_network("127.0.0.1/32")]
    elsewhere.gives("/shoes.png", png(300, 200), "text/html", Set_Cookie="seen=1")
    elsewhere.gives("/again.png", png(1, 1))
    said(ticket, REMOTE.format(c=elsewhere.url("").rstrip("/")))
    seat = sit(ana)
    page = seat.page
    asked: list[str] = []
    page.on("request", lambda request: request.url.startswith(house.address) or asked.append(request.url))
    page.goto(f"/tickets/{ticket.number}/")
    letter = page.frame_locator("[data-letter]")
    expect(letter.get_by_text("Our news")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert (asked, elsewhere.visits) == ([], [])

    seat.expected += ["404"]  # the picture of one pixel
    page.get_by_role("link", name="Show pictures").click()
    shoes = letter.get_by_role("img", name="Shoes")
    expect(page.locator("[data-letter]")).to_have_attribute("id", re.compile("-pictures$"))
    shoes.evaluate("(e) => e.decode()")
    assert shoes.evaluate("(e) => e.naturalWidth") == 300
    page.wait_for_load_state("networkidle")
    assert asked == [], "the browser asks us only"
    assert sorted(visit.path for visit in elsewhere.visits) == ["/again.png", "/shoes.png"], "no pixel, nothing hidden"
    for visit in elsewhere.visits:
        assert not {"Cookie", "Referer", "X-Forwarded-For", "Forwarded", "Accept-Language"} & set(visit.headers)
        assert visit.headers["User-Agent"] == "Helpdesk"
    expect(page.get_by_role("link", name="Show pictures")).to_have_count(0)
    # it is remembered for this message, until they sign out
    page.reload()
    page.frame_locator("[data-letter]").get_by_role("img", name="Shoes").evaluate("(e) => e.decode()")
