"""The first start of an installation: somebody who can sign in, and somewhere customers can write to."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from feedback.models import ReasonCode, Survey
from feedback.operations import departments
from helpdesk.models import Agent, Calendar, CalendarVersion, Team
from tickets.models import ChannelAccount, Inbox

_LOCK = 0x424F4F54
WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@dataclass(frozen=True, slots=True)
class Login:
    """What the first admin signs in with; the password is known only now."""

    email: str
    password: str


@transaction.atomic
def bootstrap(*, email: str = "", password: str = "") -> Login | None:
    """Make the first admin, team, hours, inbox and survey. None where there are agents already: then nothing changes.

    All of it is one transaction, so that a start that was killed half-way is repeated from the beginning.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if Agent.objects.exists():
        return None
    login = Login((email or f"admin@{settings.MAIL_DOMAIN}").strip().lower(), password or secrets.token_urlsafe(12))
    admin = Agent.objects.create_superuser(login.email, login.password, name=_("Admin"), zone=settings.TIME_ZONE)
    calendar, is_new = Calendar.objects.get_or_create(name=_("Office hours"), defaults={"zone": settings.TIME_ZONE})
    if is_new:
        CalendarVersion.objects.create(calendar=calendar, weekly=WEEK)
    team, __ = Team.objects.get_or_create(name="Support")
    team.members.add(admin)
    inbox, is_new = Inbox.objects.get_or_create(
        address=f"support@{settings.MAIL_DOMAIN}", defaults={"name": "Support", "calendar": calendar}
    )
    if is_new:
        inbox.teams.add(team)
    if settings.MAIL_CATCHER and not Inbox.objects.filter(channel="chat").exists():
        _open_chat(inbox, team)
    if settings.MAIL_CATCHER and not Inbox.objects.filter(channel="form").exists():
        _open_form(inbox, team)
    departments.start(actor=admin)
    if not Survey.objects.exists():
        # it names no inbox, so it asks after every one, those of later too; a demo does not wait
        survey = Survey.objects.create(
            name=_("Satisfaction"),
            delay_minutes=0 if settings.MAIL_CATCHER else None,
            asks_solved=True,
            opens_recovery=True,
            reminder_days=3,
        )
        survey.reasons.set(ReasonCode.objects.all())
    return login


def _open_chat(support: Inbox, team: Team) -> None:
    """A chat to try, on a page of our own: /chat/demo/."""
    chat = Inbox.objects.create(name=_("Chat"), channel="chat", mails_through=support, calendar=support.calendar)
    chat.teams.add(team)
    config = {"allowed_origins": [settings.BASE_URL], "asks_page": True, "language": "auto"}
    ChannelAccount.objects.create(inbox=chat, kind="chat", config=config)


def _open_form(support: Inbox, team: Team) -> None:
    """A web form to try, on the same page."""
    form = Inbox.objects.create(name=_("Web form"), channel="form", mails_through=support, calendar=support.calendar)
    form.teams.add(team)
    config = {"asks_name": "optional", "takes_files": True, "frame_theme": "auto"}
    ChannelAccount.objects.create(inbox=form, kind="form", config=config)
