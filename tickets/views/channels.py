"""Channels other than email: where networks send what happens, and where admins connect an inbox to one."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.db import DEFAULT_DB_ALIAS, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from helpdesk.api import problems
from helpdesk.doorbell import ring
from helpdesk.models import Role
from helpdesk.operations.keeping import keep
from helpdesk.pages import agent_of, roles, sections_for
from tickets.channels import directory, handling
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import Account, Channel, Forged, Request, Trouble
from tickets.inbox_forms.talks import TalkInboxForm
from tickets.models import ChannelAccount, Inbox
from tickets.operations import connecting
from tickets.operations.posting import account_of, webhook_url
from tickets.operations.status import NotPossible
from tickets.settings_tabs import Tab, frame
from tickets.tasks import fetch_templates

log = structlog.get_logger(__name__)

MOST_BODY = 5 * 1024 * 1024


#: asked for each webhook in our own words: the ORM takes longer to put them than the database to answer
_ACCOUNT = """
    SELECT account.id, account.inbox_id, account.kind, account.key, account.address, account.config, account.sealed,
           account.cursor
    FROM tickets_channelaccount account JOIN tickets_inbox inbox ON inbox.id = account.inbox_id
    WHERE account.kind = %s AND account.key = %s AND inbox.is_active
"""


def _account(kind: str, key: str) -> ChannelAccount | None:
    """The account with this key, of an inbox in use; its inbox knows no more than its channel."""
    account = next(iter(ChannelAccount.objects.raw(_ACCOUNT, [kind, key])), None)
    if account is not None:
        account.inbox = Inbox.from_db(DEFAULT_DB_ALIAS, ["id", "channel"], [account.inbox_id, kind])
    return account


# networks have no session and no form token: what they send is signed instead
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, kind: str, key: str) -> HttpResponseBase:
    """What a network tells us: kept before it is answered with 200. 401 unsigned or stale, 503 if we cannot keep it."""
    channel = directory.every().get(kind)
    account = _account(kind, key) if channel is not None and channel.has_webhook else None
    if channel is None or account is None:
        return problems.answer(404, _("There is nothing here."))
    try:
        if len(body := request.read(MOST_BODY + 1)) > MOST_BODY:
            return problems.answer(413, _("That is larger than we read."))
    except UnreadablePostError:
        return problems.answer(400, _("The body broke off."))
    asked = Request(
        method=request.method or "GET", query=request.GET.dict(), body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        url=f"{settings.BASE_URL}{request.get_full_path()}",
    )  # fmt: skip
    known = account_of(account.inbox)
    try:
        if (greeting := channel.greet(known, asked)) is not None:
            return HttpResponse(greeting, content_type="text/plain; charset=utf-8")
        if request.method != "POST":
            return problems.answer(405, _("Only POST is taken here."))
        with transaction.atomic():
            for raw in channel.verify(known, asked):
                handling.keep(account, raw.content, raw.key, source="webhook")
    except Forged as error:
        return problems.answer(401, str(error))
    except Exception as error:  # whatever it is, the network still has it and sends it again
        log.error("a webhook could not be kept", inbox=account.inbox_id, kind=kind, exc_info=error)
        answer = problems.answer(503, _("We could not keep this. Please try again later."))
        answer["Retry-After"] = "60"
        return answer
    return HttpResponse(channel.thanks[0], content_type=channel.thanks[1])


def _choosable() -> list[Channel]:
    return [channel for channel in directory.every().values() if not channel.is_apart]


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD"])
def choose(request: HttpRequest) -> HttpResponse:
    """Which channel the new inbox is on."""
    context = {"channels": _choosable(), "back_url": reverse("settings_inboxes"), **_around(request)}
    return render(request, "tickets/settings/channels.html", context)


def _around(request: HttpRequest) -> dict[str, Any]:
    return {
        "sections": sections_for(agent_of(request)), "section": "inboxes", "title": _("Inboxes"),
        "about": _("Where customers reach you: each way has an inbox of its own."), "rail_current": "settings",
    }  # fmt: skip


def _channel(kind: str) -> Channel:
    channel = directory.every().get(kind)
    if channel is None or channel.is_apart:
        raise Http404
    return channel


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Connect a new inbox: who it is, and how it signs in."""
    channel = _channel(kind)
    form = TalkInboxForm(request.POST or None, instance=Inbox(channel=kind), prefix="inbox")
    connection: Any = channel.form()(request.POST or None)
    if request.method == "POST" and form.is_valid() and connection.is_valid():
        try:
            with transaction.atomic():
                inbox = keep(form, actor=agent_of(request))
                _connect(request, channel, inbox, connection)
            messages.success(request, _("Connected."))
            return redirect("settings_inboxes_connection", pk=inbox.pk)
        except (Trouble, NotPossible) as error:
            connection.add_error(None, str(error))
    context = {
        "form": form, "connection": connection, "channel": channel, "back_url": reverse("settings_channels"),
        **_around(request), "about": channel.about,
    }  # fmt: skip
    bad = form.errors or connection.errors
    return render(request, "tickets/settings/connect.html", context, status=422 if bad else 200)


def _connect(request: HttpRequest, channel: Channel, inbox: Inbox, connection: ConnectionForm) -> None:
    """Ask the network who we are, and keep it. Raises Trouble and NotPossible."""
    kept = ChannelAccount.objects.filter(inbox=inbox).first()
    config, secrets = connection.config(), connection.secrets(kept.secrets if kept else {})
    account = kept or ChannelAccount(inbox=inbox, kind=inbox.channel)
    trial = Account(inbox.pk, account.address, config, secrets, account.cursor, webhook_url(account))
    address = channel.connected(trial)
    if kept is None:
        account.save()  # under the key the network was told
    connecting.connect(inbox, actor=agent_of(request), address=address, config=config, secrets=secrets)
    transaction.on_commit(lambda: ring(fetch_templates), robust=True)


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def connection_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How an inbox signs in at its network, and whether that works."""
    inbox = get_object_or_404(Inbox.objects.exclude(channel="email"), pk=pk)
    channel = _channel(inbox.channel)
    kept = ChannelAccount.objects.filter(inbox=inbox).first()
    known = frozenset(kept.secrets) if kept else frozenset()
    form: Any = channel.form()(request.POST or None, initial=kept.config if kept else {}, known=known)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _connect(request, channel, inbox, form)
            messages.success(request, _("Connected."))
            return redirect("settings_inboxes_connection", pk=pk)
        except (Trouble, NotPossible) as error:
            form.add_error(None, str(error))
    context = {
        **frame(request, inbox, TAB), "base_url": settings.BASE_URL, "form": form, "channel": channel, "account": kept,
        "webhook_url": webhook_url(kept) if kept and channel.has_webhook else "",
    }  # fmt: skip
    return render(request, channel.connection_template, context, status=422 if form.errors else 200)


TAB = Tab(
    "connection", gettext_lazy("Connection"), gettext_lazy("How this inbox is connected with where customers write."),
    form=None, view=connection_page, on=lambda inbox: not inbox.is_of_mail,
)  # fmt: skip
