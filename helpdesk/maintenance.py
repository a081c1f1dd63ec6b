"""Django's admin as a maintenance door: looking at rows, and nothing else.

Operations are the only way to change anything, so nothing is added, changed or deleted here, whatever the method.
Secrets are not shown: what is encrypted at rest, what is called like a secret, and tables that hold nothing else.
"""

import re
import time
from collections.abc import Sequence
from functools import cached_property, wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.crypto import EncryptedTextField
from helpdesk.models import Agent
from helpdesk.pages import agent_of, roles

#: so long a password or second factor opens the door
FRESH_SECONDS = 15 * 60
#: as many rows are counted; of more, the first
COUNTED = 10_000
_APPS = ("helpdesk", "tickets", "feedback", "reports")
_SECRET = re.compile(
    r"password|secret|token|digest|sha256|hash|credential|nonce|once$|auth$|p256dh|endpoint|session|provider_id",
    re.IGNORECASE,
)
#: answers to programs, mails with links that sign people in, fields with words of no known shape, and what was answered
#: where nobody is to be told from it: one by one, with its language and week, it is told
_UNSHOWN = {"helpdesk.idempotencykey", "tickets.caughtmail", "tickets.grant", "feedback.ballot"}

#: of the tables people ask for: columns, what they are searched by, and filters of few values
LOOKS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "helpdesk.agent": (("name", "email", "role", "is_active"), ("name", "email"), ("role", "is_active")),
    "helpdesk.team": (("name",), ("name",), ()),
    "helpdesk.event": (("id", "at", "verb", "stream_id", "subject_type", "actor_id"), ("=stream_id",), ()),
    "helpdesk.pendingevent": (("event_id", "at", "stream_id", "due_at", "attempts"), ("=event_id",), ()),
    "tickets.inbox": (("name", "address", "is_active"), ("name", "address"), ("is_active",)),
    "tickets.ticket": (
        ("number", "subject", "status", "priority", "inbox", "customer", "assignee", "updated_at"),
        ("=number", "subject"), ("status", "priority", "inbox"),
    ),
    "tickets.message": (("id", "ticket", "kind", "sender_name", "created_at"), ("=ticket__number",), ("kind",)),
    "tickets.customer": (
        ("id", "name", "organisation", "is_blocked", "erased_at"), ("name", "contact_points__address"), ("is_blocked",)
    ),
    "tickets.contactpoint": (("address", "channel", "customer", "is_verified"), ("=address",), ("is_verified",)),
    "tickets.organisation": (("name", "domain"), ("name", "domain"), ()),
    "tickets.rawmessage": (
        ("id", "inbox", "state", "sender", "subject", "received_at"), ("=id", "=sender", "=message_id"),
        ("state", "inbox"),
    ),
    "tickets.delivery": (("id", "mail", "recipient", "state", "due_at", "attempts"), ("=recipient",), ("state",)),
}  # fmt: skip


def is_secret(field: Any) -> bool:
    """Whether nobody is to read what stands in a column."""
    return isinstance(field, EncryptedTextField | models.BinaryField) or bool(_SECRET.search(field.name))


class _CountsLittle(Paginator):
    """Pages of a table that may have millions of rows."""

    @cached_property
    def count(self) -> int:
        return cast("models.QuerySet[Any]", self.object_list).order_by()[:COUNTED].count()


class LookedAt(admin.ModelAdmin):
    """One table, to be looked at."""

    actions = None
    paginator = _CountsLittle
    show_full_result_count = False
    list_per_page = 50
    list_select_related = True
    view_on_site = False
    change_form_template = "helpdesk/maintenance/row.html"
    search_help_text = _("A number or an address must be whole.")

    ordering = ("-pk",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # whoever came in, see `Door.admin_view`

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """The table and its rows; no page that changes one."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<path:object_id>/", view(self.change_view), name=f"{name}_change"),
        ]


def look(model: type[models.Model]) -> type[LookedAt]:
    """How a table is shown: nothing secret, and searched and filtered where `LOOKS` says so."""
    shown = [field.name for field in (*model._meta.fields, *model._meta.many_to_many) if not is_secret(field)]
    columns, searched, filters = LOOKS.get(model._meta.label_lower, (shown[:5], (), ()))
    own = {field.name for field in model._meta.fields}
    return type(
        f"LookedAt{model.__name__}",
        (LookedAt,),
        {
            "fields": shown,
            "readonly_fields": shown,
            "list_display": tuple(name for name in columns if name in own) or ("__str__",),
            "search_fields": tuple(searched),
            "list_filter": tuple(filters),
        },
    )


class Door(admin.AdminSite):
    """Admins only, with what they sign in with shown a short while ago; read only."""

    site_title = site_header = _("Maintenance")
    index_title = _("Everything there is, to look at")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, Agent) and request.user.is_active and request.user.is_admin

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        @wraps(view)
        def fresh(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if (where := _to_be_shown(request)) is not None:
                return redirect(f"{reverse(where)}?{urlencode({'next': request.get_full_path()})}")
            return view(request, *args, **kwargs)

        return never_cache(roles()(require_safe(fresh)))

    def get_urls(self) -> list[Any]:
        rows = [
            pattern
            for model, looked_at in self._registry.items()
            for pattern in _below(f"{model._meta.app_label}/{model._meta.model_name}/", looked_at.get_urls())
        ]
        return [
            path("", self.admin_view(self.index), name="index"),
            path("jsi18n/", self.admin_view(self.i18n_javascript), name="jsi18n"),
            *rows,
            path("<str:app_label>/", self.admin_view(self.app_index), name="app_list"),
        ]


def _below(before: str, patterns: Sequence[URLPattern]) -> list[URLPattern]:
    return [path(before + str(one.pattern), one.callback, name=one.name) for one in patterns]


def _to_be_shown(request: HttpRequest) -> str | None:
    """The page on which to show a second factor, or without one the password; None where that was done lately."""
    agent = agent_of(request)
    kinds = set(Authenticator.objects.filter(user=agent).values_list("type", flat=True))
    kinds &= {Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN}
    if not kinds and not agent.has_usable_password():
        return None
    good = {"mfa"} if kinds else {"mfa", "password"}
    since = time.time() - FRESH_SECONDS
    records = request.session.get("account_authentication_methods", [])
    if any(one.get("method") in good and one.get("at", 0) > since for one in records):
        return None
    if Authenticator.Type.TOTP in kinds:
        return "mfa_reauthenticate"
    return "mfa_reauthenticate_webauthn" if kinds else "account_reauthenticate"


def door() -> Door:
    """The site with every table of ours that may be shown."""
    site = Door(name="admin")
    for name in _APPS:
        for model in apps.get_app_config(name).get_models():
            has_one_key = not isinstance(model._meta.pk, models.CompositePrimaryKey)  # the admin asks for one
            if model._meta.label_lower not in _UNSHOWN and model._meta.managed and has_one_key:
                site.register(model, look(model))
    return site
