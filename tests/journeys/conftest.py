"""The real parts of a story: uvicorn, our mail server, a Celery worker, and Chromium in the hands of each person."""

import os
import re
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from celery.worker import state
from django.conf import settings as django_settings
from django.db import connections
from django.templatetags.static import static
from django.test import Client
from playwright._impl.assertions import LocatorAssertions
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect, sync_playwright

from feedback.models import Survey
from feedback.tasks import send_due_invitations
from helpdesk.celery import app as celery_app
from helpdesk.models import Agent
from helpdesk.tasks import drain_events
from tests import needs
from tests.conftest import mail
from tests.remembering import for_seconds
from tests.web import STRAIN, served
from tickets.channels.email.receiving import Receiver
from tickets.models import CaughtMail, Inbox, RawMessage, RawState
from tickets.operations import intake
from tickets.tasks import deliver, receive_mail, send_scheduled_drafts

#: the most a person at a screen is made to wait in a story before it counts as broken
PATIENCE_MS = 40_000 if STRAIN else 10_000
#: a page with all its scripts, and whatever a hand reaches for on it, may take a busy machine longer
LOADING_MS = 3 * PATIENCE_MS
expect.set_options(timeout=PATIENCE_MS)
SIGN_IN = "helpdesk.signed_in.Backend"
#: Playwright looks twice a second for what is expected of a page; in rounds so short it looks ten times
ROUND_MS = 2_000
_expect_once = LocatorAssertions._call_expect


async def _expect_often(self: LocatorAssertions, expression: str, options: Any, title: str | None) -> Any:
    until = time.monotonic() + options["timeout"] / 1000
    while True:
        left = (until - time.monotonic()) * 1000
        found = await _expect_once(self, expression, {**options, "timeout": max(min(left, ROUND_MS), 1)}, title)
        if not found.get("timedOut") or left <= ROUND_MS:
            return found


LocatorAssertions._call_expect = _expect_often


# --- the house ------------------------------------------------------------------------------------------------------


@dataclass
class House:
    """A helpdesk that runs: its address, and its mail server's port."""

    address: str
    smtp_port: int

    def send(
        self, content: bytes, *, to: str = "support@demo.localhost", sender: str = "dora@customer.example"
    ) -> None:
        """Hand a mail to our server, as any program would."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as server:
            server.sendmail(sender, [to], content)

    def write(
        self, subject: str, text: str, *, sender: str = "Dora Diaz <dora@customer.example>", **headers: str
    ) -> None:
        """Write to support as a customer."""
        bare = re.sub(r".*<(.*)>", r"\1", sender)
        self.send(mail(sender, subject, text, **headers), sender=bare)

    def answer(self, received: EmailMessage, text: str, *, sender: str = "Dora Diaz <dora@customer.example>") -> None:
        """Answer a mail the way mail programs do: to its Reply-To, with its ids in the threading headers."""
        to = str(received["Reply-To"] or received["From"])
        ids = f"{received['References'] or ''} {received['Message-ID']}".strip()
        content = mail(
            sender, f"Re: {received['Subject']}", text, to=to, In_Reply_To=str(received["Message-ID"]), References=ids
        )
        self.send(content, to=re.sub(r".*<(.*)>", r"\1", to), sender=re.sub(r".*<(.*)>", r"\1", sender))

    def caught(self, to: str, *, having: str = "") -> EmailMessage:
        """The next mail the catcher holds for somebody, with these words in its subject or text; waits for it."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            for kept in CaughtMail.objects.order_by("-pk"):
                found = message_from_bytes(bytes(kept.content), policy=policy.default)
                if to in kept.recipients and having in f"{found['Subject']}\n{text_of(found)}":
                    assert isinstance(found, EmailMessage)
                    return found
            time.sleep(0.05)
        raise AssertionError(f"no mail to {to} with “{having}”; caught: {list(CaughtMail.objects.values('subject'))}")


#: the field of the composer's tab in front; an editor may stand in its place, and keeps it up to date
_FRONT = ", ".join(
    f".composer:has([name=kind][value={kind}]:checked) .composer-text[data-kind={kind}]"
    for kind in ("reply", "note", "forward")
)


def words(page: Page) -> Locator:
    """What is written in the composer, in plain text: its value."""
    return page.locator(_FRONT)


def writing(page: Page) -> Locator:
    """Where one writes: the composer's editor, or the text field until it is here."""
    return page.locator(".composer-text:visible, .composer-editor:visible")


def rich(page: Page) -> Locator:
    """The composer's editor, once it is here."""
    return page.locator(".composer-editor:visible")


