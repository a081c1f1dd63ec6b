"""The pictures of the README and the docs: `manage.py screenshots`."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.models import Count, Q

from feedback.models import Invitation, InvitationState, Response
from feedback.operations.bootstrapping import bootstrap
from helpdesk import clock, embedded, probe
from helpdesk.models import Agent
from helpdesk.signed_in import SessionStore
from tickets.chat_desk import CHAT
from tickets.models import MessageKind, Status, Ticket
from tickets.operations import assignment, chat_seats, replying
from tickets.tasks import deliver_posts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

T = TypeVar("T")

DESK = (1440, 900)
PHONE = (390, 844)
#: who looks: a lead whom the demo company lets see most
VIEWER = "priya"
CHAT_DESK, CHAT_PAGE = (1080, 760), (500, 760)
VISITORS = (
    ("Emil Borg", "Do you ship to Malta?"),
    ("Nora Lindqvist", "Hello! My order 4471 was to come on Friday. Do you know where it is?"),
)
ANSWER = "Hello Nora, it left our house on Thursday and is with the carrier in Leipzig."
ABOUT_TO_SAY = "Could it go to my neighbour instead? I am away"
ABOUT_TO_ANSWER = "Of course. Tell me"
#: the first of these that the machine has is the pictures' (Debian: fonts-inter)
FONTS = ("Inter", "Cantarell", "Noto Sans", "Liberation Sans")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, the page on it, and the screen it is seen on."""

    name: str
    address: str
    size: tuple[int, int] = DESK
    dark: bool = False
    signed_in: bool = True
    #: keys pressed before the picture is taken
    keys: tuple[str, ...] = field(default=())


class Command(BaseCommand):
    """Takes them from a demo company of its own, on embedded servers in a folder that is thrown away."""

    help = "Take the pictures of the README and the docs in Chromium, from a demo company that is made for them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, default=settings.BASE_DIR / "docs" / "screenshots", help="the folder")
        parser.add_argument("--tickets", type=int, default=3000, help="how large the demo company is (3,000)")
        parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="take these pictures only")
        # said by this command to itself, once the servers run
        parser.add_argument("--here", action="store_true", help="use the empty helpdesk of this environment")

    def handle(self, *args: Any, **options: Any) -> None:
        chromium = _chromium()
        for package in ("playwright", "time_machine"):
            if find_spec(package) is None:
                raise CommandError(f"Pictures are taken with {package}, a package for developers: make install")
        if options["here"]:
            at = _working_hour()
            self._company(options["tickets"], at)
            self._take(chromium, options["to"], set(options["only"]), at)
        else:
            self._in_a_place_of_its_own(sys.argv[2:])

    def _in_a_place_of_its_own(self, words: list[str]) -> None:
        """Run this command again, where it may write what it likes."""
        with tempfile.TemporaryDirectory(prefix="helpdesk-pictures-") as name:
            data = Path(name)
            try:
                with embedded.servers(data, durable=False) as (database, redis):
                    port = _free_port()
                    environment = {
                        **os.environ,
                        "DATA": name, "DATABASE_URL": database, "REDIS_URL": redis, "INSTANCE": "pictures",
                        "SECRET_KEY": secrets.token_urlsafe(48), "PORT": str(port), "MAIL_CATCHER": "1",
                        "BASE_URL": f"http://127.0.0.1:{port}", "LANGUAGE_CODE": "en", "TIME_ZONE": "Europe/Berlin",
                        "LOG_LEVEL": "WARNING",
                    }  # fmt: skip
                    command = [sys.executable, "manage.py", "screenshots", "--here", *words]
                    done = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=False)
            except embedded.GaveUp as error:
                raise CommandError(str(error)) from None
        if done.returncode:
            raise SystemExit(done.returncode)

    def _company(self, tickets: int, until: datetime) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        bootstrap()
        call_command("demo", tickets=tickets, until=until, if_empty=True, stdout=self.stdout)

    def _take(self, chromium: str, folder: Path, only: set[str], at: datetime) -> None:
        from playwright.sync_api import sync_playwright

        folder.mkdir(parents=True, exist_ok=True)
        agent = Agent.objects.get(email=f"{VIEWER}@{settings.MAIL_DOMAIN}")
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": _session(agent), "url": settings.BASE_URL}
        wanted = [one for one in pictures(agent) if not only or one.name in only]
        with _served(at), sync_playwright() as playwright:
            fonts: dict[str, Any] = {**os.environ, "FONTCONFIG_FILE": str(_fonts(settings.DATA / "fonts.conf"))}
            browser = playwright.chromium.launch(executable_path=chromium, args=_quiet(), env=fonts)
            for picture in wanted:
                path = folder / f"{picture.name}.png"
                _take_one(browser, picture, path, cookie)
                self._say(path)
            if not only or "chat" in only:
                _take_chat(browser, agent, at, folder / "chat.png", cookie)
                self._say(folder / "chat.png")
            browser.close()

    def _say(self, path: Path) -> None:
        self.stdout.write(f"{path}  {path.stat().st_size / 1000:.0f} kB")


