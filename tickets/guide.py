"""The first steps of a new installation: each is done when the house says so, and the guide is gone when all are."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.models import Agent, CalendarVersion, Event, SpecialDay
from helpdesk.pages import Block
from tickets.models import Inbox, Mailbox, RawMessage, Ticket

#: where the mail of the guide says it came from
SOURCE = "guide"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what, why, where; and whether it is done."""

    title: str
    about: str
    is_done: bool
    url: str = ""
    label: str = ""
    #: a POST, for what is done by the button itself
    posts: bool = False


def steps() -> Sequence[Step]:
    """The steps in the order they make sense."""
    inbox = Inbox.objects.of_mail().order_by("pk").first()
    return [
        Step(
            _("Connect an inbox"), _("Fetch mail from your mailbox, or let your server hand it to ours."),
            Mailbox.objects.exists() or RawMessage.objects.exclude(source=SOURCE).exists(),
            reverse("settings_inboxes_in", args=[inbox.pk]) if inbox else reverse("settings_inboxes_new"),
            _("Connect"),
        ),
        Step(
            _("Invite a colleague"), _("They get a mail with a link to choose a password."),
            Agent.objects.active().count() > 1, reverse("settings_agents_new"), _("Invite"),
        ),
        Step(
            _("Send yourself a ticket"), _("A real mail, on the way your customers' mails go. It waits in the queue."),
            RawMessage.objects.filter(source=SOURCE).exists(), reverse("guide_trial"), _("Send it"), posts=True,
        ),
        Step(
            _("Set your business hours"), _("Waiting is counted in them, and customers are told when you open."),
            _has_hours(), reverse("settings_calendars"), _("Set hours"),
        ),
    ]  # fmt: skip


def _has_hours() -> bool:
    """Whether somebody looked at the hours: they were changed, or are not the ones we begin with."""
    changed = Event.objects.filter(
        stream_id=None, subject_type="calendar", verb__in=["calendar.created", "calendar.changed"]
    )
    return changed.exists() or SpecialDay.objects.exists() or CalendarVersion.objects.count() > 1


def _is_lively() -> bool:
    """Whether there is enough to look at here: the demo company, or a helpdesk that is at work."""
    return len(Ticket.objects.order_by()[:100].values_list("pk")) == 100


def shown_to(agent: Agent) -> Block | None:
    """The guide for an admin who has not put it away and has not done all of it."""
    if not agent.is_admin or agent.hides_guide:
        return None
    found = steps()
    done = sum(step.is_done for step in found)
    if done == len(found):
        return None
    return Block("tickets/_guide.html", {"steps": found, "done": done, "all": len(found), "is_lively": _is_lively()})


def above_settings(agent: Agent) -> Block | None:
    """The guide, or the way back to it."""
    if agent.is_admin and agent.hides_guide and not all(step.is_done for step in steps()):
        return Block("tickets/_guide_hidden.html", {})
    return shown_to(agent)
