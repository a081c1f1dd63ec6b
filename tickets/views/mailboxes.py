"""Setting up a mailbox: looking at what is there without saving, and connecting accounts at Google and Microsoft."""

import secrets

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.events import record
from helpdesk.models import Role
from helpdesk.pages import agent_of, by_htmx, roles
from tickets import settings_tabs
from tickets.channels.email import oauth
from tickets.inbox_forms.mail_in import MailInForm
from tickets.models import Grant, Inbox, Mailbox

_SALT = "tickets.oauth"
#: a consent page may be open so long
_SECONDS = 20 * 60
_OPEN_AT_ONCE = 5


@roles(Role.ADMIN)
@require_POST
def try_mailbox(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign in, list and count, and save nothing: the part of the page for htmx, else the page again."""
    inbox = get_object_or_404(Inbox, pk=pk)
    asked, tab = request.POST.copy(), settings_tabs.of("in")
    asked["try"] = "1"
    form = MailInForm(asked, instance=inbox)
    form.is_valid()
    context = {
        **settings_tabs.frame(request, inbox, tab), "form": form, **settings_tabs.more(request, inbox, form, tab)
    }  # fmt: skip
    template = "tickets/settings/_look.html" if by_htmx(request) else tab.template
    return render(request, template, context)


@roles(Role.ADMIN)
@require_safe
def oauth_start(request: HttpRequest, provider: str) -> HttpResponse:
    """Lead to the provider's consent page. Nothing changes before somebody consents there."""
    where, inbox, tab = _provider(provider), *_back_to(request.GET.get("inbox", ""), request.GET.get("tab", ""))
    if not where.is_set_up:
        messages.error(request, _("%(provider)s does not know this helpdesk yet.") % {"provider": where.name})
        return _back(inbox, tab)
    nonce, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    began = request.session.get("oauth", {})
    request.session["oauth"] = {**dict(list(began.items())[1 - _OPEN_AT_ONCE :]), nonce: verifier}
    state = signing.dumps([nonce, where.key, inbox.pk if inbox else 0, tab], salt=_SALT)
    return redirect(oauth.authorization_url(where, state=state, verifier=verifier))


@roles(Role.ADMIN)
@require_safe
def oauth_callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Back from the consent page: only for whoever left from here, once."""
    where = _provider(provider)
    began = request.session.get("oauth", {})
    try:
        nonce, key, inbox_pk, tab = signing.loads(request.GET.get("state", ""), salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        nonce, key, inbox_pk, tab = "", "", 0, ""
    verifier = began.pop(nonce, "")
    request.session["oauth"] = began
    inbox, tab = _back_to(str(inbox_pk), tab)
    if not verifier or key != where.key:
        messages.error(request, _("This sign-in did not begin here, or too long ago. Please try again."))
        return _back(inbox, tab)
    if not request.GET.get("code"):
        messages.error(request, _("%(provider)s gave no permission. Nothing has changed.") % {"provider": where.name})
        return _back(inbox, tab)
    try:
        grant = _keep(request, where, oauth.exchange(where, code=request.GET["code"], verifier=verifier))
    except oauth.OAuthTrouble as error:
        messages.error(request, f"{error} {error.remedy}".strip())
        return _back(inbox, tab)
    messages.success(request, _("%(account)s is connected.") % {"account": grant.username})
    return _back(inbox, tab, grant)


@transaction.atomic
def _keep(request: HttpRequest, provider: oauth.Provider, tokens: oauth.Tokens) -> Grant:
    is_known = Grant.objects.filter(provider=provider.key, username=tokens.username).exists()
    grant = oauth.keep(provider, tokens)
    record(f"grant.{'changed' if is_known else 'created'}", grant, actor=agent_of(request), fields=["refresh_token"])
    Mailbox.objects.filter(grant=grant).update(error="", failing_since=None)
    return grant


def _provider(key: str) -> oauth.Provider:
    if key not in oauth.PROVIDERS:
        raise Http404
    return oauth.PROVIDERS[key]


def _back_to(inbox_pk: str, tab: str) -> tuple[Inbox | None, str]:
    """Where somebody came from: one of our pages, whatever was asked."""
    inbox = Inbox.objects.filter(pk=inbox_pk).first() if inbox_pk.isdigit() and len(inbox_pk) < 19 else None
    return inbox, tab if tab in {one.key for one in settings_tabs.TABS} else "in"


def _back(inbox: Inbox | None, tab: str, grant: Grant | None = None) -> HttpResponse:
    if inbox is None:
        return redirect("settings_inboxes")
    address = settings_tabs.of(tab).url(inbox)
    return redirect(f"{address}?grant={grant.pk}" if grant else address)
