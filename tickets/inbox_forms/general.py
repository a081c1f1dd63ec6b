"""What an inbox is: its name and address, whose it is, and how its tickets are treated."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.models import Inbox
from tickets.operations import budget


class GeneralForm(forms.ModelForm):
    """An inbox without its ways in and out. A new one is quiet until somebody says that it may answer."""

    class Meta:
        model = Inbox
        fields = [
            "name", "address", "sender_name", "teams", "calendar", "response_target_minutes", "signature",
            "quotes_history", "is_quiet", "plus_addresses", "probe_minutes", "is_active",
        ]  # fmt: skip
        widgets = {"teams": forms.CheckboxSelectMultiple, "signature": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_active"].help_text = _("An inbox that is not active takes no mail and sends none.")
        if self.instance.pk is None:
            self.fields["is_quiet"].initial = True
            self.fields["is_quiet"].help_text = _(
                "A new inbox begins so: mail comes in and people answer, and nothing goes out by itself. Untick it "
                "once you have seen that the right mail comes in."
            )

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).lower()
        if Inbox.objects.filter(address__iexact=address).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another inbox already has this address."))
        if agent := budget.agent_at(address):
            raise forms.ValidationError(
                _("%(name)s has this address: what we tell them would come back as tickets.") % {"name": agent}
            )
        return address
