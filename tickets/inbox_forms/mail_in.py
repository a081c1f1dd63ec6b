"""How mail comes into an inbox: to our own mail server, or fetched from an IMAP server."""

import ipaddress
import json
import socket
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from helpdesk.crypto import seal, unseal
from helpdesk.forms import field_of
from tickets.channels.email import oauth, starting
from tickets.channels.email.looking import Seen, look
from tickets.inbox_forms.accounts import GrantField, grant_for
from tickets.models import Inbox, Mailbox, MailFolder, Security, SignIn

#: what was seen of a mailbox, and a password typed on the page before, hold so long
SECONDS = 3600
_SALT = "tickets.mail-in"
_PLACE = ("host", "port", "security", "sign_in", "username", "password", "grant_id")
#: beside which field a trouble is told
_BESIDE = {
    **dict.fromkeys(["password", "app-password", "microsoft"], "password"),
    **dict.fromkeys(["token", "grant-lost", "oauth", "oauth-client", "oauth-away"], "grant"),
    **dict.fromkeys(["plaintext", "no-starttls", "encrypt", "port"], "security"),
    "folder": "folder", "letters": "username", "disabled": "username",
}  # fmt: skip


class FolderNames(forms.MultipleChoiceField):
    """Folders by name: ticked in a list the server gave, or typed, one a line."""

    widget = forms.SelectMultiple

    def valid_value(self, value: str) -> bool:
        return 0 < len(value) <= 200