def pictures(agent: Agent) -> Iterator[Picture]:
    """Every picture of the README and the docs."""
    ticket = f"/tickets/{_ticket(agent).number}/"
    survey = f"/s/{_unanswered().token}/?score=4"
    yield Picture("queue", "/?view=open")
    yield Picture("ticket", ticket)
    yield Picture("report", "/reports/?period=28", (1440, 1200))
    yield Picture("survey", survey, (900, 1100), signed_in=False)
    yield Picture("drivers", "/reports/drivers/?period=90", (1440, 1200))
    yield Picture("drivers-dark", "/reports/drivers/?period=90", (1440, 1200), dark=True)
    yield Picture("satisfaction-phone", "/reports/satisfaction/?period=90", PHONE)
    yield Picture("recoveries", "/feedback/recoveries/", (1440, 520))
    yield Picture("queue-dark", "/?view=open", dark=True)
    yield Picture("ticket-dark", ticket, dark=True)
    yield Picture("keyboard", ticket, keys=("?",))
    yield Picture("queue-phone", "/?view=open", PHONE)
    yield Picture("ticket-phone", ticket, PHONE, dark=True)
    yield Picture("report-phone", "/reports/?period=28", PHONE)


def _ticket(agent: Agent) -> Ticket:
    """A conversation that shows something: an answer, a note, tags, somebody who waits."""
    talks = Ticket.objects.visible_to(agent).filter(
        status=Status.OPEN, waiting_since__isnull=False, tags__isnull=False, customer__language="en"
    )
    talks = talks.annotate(
        said=Count("messages", distinct=True),
        noted=Count("messages", filter=Q(messages__kind=MessageKind.NOTE), distinct=True),
        answered=Count("messages", filter=Q(messages__kind=MessageKind.REPLY), distinct=True),
    )
    lively = talks.filter(noted__gte=1, answered__gte=1, said__gte=4, said__lte=6).order_by("-number")
    best = lively.filter(assignee=agent).first() or lively.first() or talks.order_by("-said").first()
    if best is None:
        raise CommandError("This company has no ticket worth a picture; ask for more: --tickets 3000")
    return best


def _unanswered() -> Invitation:
    asked = Invitation.objects.filter(state=InvitationState.SENT, customer__language="en").exclude(
        pk__in=Response.objects.values("invitation_id")
    )
    if (found := asked.order_by("-ticket_id").first()) is None:
        raise CommandError("Nobody in this company has a survey to answer; ask for more: --tickets 3000")
    return found


def _session(agent: Agent) -> str:
    """Sign the viewer in, without a password they do not have."""
    session = SessionStore()
    session["_auth_user_id"] = str(agent.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = agent.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


def _take_one(browser: "Browser", picture: Picture, path: Path, cookie: Any) -> None:
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if picture.dark else "light",
        locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce", is_mobile=width < 600,
        device_scale_factor=2 if width < 600 else 1,
    )  # fmt: skip
    if picture.signed_in:
        context.add_cookies([cookie])
    page = context.new_page()
    answer = page.goto(settings.BASE_URL + picture.address)
    if not answer or not answer.ok:
        raise CommandError(f"{picture.address} answered {answer.status if answer else 'nothing'}")
    _settle(page)
    for key in picture.keys:
        page.keyboard.press(key)
        page.wait_for_timeout(200)
    page.screenshot(path=path, animations="disabled")
    context.close()