def soon(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for something the page comes to by itself. (Playwright's own waiting needs `eval`, which we forbid.)

    Playwright waits: what a frame did is told to this process while one of its calls runs, not while we sleep.
    """
    until = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < until, "it did not come to that"
        page.wait_for_timeout(50)


def text_of(received: Any) -> str:
    """The plain text of a mail."""
    part = received.get_body(("plain",))
    return part.get_content() if part else ""


@pytest.fixture(autouse=True, scope="package")
def _remembered_for_seconds() -> Iterator[None]:
    """A story waits for what a page learns later."""
    with for_seconds():
        yield


@pytest.fixture(scope="session")
def doorstep() -> Iterator[socket.socket]:
    """Where the helpdesks of all stories are found, one after the other: browsers keep scripts for the next."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening


@pytest.fixture
def house(transactional_db: None, settings: Any, inbox: Inbox, doorstep: socket.socket) -> Iterator[House]:
    """Web, mail server and worker, wired to each other as the one-command start wires them."""
    receiver = Receiver("127.0.0.1", 0)
    receiver.start()
    settings.MAIL_CATCHER = True
    settings.UNDO_SECONDS = 0  # stories about undoing give it some
    settings.EMAIL_HOST, settings.EMAIL_PORT = receiver.address
    settings.EMAIL_HOST_USER, settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = "", False, False
    try:
        with served(doorstep) as address, worker():
            settings.BASE_URL = address
            yield House(address, receiver.address[1])
    finally:
        receiver.stop()
        connections.close_all()


class worker:  # noqa: N801 - used like a function
    """A Celery worker on every queue, woken by doorbells through Redis, and the clock's sweeps beside it."""

    def __enter__(self) -> None:
        queues = ["intake", "delivery", "default", "reports"]
        self._worker = start_worker(
            celery_app, pool="solo", concurrency=1, perform_ping_check=False, queues=queues, loglevel="WARNING",
            shutdown_timeout=20,
        )  # fmt: skip
        self._worker.__enter__()
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._sweep, daemon=True)
        self._clock.start()

    def _sweep(self) -> None:
        while not self._over.wait(2):
            for task in (receive_mail, drain_events, send_scheduled_drafts, deliver, send_due_invitations):
                task.apply_async(retry=False, ignore_result=True)

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        self._clock.join(5)
        state.should_terminate = 0
        drain_events.apply_async(retry=False, ignore_result=True)  # or it would wait for its next look into the queue
        self._worker.__exit__(None, None, None)


@pytest.fixture
def send_mail_in(house: House, inbox: Inbox) -> Callable[..., RawMessage]:
    """As everywhere, but it is the house's worker that reads the mail."""

    def send(content: bytes, to: Inbox | None = None) -> RawMessage:
        raw = intake.store(inbox=to or inbox, content=content, source="test")
        assert raw is not None
        until = time.monotonic() + PATIENCE_MS / 1000
        while raw.state == RawState.RECEIVED:
            assert time.monotonic() < until, "nobody reads the mail"
            time.sleep(0.05)
            raw.refresh_from_db()
        return raw

    return send


@pytest.fixture
def survey(inbox: Inbox) -> Survey:
    """Asks at once, as the demo does."""
    return Survey.objects.create(name="Satisfaction", delay_minutes=0)


# --- the people -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    chromium = needs.chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium),
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            ],
        )  # fmt: skip
        yield browser
        browser.close()


@dataclass
class Seat:
    """Where somebody sits: a browser window of their own. What it complains about is kept."""

    _context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    #: what a story expects to be complained about, such as the 404 it asked for
    expected: list[str] = field(default_factory=list)
    #: whether the next story may sit here, too
    is_as_before: bool = True
    has_scripts: bool = True

    @property
    def context(self) -> BrowserContext:
        """The browser around the page. Who changes something about it is the last to sit there."""
        self.is_as_before = False
        return self._context

    def grievances(self) -> list[str]:
        return [one for one in self.complaints if not any(re.search(word, one) for word in self.expected)]


def take_time(page: Page) -> None:
    """Nobody presses keys before the page's scripts are there: such keys are nobody's command (early.js)."""
    keyboard = page.keyboard
    for name in ("press", "type"):
        do = getattr(keyboard, name)

        def in_time(*args: Any, do: Callable[..., None] = do, **more: Any) -> None:
            if not getattr(page, "is_hasty", False):
                page.wait_for_load_state()
            do(*args, **more)

        setattr(keyboard, name, in_time)


