"""The form of an inbox, with the IMAP mailbox it may be fetched from."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.channels.email import imap
from tickets.models import Inbox, Mailbox, MailFolder
from tickets.operations import budget

_MAILBOX = ["host", "port", "security", "username", "password"]


class InboxForm(forms.ModelForm):
    """An inbox. With an IMAP server's name, it is fetched from there, and the sign-in is tried before saving."""

    host = forms.CharField(
        label=_("IMAP server"), required=False, max_length=200,
        help_text=_("Leave empty when mail is delivered to our own mail server."),
    )  # fmt: skip
    port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(
        label=_("Security"), choices=Mailbox.Security.choices, required=False, initial=Mailbox.Security.TLS
    )
    username = forms.CharField(label=_("User name"), required=False, max_length=200)
    password = forms.CharField(
        label=_("Password"), required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted. Leave empty to keep the one we have."),
    )  # fmt: skip
    folder = forms.CharField(label=_("Folders"), required=False, max_length=500, initial="INBOX")

    class Meta:
        model = Inbox
        fields = [
            "name", "address", "sender_name", "teams", "calendar", "response_target_minutes", "signature", "is_active",
        ]  # fmt: skip
        widgets = {"teams": forms.CheckboxSelectMultiple, "signature": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.moved = False
        self.mailbox = Mailbox.objects.filter(inbox=self.instance).first() if self.instance.pk else None
        if self.mailbox:
            for name in _MAILBOX:
                if name != "password":
                    self.fields[name].initial = getattr(self.mailbox, name)
            self.fields["folder"].initial = ", ".join(folder.name for folder in self.mailbox.folders.all())

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).lower()
        if Inbox.objects.filter(address__iexact=address).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another inbox already has this address."))
        if agent := budget.agent_at(address):
            raise forms.ValidationError(
                _("%(name)s has this address: what we tell them would come back as tickets.") % {"name": agent}
            )
        return address

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("host") and not self.errors:
            self._try_mailbox(data)
        return data

    def _try_mailbox(self, data: dict[str, Any]) -> None:
        mailbox = self.mailbox or Mailbox()
        self.moved = bool(mailbox.host) and mailbox.host != data["host"]
        for name in _MAILBOX:
            value = data.get(name) or self.fields[name].initial
            if name != "password" or data.get("password"):
                setattr(mailbox, name, value or "")
        if not mailbox.username or not mailbox.password:
            self.add_error("username", _("The IMAP server wants a user name and a password."))
            return
        try:
            imap.connect(mailbox, timeout=15).logout()
        except imap.TROUBLE as error:
            self.add_error("host", imap.explain(error, mailbox))
            return
        self.mailbox = mailbox

    def save(self, commit: bool = True) -> Inbox:
        inbox = super().save(commit)
        if self.cleaned_data.get("host") and self.mailbox:
            self.mailbox.inbox = inbox
            self.mailbox.is_active = True
            self.mailbox.save()
            self._keep_folders(self.mailbox)
        elif self.mailbox and self.mailbox.pk:
            self.mailbox.delete()
        return inbox

    def _keep_folders(self, mailbox: Mailbox) -> None:
        names = [name.strip() for name in self.cleaned_data["folder"].split(",") if name.strip()] or ["INBOX"]
        # another server numbers its mails in its own way
        (mailbox.folders.all() if self.moved else mailbox.folders.exclude(name__in=names)).delete()
        for name in names:
            MailFolder.objects.get_or_create(mailbox=mailbox, name=name)
