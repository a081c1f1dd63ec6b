"""An inbox of another channel than email: its name, whose it is, and through whom its mails go out."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from helpdesk.forms import field_of
from tickets.channels import directory
from tickets.models import Inbox


class TalkInboxForm(forms.ModelForm):
    """What every inbox of a chat, a network or a telephone has."""

    class Meta:
        model = Inbox
        fields = [
            "name", "sender_name", "teams", "calendar", "response_target_minutes", "mails_through", "is_quiet",
            "is_active",
        ]  # fmt: skip
        widgets = {"teams": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "mails_through").queryset = Inbox.objects.filter(channel="email", is_active=True)
        channel = directory.every().get(self.instance.channel)
        # without one nobody could be answered
        answers_by_mail = channel is not None and channel.can.answers_by_mail
        self.fields["mails_through"].required = answers_by_mail
        if answers_by_mail:
            self.fields["mails_through"].help_text = _("Answers go out from this inbox's address.")
        elif channel is not None and not channel.can.is_at_home:
            self.fields["mails_through"].help_text = _("What you answer by mail instead goes out from its address.")
        self.fields["is_quiet"].help_text = _(
            "Messages come in and people answer; no acknowledgement and no survey goes out by itself."
        )
