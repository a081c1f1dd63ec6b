"""The people of the tests: Ana (agent), Ben (another team), Chloe (lead), Dora (customer), Emil (a stranger)."""

import gc
import math
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import hypothesis
import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone, translation
from whitenoise.middleware import WhiteNoiseMiddleware

from helpdesk import catalogs, events, second_factor
from helpdesk.models import Agent, Calendar, CalendarVersion, Event, Role, Team
from tests.emptying import empty_quickly  # noqa: F401 - a fixture of the whole run
from tests.remembering import all_through
from tickets import hours, kept, lists, reading, watching
from tickets.models import ContactPoint, Customer, Inbox, RawMessage, Ticket
from tickets.reading import counting

#: how many examples a property is asked for; `make test ARGS="--hypothesis-profile=thorough"` takes its time
hypothesis.settings.register_profile("usual", max_examples=60, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis.settings.load_profile("usual")
#: these start a whole helpdesk, or look at hundreds of letters: first, so that at the end no worker waits for another
LONGEST = (
    "test_running.py", "test_bench.py", "test_for_everybody.py", "test_getting_in.py", "test_compose.py",
    "test_embedded.py", "test_hostile_html.py",
)  # fmt: skip
#: what slows the interpreter down for all that come after it
SLOWING = "test_fetching.py"
#: on a busy machine any count takes long: a test says itself which is dear
counting.DEAR = math.inf
WEEKDAYS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path.name == SLOWING))


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: the collector need not look through them, and all of Django, each time.

    And a page makes thousands of objects that all go by themselves: it need not look so often either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _at() -> Iterator[None]:
    """AT=2026-12-31T22:58:00Z: they are run then, and time goes on. What fails then and passes now knows a date."""
    if at := os.environ.get("AT"):
        with time_machine.travel(datetime.fromisoformat(at), tick=True):
            yield
    else:
        yield


@pytest.fixture(autouse=True, scope="session")
def _files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of what tests store."""
    folder = tmp_path_factory.mktemp("files")
    with override_settings(
        STORAGES={
            **settings.STORAGES,
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(folder)},
            },
        }
    ):
        yield folder


@pytest.fixture(autouse=True)
def _nothing_of_the_last_test(request: pytest.FixtureRequest, _files: Path) -> None:
    """What a test stores goes away with it. Who asks for no database is not made to wait for the cache."""
    for left in _files.iterdir():
        shutil.rmtree(left)
    hours.forget()
    kept.forget()
    lists.forget()
    reading.forget()
    watching.forget()
    second_factor.forget()
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames or _is_marked(request):
        cache.clear()


def _is_marked(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("django_db") is not None


@pytest.fixture(autouse=True, scope="session")
def _done_once() -> Iterator[None]:
    """What is the same in every test is worked out once: every client made would look through all static files.

    Passwords are hashed as they are everywhere, with less work, and that work is the same for all.
    """
    with override_settings(WHITENOISE_MAX_AGE=3600):  # a browser of the stories asks once for each
        found = WhiteNoiseMiddleware(lambda _request: HttpResponse()).files
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", lambda self: self.files.update(found))
        patch.setattr(ScryptPasswordHasher, "work_factor", 2**4)
        patch.setattr(ScryptPasswordHasher, "parallelism", 1)
        yield


@pytest.fixture(autouse=True, scope="session")
def _remembered() -> Iterator[None]:
    """Pages ask the same number of questions, however long a busy machine takes over them."""
    with all_through():
        yield


@pytest.fixture(autouse=True, scope="session")
def _translated() -> None:
    """German is spoken, wherever the catalogues were last compiled."""
    catalogs.compile_all()


@pytest.fixture(autouse=True)
def _nobodys_language() -> Iterator[None]:
    """What a test's last page was shown in stays in that test."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Support")


@pytest.fixture
def billing_team(db: None) -> Team:
    return Team.objects.create(name="Billing")