class MailInForm(forms.ModelForm):
    """The mailbox of an inbox. Before it is saved the sign-in is tried, and what is in a new one is shown."""

    way = forms.ChoiceField(
        label=_("Mail comes in"), widget=forms.RadioSelect,
        choices=[("server", _("to our own mail server")), ("imap", _("fetched from a mailbox (IMAP)"))],
    )  # fmt: skip
    sign_in = forms.ChoiceField(
        label=_("Sign in with"), widget=forms.RadioSelect, choices=SignIn.choices, initial=SignIn.PASSWORD,
        required=False,
    )  # fmt: skip
    host = forms.CharField(
        label=_("IMAP server"), required=False, max_length=200, help_text=_("Such as imap.example.com.")
    )
    port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(
        label=pgettext_lazy("of a connection", "Security"), choices=Security.choices, required=False,
        initial=Security.TLS,
    )  # fmt: skip
    username = forms.CharField(
        label=_("User name"), required=False, max_length=320, help_text=_("Often the whole address."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted. Leave empty to keep the one we have."),
    )  # fmt: skip
    grant = GrantField()
    shared = forms.EmailField(
        label=_("Shared mailbox"), required=False,
        help_text=_("Only where the account reads another mailbox than its own: that mailbox's address."),
    )  # fmt: skip
    folder = FolderNames(label=_("Folders"), required=False)
    folders_typed = forms.CharField(
        label=_("Folders"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line. After “Test connection” you can choose from those that are there."),
    )  # fmt: skip
    start = forms.ChoiceField(
        label=_("Begin"), widget=forms.RadioSelect, choices=Mailbox.Start.choices, initial=Mailbox.Start.NOW,
        required=False,
    )  # fmt: skip
    is_active = forms.BooleanField(
        label=_("Fetch mail"), required=False, initial=True,
        help_text=_("Untick to pause; afterwards it goes on where it stopped, and nothing is lost."),
    )  # fmt: skip

    class Meta:
        model = Inbox
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mailbox = Mailbox.objects.filter(inbox=self.instance).select_related("grant").first()
        self.names = [folder.name for folder in self.mailbox.folders.all()] if self.mailbox else ["INBOX"]
        self.seen: Seen | None = None
        self.candidate: Mailbox | None = None
        self.initial = {**self._kept(), **self.initial}
        if self.initial.get("grant"):
            self.initial["way"] = "imap"
        field_of(self, "folder").choices = [(name, name) for name in self.names]

    def _kept(self) -> dict[str, Any]:
        box = self.mailbox
        kept: dict[str, Any] = {"folder": self.names, "folders_typed": "\n".join(self.names)}
        if box is None:
            return {**kept, "way": "server"}
        if box.sign_in == SignIn.PASSWORD:
            kept |= {"host": box.host, "port": box.port, "security": box.security, "username": box.username}
        elif box.grant and box.username != box.grant.username:
            kept["shared"] = box.username
        return {
            **kept, "way": "imap", "sign_in": box.sign_in, "grant": box.grant_id, "start": box.start,
            "is_active": box.is_active,
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("way") != "imap":
            return data
        self.names = data.get("folder") or [
            name.strip()[:200] for name in data.get("folders_typed", "").splitlines() if name.strip()
        ] or ["INBOX"]  # fmt: skip
        self.candidate = self._candidate(data)
        if self.errors or not self.candidate:
            return data
        if self.is_only_tried or self._is_new() or self._has_changed_place():
            self.seen = look(self.candidate, self.names)
            if not self.is_only_tried:
                self._must_be_good()
        return data

    @property
    def is_only_tried(self) -> bool:
        """Whether somebody wants to see what is there, and save nothing."""
        return "try" in self.data

    def _candidate(self, data: dict[str, Any]) -> Mailbox | None:
        """The mailbox as the form describes it, not saved."""
        box = Mailbox(inbox=self.instance, start=data.get("start") or Mailbox.Start.NOW)
        box.sign_in = data.get("sign_in") or SignIn.PASSWORD
        if box.sign_in != SignIn.PASSWORD:
            try:
                box.grant = grant_for(box.sign_in, data.get("grant"))
            except forms.ValidationError as error:
                self.add_error("grant", error)
                return None
            provider = oauth.PROVIDERS[box.sign_in]
            box.host, box.port, box.security = provider.imap_host, provider.imap_port, provider.imap_security
            box.username = data.get("shared") or box.grant.username
            return box
        box.host, box.username = data.get("host", "").strip(), data.get("username", "").strip()
        box.port, box.security = data.get("port") or 993, data.get("security") or Security.TLS
        box.password = data.get("password") or self._password_for(box)
        for name, words in (
            ("host", _("Which server? Such as imap.example.com.")), ("username", _("Whose mailbox is it?")),
            ("password", _("The password is missing. It is asked for again where the server or the user changed.")),
        ):  # fmt: skip
            if not getattr(box, name):
                self.add_error(name, words)
        if box.security == Security.NONE and not _is_near(box.host):
            self.add_error("security", _("Without encryption only on this machine or network: anybody on the way "
                                         "could read the password."))  # fmt: skip
        return box

    def _password_for(self, box: Mailbox) -> str:
        """A password typed a moment ago, or the one we keep: for the same server and user only."""
        typed = unseal(self.data.get("sealed", ""), seconds=SECONDS)
        host, username, password = json.loads(typed) if typed else ("", "", "")
        if (host, username) == (box.host, box.username):
            return str(password)
        kept = self.mailbox
        return kept.password if kept and (kept.host, kept.username) == (box.host, box.username) else ""

    def _must_be_good(self) -> None:
        assert self.seen is not None
        assert self.candidate is not None
        if trouble := self.seen.trouble:
            beside = _BESIDE.get(trouble.code, "host")
            is_hidden = beside in ("host", "security", "password") and self.candidate.sign_in != SignIn.PASSWORD
            self.add_error("grant" if is_hidden else beside, str(trouble))
        elif self._is_new() and not self._was_seen():
            self.add_error(None, _("Nothing is saved yet. Below is what is in the mailbox: choose how to begin, and "
                                   "save once more."))  # fmt: skip

    def _is_new(self) -> bool:
        """Whether mail would be fetched from where none was fetched before."""
        if self.mailbox is None or self.is_moved:
            return True
        return bool(set(self.names) - set(self.mailbox.folders.values_list("name", flat=True)))

    @property
    def is_moved(self) -> bool:
        """Whether it is another mailbox now: its mails have other numbers."""
        old, new = self.mailbox, self.candidate
        return bool(old and new and (old.host, old.username) != (new.host, new.username))

    def _has_changed_place(self) -> bool:
        old, new = self.mailbox, self.candidate
        return bool(old and new and any(getattr(old, name) != getattr(new, name) for name in _PLACE))

    # --- what the page carries back ---------------------------------------------------------------------------------

    @property
    def sealed(self) -> str:
        """The password that was typed, for this page's next sending only."""
        box = self.candidate
        return seal(json.dumps([box.host, box.username, box.password])) if box and box.password else ""

    @property
    def token(self) -> str:
        """Says that what is in these folders was shown."""
        if not self.seen or not self.seen.is_good or not self.candidate:
            return ""
        names = [folder.name for folder in self.seen.folders]
        return signing.dumps([self.candidate.host, self.candidate.username, names], salt=_SALT, compress=True)

    def _was_seen(self) -> bool:
        assert self.candidate is not None
        try:
            host, username, names = signing.loads(self.data.get("seen", ""), salt=_SALT, max_age=SECONDS)
        except signing.BadSignature:
            return False
        return (host, username) == (self.candidate.host, self.candidate.username) and set(self.names) <= set(names)

    # --- saving -----------------------------------------------------------------------------------------------------

    def save(self, commit: bool = True) -> Inbox:
        inbox = super().save(commit)
        new, old = self.candidate, self.mailbox
        if self.cleaned_data["way"] != "imap":
            if old:
                old.delete()
            return inbox
        assert new is not None
        new.is_active = self.cleaned_data["is_active"]
        if old:
            new.pk, new.checked_at = old.pk, None if self.is_moved else old.checked_at
            new.error, new.failing_since = ("", None) if self.seen else (old.error, old.failing_since)
        new.save()
        if old and self.is_moved:
            new.folders.all().delete()
        new.folders.exclude(name__in=self.names).delete()
        if old and not self.is_moved and old.start != new.start:
            starting.restart(new)
        for name in self.names:
            MailFolder.objects.get_or_create(mailbox=new, name=name)
        return inbox


def _is_near(host: str) -> bool:
    """Whether a server is on this machine or in its private network."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return True  # the look says so in plainer words
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_private for address in found)
