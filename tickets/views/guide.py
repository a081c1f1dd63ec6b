"""What the buttons of the first-run guide do."""

from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.pages import agent_of, roles
from tickets import guide
from tickets.models import Inbox
from tickets.operations import intake


@roles()
@require_POST
def trial(request: HttpRequest) -> HttpResponse:
    """Write to the first inbox as a customer would, and let the intake take it."""
    inbox = Inbox.objects.active().of_mail().order_by("pk").first()
    if inbox is None:
        messages.error(request, _("Add an inbox first."))
        return redirect("settings_inboxes_new")
    intake.store(inbox=inbox, content=_mail(agent_of(request), inbox), source=guide.SOURCE)
    messages.success(request, _("It is on its way: in a moment your mail is a ticket in the queue."))
    return redirect("queue")


def _mail(agent: Agent, inbox: Inbox) -> bytes:
    mail = EmailMessage()
    mail["From"] = formataddr((agent.name, agent.email))
    mail["To"] = inbox.address
    mail["Subject"] = _("My first ticket")
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = make_msgid(domain=settings.MAIL_DOMAIN)
    words = _("This is how a customer's mail looks here. Press R to answer it, E to resolve it, and ? for all keys.")
    mail.set_content(f"{_('Hello,')}\n\n{words}\n\n{agent.name}\n")
    return mail.as_bytes()


@roles()
@require_POST
def shown(request: HttpRequest) -> HttpResponse:
    """Put the guide away, or bring it back."""
    agent = agent_of(request)
    agent.hides_guide = request.POST.get("hide") == "1"
    agent.save(update_fields=["hides_guide"])
    return redirect("queue" if agent.hides_guide else "settings_home")
