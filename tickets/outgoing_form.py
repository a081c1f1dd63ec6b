"""The form of how an inbox's mail leaves, and the trial that says in plain words whether it would."""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tickets.channels.email import provider_reports, providers, servers, trying
from tickets.channels.email.troubles import Trouble
from tickets.models import Grant, Inbox, OutgoingServer
from tickets.models.mailbox import Security, SignIn
from tickets.operations import outages

_Kind = OutgoingServer.Kind
DEFAULT = ""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OutgoingForm(forms.ModelForm):
    """How mail leaves. Empty secrets keep those we have; what cannot send is not saved."""

    kind = forms.ChoiceField(label=_("Sends through"), required=False)
    host = forms.CharField(label=_("SMTP server"), required=False, max_length=200)
    port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        label=_("Security"), choices=Security.choices, required=False, initial=Security.STARTTLS
    )
    sign_in = forms.ChoiceField(label=_("Signs in with"), choices=SignIn.choices, required=False)
    username = forms.CharField(label=_("User name"), required=False, max_length=320)
    password = forms.CharField(
        label=_("Password or API key"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted. Leave empty to keep the one we have."),
    )  # fmt: skip
    options = forms.CharField(
        label=_("What the provider wants beside the key"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("A name and a value on each line, as in “sender_domain: mg.example.com”."),
    )  # fmt: skip
    webhook_secret = forms.CharField(
        label=_("The provider's key for its reports"), required=False, max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Mailgun, Resend and SendGrid sign their reports with a key of theirs; the others need none here."),
    )  # fmt: skip

    class Meta:
        model = Inbox
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.server = OutgoingServer.objects.filter(inbox=self.instance).first()
        own = gettext("the helpdesk's own mail server (EMAIL_URL)")
        self.fields["kind"].choices = [(DEFAULT, own), *_Kind.choices]  # type: ignore[attr-defined]
        if self.server:
            for name in ("kind", "host", "port", "security", "sign_in", "username"):
                self.fields[name].initial = getattr(self.server, name)
            self.fields["options"].initial = "\n".join(f"{k}: {v}" for k, v in sorted(self.server.options.items()))

    def clean_options(self) -> dict[str, str]:
        options = {}
        for row in self.cleaned_data["options"].splitlines():
            name, colon, value = row.partition(":")
            if row.strip() and not (colon and name.strip() and value.strip()):
                raise ValidationError(_("Write a name, a colon and a value on each line."))
            if row.strip():
                options[name.strip()] = value.strip()
        return options

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = data.get("kind", DEFAULT)
        if kind == _Kind.SMTP:
            self._clean_smtp(data)
        elif kind:
            self._clean_provider(kind, data.get("options") or {})
        if not self.errors and kind and (trouble := self.trouble()):
            raise ValidationError(str(trouble))
        return data

    def _clean_smtp(self, data: dict[str, Any]) -> None:
        if not data.get("host"):
            self.add_error("host", _("Which server takes your mail?"))
        elif data.get("security") == Security.NONE and data["host"].lower() not in _LOOPBACK:
            self.add_error("security", _("Without encryption only to a server on this very machine."))
        if data.get("sign_in") in (SignIn.GOOGLE, SignIn.MICROSOFT) and self._grant(data) is None:
            self.add_error("sign_in", _("No account is connected there yet. Connect one where mail comes in, first."))

    def _clean_provider(self, kind: str, options: dict[str, str]) -> None:
        known = (*providers.OPTIONS[kind], "api_url")
        if strange := [name for name in options if name not in known]:
            words = _("%(name)s is not known here. Known are: %(known)s.")
            self.add_error("options", words % {"name": strange[0], "known": ", ".join(known)})
        if missing := [name for name in providers.NEEDED.get(kind, ()) if not options.get(name)]:
            self.add_error("options", _("%(name)s is needed.") % {"name": missing[0]})
        if not options.get("api_url", "https://").startswith(("https://", "http://127.0.0.1", "http://localhost")):
            self.add_error("options", _("The key is sent over https only."))

    def _grant(self, data: dict[str, Any]) -> Grant | None:
        """The connected account to sign in as: of that user name, else the one this inbox uses."""
        grants = Grant.objects.filter(provider=data.get("sign_in"))
        if data.get("username"):
            return grants.filter(username__iexact=data["username"]).first()
        used = grants.filter(mailboxes__inbox=self.instance) | grants.filter(outgoing_servers__inbox=self.instance)
        return used.first()

    def row(self) -> OutgoingServer:
        """The settings as the form has them, not saved."""
        data = self.cleaned_data
        row = self.server or OutgoingServer(inbox=self.instance)
        was = row.kind if row.pk else None
        row.kind = data["kind"]
        row.host, row.port = data.get("host") or "", data.get("port") or 587
        row.security = data.get("security") or Security.STARTTLS
        row.sign_in = data.get("sign_in") or SignIn.PASSWORD
        row.grant = self._grant(data) if row.kind == _Kind.SMTP and row.sign_in != SignIn.PASSWORD else None
        row.username = data.get("username") or (row.grant.username if row.grant else "")
        row.options = data.get("options") or {} if row.kind != _Kind.SMTP else {}
        row.password = data.get("password") or (row.password if was == row.kind else "")
        row.webhook_secret = data.get("webhook_secret") or (row.webhook_secret if was == row.kind else "")
        if row.kind not in (*provider_reports.SIGNING, _Kind.SMTP):
            row.webhook_secret = row.webhook_secret or secrets.token_urlsafe(24)
        return row

    def trouble(self) -> Trouble | None:
        """Why mail could not leave this way; None when it could."""
        if not self.cleaned_data.get("kind"):
            return trying.trouble(servers.of(None), self.instance)
        return trying.trouble(servers.of(self.row()), self.instance)

    def save(self, commit: bool = True) -> Inbox:
        if self.cleaned_data["kind"]:
            row = self.row()
            row.save()
            self.server = row
            outages.resume(self.instance)
        elif self.server:
            self.server.delete()
        return self.instance


def page_context(request: HttpRequest, inbox: Inbox, form: forms.ModelForm) -> dict[str, Any]:
    """What the page shows beside the form."""
    server = OutgoingServer.objects.filter(inbox=inbox).first()
    is_api = server is not None and server.kind != _Kind.SMTP
    return {"server": server, "reports_url": reports_url(server) if server and is_api else ""}


def reports_url(server: OutgoingServer) -> str:
    """The address to give to the provider for its reports, with the password it sends along where it does not sign."""
    url = settings.BASE_URL + reverse("mail_reports", args=[server.inbox_id, server.kind])
    if server.kind in provider_reports.SIGNING:
        return url
    scheme, _sep, rest = url.partition("://")
    return f"{scheme}://{provider_reports.USER}:{server.webhook_secret}@{rest}"
