"""The first start, and every later one."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from feedback.models import Survey
from helpdesk.models import Agent, Calendar, Team
from tickets.models import Inbox

pytestmark = pytest.mark.django_db


def bootstrap(**options: str) -> str:
    out = StringIO()
    call_command("bootstrap", stdout=out, **options)
    return out.getvalue()


def test_the_first_start_makes_all_that_is_needed_and_shows_the_password_once(settings) -> None:  # type: ignore[no-untyped-def]
    settings.MAIL_CATCHER, settings.TIME_ZONE = True, "Europe/Berlin"
    word, email, password = bootstrap().rstrip("\n").split(" ")
    assert (word, email) == ("LOGIN", f"admin@{settings.MAIL_DOMAIN}")
    admin = Agent.objects.get()
    assert admin.is_admin and admin.check_password(password) and admin.zone == "Europe/Berlin"
    inbox = Inbox.objects.get(channel="email")
    assert (inbox.name, inbox.address) == ("Support", f"support@{settings.MAIL_DOMAIN}")
    assert inbox.calendar and inbox.calendar.zone == "Europe/Berlin"
    assert inbox.calendar.business is not None
    assert list(inbox.teams.all()) == [Team.objects.get(name="Support")]
    chat = Inbox.objects.get(channel="chat")
    assert chat.mails_through == inbox and list(chat.teams.all()) == list(inbox.teams.all()) and chat.account.key
    survey = Survey.objects.get()
    assert survey.delay_minutes == 0 and Survey.objects.asking_after(inbox.pk) == survey


def test_later_starts_change_nothing_and_say_nothing() -> None:
    bootstrap()
    Survey.objects.all().delete()
    Inbox.objects.filter(channel="email").update(name="Help")
    assert bootstrap() == ""
    assert bootstrap(email="other@demo.localhost", password="a long enough secret") == ""
    assert (Agent.objects.count(), Survey.objects.count(), Inbox.objects.get(channel="email").name) == (1, 0, "Help")
    assert Calendar.objects.count() == 1


def test_operators_choose_address_and_password(settings) -> None:  # type: ignore[no-untyped-def]
    settings.MAIL_CATCHER = False
    said = bootstrap(email="Boss@Company.example", password="a long enough secret")
    assert said == "LOGIN boss@company.example a long enough secret\n"
    assert Agent.objects.get().check_password("a long enough secret")
    assert Survey.objects.get().delay_minutes is None


@pytest.mark.parametrize("options", [{"email": "nobody"}, {"password": "short"}])
def test_a_useless_address_or_password_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        bootstrap(**options)
    assert not Agent.objects.exists()
