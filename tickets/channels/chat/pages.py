"""The widget's script, and a page to try it on."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tickets.channels import scripts
from tickets.channels.chat import gate
from tickets.models import ChannelAccount


@require_safe
def widget(request: HttpRequest, key: str) -> HttpResponse:
    """The one script of a site. It finds out from its own address whose widget it is."""
    if gate.account_of(key) is None:
        return scripts.missing("There is no chat here.")
    return scripts.handed_out(request, "chat/widget.js")


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Development only: a page that stands for somebody's site, with the first chat and web form there are."""
    if not settings.MAIL_CATCHER:
        raise Http404
    accounts = ChannelAccount.objects.filter(inbox__is_active=True).order_by("pk")
    context = {"account": accounts.filter(kind="chat").first(), "form": accounts.filter(kind="form").first()}
    return render(request, "tickets/chat_demo.html", context)