def _take_chat(browser: "Browser", agent: Agent, at: datetime, path: Path, cookie: Any) -> None:
    """Two who chat, each in front of their own screen, side by side."""
    _apart(lambda: chat_seats.switch(agent, is_available=True, actor=agent), at)
    visitors = [_visitor(browser, name, words) for name, words in VISITORS]
    page, ticket = visitors[-1]

    def work() -> None:
        for _page, theirs in visitors:
            assignment.take(theirs, actor=agent)
        replying.reply(ticket, text=ANSWER, actor=agent)
        deliver_posts()

    _apart(work, at + timedelta(minutes=1))
    page.get_by_role("log").get_by_text(ANSWER[:20]).wait_for()
    desk = _context(browser, CHAT_DESK, cookie).new_page()
    desk.goto(f"{settings.BASE_URL}/tickets/{ticket.number}/")
    _settle(desk)
    page.get_by_label("Write a message").press_sequentially(ABOUT_TO_SAY)
    desk.locator(".visitor-typing").get_by_text(ABOUT_TO_SAY[-12:]).wait_for()
    desk.keyboard.press("r")
    desk.keyboard.type(ABOUT_TO_ANSWER)
    page.get_by_text("is typing").wait_for()
    seen = [b64encode(one.screenshot(animations="disabled")).decode() for one in (desk, page)]
    both = _context(browser, (CHAT_DESK[0] + CHAT_PAGE[0] + 24, CHAT_DESK[1])).new_page()
    both.set_content(
        "<style>body{margin:0;display:flex;justify-content:space-between;background:#d6d3cd}</style>"
        + "".join(f'<img src="data:image/png;base64,{one}">' for one in seen)
    )
    both.screenshot(path=path)
    for one in {desk.context, both.context, *(each.context for each, _ticket in visitors)}:
        one.close()


def _visitor(browser: "Browser", name: str, words: str) -> "tuple[Page, Ticket]":
    """Somebody who says this in the chat, and the ticket it is."""
    page = _context(browser, CHAT_PAGE).new_page()
    page.goto(f"{settings.BASE_URL}/chat/demo/")
    page.get_by_role("button", name="Open the chat").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Write a message").fill(words)
    page.keyboard.press("Enter")
    page.get_by_role("log").get_by_text("Received").wait_for()
    return page, _apart(lambda: Ticket.objects.filter(channel=CHAT).latest("pk"))


def _apart(work: Callable[[], T], at: datetime | None = None) -> T:
    """Do this beside the browser, whose loop no query may hold up; at a time of the demo company's."""
    import time_machine

    def do() -> T:
        try:
            with time_machine.travel(at, tick=True) if at else nullcontext():
                return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(do).result()


def _context(browser: "Browser", size: tuple[int, int], cookie: Any = None) -> "BrowserContext":
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light", locale="en-GB",
        timezone_id="Europe/Berlin", reduced_motion="reduce",
    )  # fmt: skip
    if cookie:
        context.add_cookies([cookie])
    return context


def _settle(page: "Page") -> None:
    """Wait until scripts and fonts are there; the live connection never ends, so silence is not waited for."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.wait_for_timeout(300)


def _working_hour() -> datetime:
    """The last Tuesday, 14:40 in Freiburg: pictures taken at night show a day's work all the same."""
    now = clock.now().astimezone(ZoneInfo("Europe/Berlin"))
    tuesday = (now - timedelta(days=(now.weekday() - 1) % 7)).replace(hour=14, minute=40, second=0, microsecond=0)
    return tuesday if tuesday <= now else tuesday - timedelta(days=7)


#: the web server, in another time
_SERVER = """
import sys, time_machine, uvicorn
time_machine.travel(sys.argv[1], tick=True).start()
uvicorn.run("helpdesk.asgi:application", host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="warning")
"""


@contextmanager
def _served(at: datetime) -> Iterator[None]:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, at.isoformat(), str(settings.PORT)], cwd=settings.BASE_DIR
    )
    try:
        until = time.monotonic() + 60
        while not probe.http_answers(f"http://127.0.0.1:{settings.PORT}/healthz", 2):
            if server.poll() is not None or time.monotonic() > until:
                raise CommandError("The web server did not start; what it said stands above.")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _chromium() -> str:
    for name in (os.environ.get("CHROMIUM"), *CHROMIUMS):
        if name and (found := shutil.which(name)):
            return found
    raise CommandError("Chromium is not on this machine (Debian: apt-get install chromium).")


def _quiet() -> list[str]:
    """Chromium without the errands it runs for itself."""
    return [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
        "--lang=en-GB",
    ]  # fmt: skip


def _fonts(path: Path) -> Path:
    """Let the system's own letters be pleasant ones where this machine has them, as on the machines of people."""
    wanted = "".join(f"<string>{name}</string>" for name in FONTS)
    aliases = "".join(
        f'<match target="pattern"><test name="family"><string>{generic}</string></test>'
        f'<edit name="family" mode="prepend" binding="strong">{wanted}</edit></match>'
        for generic in ("system-ui", "sans-serif", "sans")
    )
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include>{aliases}</fontconfig>'
    )
    return path


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