def slow_down(page: Page) -> None:
    """As on an old machine, where STRAIN says so."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": STRAIN})


#: what cannot be taken back: whoever does it is the last to sit there
LASTING = ("add_init_script", "expose_binding", "expose_function")


def remember_what_lasts(page: Page) -> None:
    for name in LASTING:
        do = getattr(page, name)

        def lasting(*args: Any, do: Callable[..., Any] = do, **more: Any) -> Any:
            setattr(page, "is_changed", True)  # noqa: B010 - ours, on somebody else's object
            return do(*args, **more)

        setattr(page, name, lasting)


#: what a browser is made with: whether it runs scripts, and all else
Kind = tuple[bool, tuple[tuple[str, Any], ...]]


@pytest.fixture(scope="session")
def empty_seats() -> dict[Kind, list[Page]]:
    """Pages whose story is over, each in a browser of its own: they know our scripts and styles, and nothing else.

    The page stays open: a new one begins with a new process, which costs more than most stories.
    """
    return {}


#: what a story may listen to
TOLD = (
    "console", "dialog", "domcontentloaded", "download", "filechooser", "framenavigated", "load", "pageerror", "popup",
    "request", "requestfailed", "requestfinished", "response",
)  # fmt: skip


def leave(seat: Seat, address: str) -> bool:
    """Get up and take everything along; whether somebody else can sit here."""
    page = seat.page
    if not seat.is_as_before or page.is_closed() or len(seat._context.pages) != 1 or hasattr(page, "is_changed"):
        return False
    for event in TOLD:
        for listener in page._impl_obj.listeners(event):
            page._impl_obj.remove_listener(event, listener)
    page.unroute_all(behavior="ignoreErrors")
    # signed out first: what a page says when it is left is about a story that is over
    seat._context.clear_cookies()
    page.emulate_media(color_scheme="null")
    try:
        page.goto(address + static("helpdesk/css/tokens.css"))
        page.mouse.move(-1, -1)  # no row is under the pointer of who has yet to move it
        if seat.has_scripts:
            page.evaluate("sessionStorage.clear(); window.name = ''")
        devtools = seat._context.new_cdp_session(page)
        kept = "cookies,local_storage,indexeddb,cache_storage,service_workers,websql,file_systems"
        devtools.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": kept})
        devtools.detach()
    except Error:  # the story had gone somewhere from where there is no way on
        return False
    return True


@pytest.fixture
def sit(browser: Browser, house: House, empty_seats: dict[Kind, list[Page]]) -> Iterator[Callable[..., Seat]]:
    """Give somebody a window, signed in when an agent is named. No page may break its scripts or the policy.

    A browser is one that others sat at, unless it `is_new`: a new one has to ask for every script and style.
        Who `is_hasty` presses keys before a page's scripts are there.
    """
    seats: list[tuple[Seat, Kind | None]] = []

    def seat(
        agent: Agent | None = None, *, script: bool = True, width: int = 1440, height: int = 900,
        is_new: bool = False, is_hasty: bool = False, **more: Any,
    ) -> Seat:  # fmt: skip
        kind = None if is_new or "permissions" in more else (script, tuple(sorted(more.items())))
        if kind and empty_seats.get(kind):
            page = empty_seats[kind].pop()
            context = page.context
        else:
            context = browser.new_context(
                base_url=house.address, java_script_enabled=script, viewport={"width": width, "height": height},
                locale="en-GB", **more,
            )  # fmt: skip
            if STRAIN > 1:
                context.on("page", slow_down)
            context.set_default_timeout(LOADING_MS)
            page = context.new_page()
            remember_what_lasts(page)
            take_time(page)
        setattr(page, "is_hasty", is_hasty)  # noqa: B010 - ours, on somebody else's object
        if agent:
            client = Client()
            client.force_login(agent, backend=SIGN_IN)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": house.address}])
        made = Seat(context, page, has_scripts=script)
        made.page.set_viewport_size({"width": width, "height": height})
        made.page.on("console", lambda said: said.type == "error" and made.complaints.append(said.text))
        made.page.on("pageerror", lambda error: made.complaints.append(f"script: {error}"))
        seats.append((made, kind))
        return made

    yield seat
    grievances = [one.grievances() for one, _ in seats]  # what goes on when a page is closed is broken off
    for one, kind in seats:
        if kind and leave(one, house.address):
            empty_seats.setdefault(kind, []).append(one.page)
        else:
            one._context.close()
    assert [some for some in grievances if some] == []


@pytest.fixture
def look() -> Callable[[Page, str], None]:
    """Keep a picture of a page, where somebody asked for pictures: LOOK=folder."""

    def keep(page: Page, name: str) -> None:
        if folder := os.environ.get("LOOK"):
            page.screenshot(path=f"{folder}/{name}.png")

    return keep
