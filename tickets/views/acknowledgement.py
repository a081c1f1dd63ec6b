"""What stands around the form of an inbox's acknowledgement: what is sent, and who would have got one lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from helpdesk import clock
from helpdesk.calendars import BusinessCalendar
from helpdesk.models import Role
from helpdesk.pages import roles
from tickets import acknowledgements
from tickets.acknowledgement_form import AcknowledgementForm, name_of
from tickets.acknowledgements import About, Written
from tickets.models import Inbox, Message
from tickets.operations import acknowledging, loops

#: the example a preview speaks of
NUMBER = 1042
_STEP, _AHEAD = timedelta(minutes=15), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Shown:
    """One mail of the preview: when it would go out so, and the mail."""

    title: str
    letter: Written


def around(request: HttpRequest, inbox: Inbox, form: ModelForm) -> dict[str, Any]:
    """What the page needs besides its form."""
    assert isinstance(form, AcknowledgementForm)
    now = clock.now()
    tried = acknowledging.rehearse(inbox, at=now)
    return {
        **preview_of(inbox, form, request.GET),
        "tried": [
            {
                "ticket": one.message.ticket,
                "address": _spoken_of(one.message),
                "reason": acknowledgements.reason(one.reason) if one.reason else "",
            }
            for one in tried
        ],
        "would": sum(not one.reason for one in tried),
        "floods": sorted({source.rpartition("@")[2] for source in loops.floods(now).tickets}),
    }


def _spoken_of(message: Message) -> str:
    """The sender, as people know them: their address where they wrote a mail."""
    sender = message.sender
    if sender is None:
        return ""
    return sender.address if sender.channel == "email" else str(sender)


@roles(Role.ADMIN)
@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What the form says now, before it is saved, as it would be sent."""
    inbox = get_object_or_404(Inbox.objects.select_related("calendar"), pk=pk)
    form = AcknowledgementForm(request.POST, instance=inbox)
    return render(request, "tickets/settings/_acknowledgement_preview.html", preview_of(inbox, form, request.POST))


def preview_of(inbox: Inbox, form: AcknowledgementForm, chosen: Any) -> dict[str, Any]:
    """The mails in the chosen language: in business hours and outside them, to a stranger or to one vouched for."""
    prepared = form.prepared()
    offered = list(dict.fromkeys([*form.languages, *prepared]))
    language = str(chosen.get("preview_language") or "")
    language = language if language in offered else acknowledgements.language_for("", "", prepared)
    is_vouched = bool(chosen.get("preview_vouched"))
    within, outside = _instants(inbox, clock.now())
    letters = []
    for title, at in ((_("In business hours"), within), (_("Outside business hours"), outside)):
        if at is not None:
            about = About(
                NUMBER, at, subject=_("Where is my order?"), is_vouched=is_vouched, is_talk=not inbox.is_of_mail
            )
            letters.append(Shown(title, acknowledgements.write(inbox, about, language, prepared, at=at)))
    return {
        "letters": letters if len(letters) > 1 else [Shown(_("At any hour"), one.letter) for one in letters],
        "preview_languages": [(code, name_of(code), code == language) for code in offered],
        "preview_vouched": is_vouched,
        "sender": f"{inbox.sender_name or inbox.name} <{inbox.address}>" if inbox.is_of_mail else "",
    }


def _instants(inbox: Inbox, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The next moment at which the inbox is open, and the next at which it is closed."""
    if inbox.calendar is None:
        return now, None
    hours = inbox.calendar.business
    return hours.opens_next(now), _closed(hours, now)


def _closed(hours: BusinessCalendar, now: datetime) -> datetime | None:
    at = now
    while hours.is_open(at):
        at += _STEP
        if at > now + _AHEAD:
            return None
    return at