def make_agent(email: str, name: str, role: str, *teams: Team) -> Agent:
    """An agent whose password is nothing anybody would hash in a test."""
    agent = Agent(email=email, name=name, role=role)
    agent.set_unusable_password()
    agent.save()
    agent.teams.add(*teams)
    return agent


@pytest.fixture
def ana(team: Team) -> Agent:
    return make_agent("ana@demo.localhost", "Ana Silva", Role.AGENT, team)


@pytest.fixture
def ben(billing_team: Team) -> Agent:
    return make_agent("ben@demo.localhost", "Ben Okafor", Role.AGENT, billing_team)


@pytest.fixture
def chloe(team: Team) -> Agent:
    return make_agent("chloe@demo.localhost", "Chloe Martin", Role.LEAD, team)


@pytest.fixture
def lou(team: Team) -> Agent:
    """A light collaborator."""
    return make_agent("lou@demo.localhost", "Lou Novak", Role.LIGHT, team)


@pytest.fixture
def admin(db: None) -> Agent:
    return make_agent("admin@demo.localhost", "Ada Admin", Role.ADMIN)


@pytest.fixture
def calendar(db: None) -> Calendar:
    calendar = Calendar.objects.create(name="Office", zone="Europe/Berlin")
    CalendarVersion.objects.create(calendar=calendar, weekly=WEEKDAYS)
    return calendar


@pytest.fixture
def inbox(team: Team, calendar: Calendar) -> Inbox:
    inbox = Inbox.objects.create(name="Support", address="support@demo.localhost", calendar=calendar)
    inbox.teams.add(team)
    return inbox


@pytest.fixture
def billing(billing_team: Team) -> Inbox:
    inbox = Inbox.objects.create(name="Billing", address="billing@demo.localhost")
    inbox.teams.add(billing_team)
    return inbox


@pytest.fixture
def dora(db: None) -> Customer:
    dora = Customer.objects.create(name="Dora Diaz")
    ContactPoint.objects.create(customer=dora, channel="email", address="dora@customer.example")
    return dora


@pytest.fixture
def emil() -> str:
    return "emil@stranger.example"


def mail(
    sender: str = "Dora Diaz <dora@customer.example>", subject: str = "My order", text: str = "Where is my order?",
    to: str = "support@demo.localhost", **headers: str,
) -> bytes:  # fmt: skip
    """A mail as a customer's program writes it; header names with underscores for hyphens."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture
def send_mail_in(inbox: Inbox) -> Callable[..., RawMessage]:
    """Store a mail and read it, as the receiving server and the worker do."""
    from tickets.operations import intake
    from tickets.tasks import receive_mail

    def send(content: bytes, to: Inbox | None = None) -> RawMessage:
        raw = intake.store(inbox=to or inbox, content=content, source="test")
        assert raw is not None
        receive_mail()
        raw.refresh_from_db()
        return raw

    return send


@pytest.fixture
def ticket(send_mail_in: Callable[..., RawMessage], dora: Customer) -> Ticket:
    """Dora's open ticket, with her one message."""
    raw = send_mail_in(mail(Message_ID="<first@customer.example>"))
    assert raw.said is not None, raw.reason
    return raw.said.ticket


@pytest.fixture
def settle() -> Callable[[], None]:
    """Let every subscriber hear everything."""

    def hear() -> None:
        while events.drain():
            pass

    return hear


@pytest.fixture
def verbs() -> Callable[[Ticket], list[str]]:
    """What happened on a ticket, in order."""
    return lambda ticket: list(Event.objects.filter(stream_id=ticket.pk).order_by("id").values_list("verb", flat=True))


@pytest.fixture
def as_agent() -> Callable[[Agent], Client]:
    """A browser without scripts in which this agent is signed in."""

    def sign_in(agent: Agent) -> Client:
        client = Client()
        client.force_login(agent, backend="helpdesk.signed_in.Backend")
        return client

    return sign_in
