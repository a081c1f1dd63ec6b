"""How an inbox's mail leaves: through the helpdesk's own server, another SMTP server, or a mail provider's API."""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.channels.email import oauth, provider_reports, providers, servers, trying
from tickets.channels.email.smtp_trouble import Trouble
from tickets.inbox_forms.accounts import GrantField, connecting, grant_for
from tickets.models import Inbox, OutgoingServer
from tickets.models.mailbox import Security, SignIn
from tickets.operations import outages

_Kind = OutgoingServer.Kind
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: a secret we keep is only ever sent to where it was typed for
_PLACE = ("kind", "host", "port", "username")


class MailOutForm(forms.ModelForm):
    """The outgoing server of an inbox. What cannot send is not saved, and it says in plain words why."""

    way = forms.ChoiceField(
        label=_("Mail leaves"), widget=forms.RadioSelect, required=False,
        choices=[
            ("own", _("through the helpdesk's own mail server (EMAIL_URL)")),
            ("smtp", _("through another SMTP server")),
            ("api", _("through a mail provider's API")),
        ],
    )  # fmt: skip
    sign_in = forms.ChoiceField(
        label=_("Sign in with"), widget=forms.RadioSelect, choices=SignIn.choices, initial=SignIn.PASSWORD,
        required=False,
    )  # fmt: skip
    host = forms.CharField(
        label=_("SMTP server"), required=False, max_length=200, help_text=_("Such as smtp.example.com.")
    )
    port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        label=pgettext_lazy("of a connection", "Security"),
        choices=Security.choices,
        required=False,
        initial=Security.STARTTLS,
    )
    username = forms.CharField(
        label=_("User name"), required=False, max_length=320, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Often the whole address. Empty where the server knows us without one."),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted. Leave empty to keep the one we have for this server and user."),
    )  # fmt: skip
    grant = GrantField()
    kind = forms.ChoiceField(
        label=_("Provider"), required=False, choices=[choice for choice in _Kind.choices if choice[0] != _Kind.SMTP]
    )
    key = forms.CharField(
        label=_("API key"), required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted. Leave empty to keep the one we have for this provider."),
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
        self.candidate: OutgoingServer | None = None
        self.initial = {**self._kept(), **self.initial}
        if self.initial.get("grant"):
            self.initial["way"] = "smtp"

    def _kept(self) -> dict[str, Any]:
        row = self.server
        if row is None:
            return {"way": "own"}
        if row.kind != _Kind.SMTP:
            lines = "\n".join(f"{name}: {value}" for name, value in sorted(row.options.items()))
            return {"way": "api", "kind": row.kind, "options": lines}
        kept = {"way": "smtp", "sign_in": row.sign_in, "grant": row.grant_id}
        if row.sign_in == SignIn.PASSWORD:
            kept |= {"host": row.host, "port": row.port, "security": row.security, "username": row.username}
        return kept

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
        way = data.get("way")
        if not self.errors and way in ("smtp", "api"):
            self.candidate = self._smtp(data) if way == "smtp" else self._api(data)
            if not self.errors and (trouble := self.trouble()):
                raise ValidationError(str(trouble))
        return data

    def _smtp(self, data: dict[str, Any]) -> OutgoingServer:
        row = OutgoingServer(inbox=self.instance, kind=_Kind.SMTP, sign_in=data.get("sign_in") or SignIn.PASSWORD)
        if row.sign_in != SignIn.PASSWORD:
            return self._with_account(row, data)
        row.host, row.port = data.get("host") or "", data.get("port") or 587
        row.security, row.username = data.get("security") or Security.STARTTLS, data.get("username") or ""
        if not row.host:
            self.add_error("host", _("Which server takes your mail?"))
        elif row.security == Security.NONE and row.host.lower() not in _LOOPBACK:
            self.add_error("security", _("Without encryption only to a server on this very machine."))
        row.password = data.get("password") or (self._kept_secret(row) if row.username else "")
        return row

    def _with_account(self, row: OutgoingServer, data: dict[str, Any]) -> OutgoingServer:
        provider = oauth.PROVIDERS[SignIn(row.sign_in)]
        row.host, row.port, row.security = provider.smtp_host, provider.smtp_port, provider.smtp_security
        try:
            row.grant = grant_for(row.sign_in, data.get("grant"))
            row.username = row.grant.username
        except ValidationError as error:
            self.add_error("grant", error)
        return row

    def _api(self, data: dict[str, Any]) -> OutgoingServer:
        row = OutgoingServer(inbox=self.instance, kind=data["kind"], options=data.get("options") or {})
        known = (*providers.OPTIONS[row.kind], "api_url")
        if strange := [name for name in row.options if name not in known]:
            words = _("%(name)s is not known here. Known are: %(known)s.")
            self.add_error("options", words % {"name": strange[0], "known": ", ".join(known)})
        if missing := [name for name in providers.NEEDED.get(row.kind, ()) if name not in row.options]:
            self.add_error("options", _("%(name)s is needed.") % {"name": missing[0]})
        if not row.options.get("api_url", "https://").startswith(
            ("https://", "http://127.0.0.1:", "http://localhost:")
        ):
            self.add_error("options", _("The key is sent over https only."))
        row.password = data.get("key") or self._kept_secret(row)
        is_same = self.server is not None and self.server.kind == row.kind
        row.webhook_secret = data.get("webhook_secret") or (self.server.webhook_secret if is_same else "")  # type: ignore[union-attr]
        if row.kind not in provider_reports.SIGNING:
            row.webhook_secret = row.webhook_secret or secrets.token_urlsafe(24)
        return row

    def _kept_secret(self, row: OutgoingServer) -> str:
        kept = self.server
        if kept is None or kept.options.get("api_url") != row.options.get("api_url"):
            return ""
        return kept.password if all(getattr(kept, name) == getattr(row, name) for name in _PLACE) else ""

    def trouble(self) -> Trouble | None:
        """Why mail could not leave this way; None when it could."""
        return trying.trouble(servers.of(self.candidate), self.instance)

    def save(self, commit: bool = True) -> Inbox:
        """Keep the server as the form has it; what rested because of the old one goes out."""
        row = self.candidate
        if row is None:
            OutgoingServer.objects.filter(inbox=self.instance).delete()
        else:
            if self.server:
                row.pk, row.error, row.paused_until = self.server.pk, self.server.error, self.server.paused_until
            row.save()
            outages.resume(self.instance)
        return self.instance


def around(request: HttpRequest, inbox: Inbox, form: MailOutForm) -> dict[str, Any]:
    """What the page shows beside the form."""
    server = OutgoingServer.objects.filter(inbox=inbox).first()
    is_api = server is not None and server.kind != _Kind.SMTP
    return {
        "server": server,
        "reports_url": reports_url(server) if server and is_api else "",
        "providers": connecting(inbox, "out"),
    }


def reports_url(server: OutgoingServer) -> str:
    """The address to give to the provider for its reports, with the password it sends along where it does not sign."""
    url = settings.BASE_URL + reverse("mail_reports", args=[server.inbox_id, server.kind])
    if server.kind in provider_reports.SIGNING:
        return url
    scheme, _sep, rest = url.partition("://")
    return f"{scheme}://{provider_reports.USER}:{server.webhook_secret}@{rest}"
