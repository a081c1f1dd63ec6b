"""The forms by which a call is written down, and what was answered on the network itself."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from helpdesk import clock
from helpdesk.forms import field_of
from helpdesk.models import Agent
from tickets import moments, reading
from tickets.models import Customer, Inbox, Ticket


class CallForm(forms.Form):
    """A call: who called whom, how it ended, what was said, and whether to call again."""

    once = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)
    inbox = forms.ModelChoiceField(
        label=gettext_lazy("Inbox"), queryset=Inbox.objects.none(),
        help_text=gettext_lazy("Its people see the ticket that is made of the call."),
    )  # fmt: skip
    direction = forms.ChoiceField(
        label=gettext_lazy("Who called"), widget=forms.RadioSelect, initial="in",
        choices=[("in", gettext_lazy("The customer")), ("out", pgettext_lazy("who called", "We"))],
    )  # fmt: skip
    outcome = forms.ChoiceField(
        label=gettext_lazy("How it ended"), widget=forms.RadioSelect, initial="answered",
        choices=[
            ("answered", gettext_lazy("We talked")),
            ("missed", gettext_lazy("Nobody answered")),
            ("voicemail", gettext_lazy("A message was left on the answering machine")),
        ],
    )  # fmt: skip
    number = forms.CharField(
        label=gettext_lazy("The customer's number"), max_length=40, required=False,
        help_text=gettext_lazy("With the country's code: +49 30 123456."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )  # fmt: skip
    at = forms.DateTimeField(
        label=gettext_lazy("When"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Empty is just now."),
    )  # fmt: skip
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=0, max_value=720, required=False)
    text = forms.CharField(
        label=gettext_lazy("What was said"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    call_back = forms.CharField(
        label=gettext_lazy("Call back"), required=False, max_length=100,
        help_text=gettext_lazy("Such as “tomorrow 9:00” or “in 2 hours”: the ticket comes back then, as a task."),
    )  # fmt: skip

    def __init__(self, data: Any, agent: Agent, *, customer: Customer, ticket: Ticket | None = None) -> None:
        self.agent, self.ticket = agent, ticket
        points = [one for one in customer.contact_points.all() if one.channel in ("phone", "sms")]
        initial = {"number": points[-1].address if points else "", "once": uuid.uuid4().hex}
        super().__init__(data, initial=initial)
        if ticket is not None:
            del self.fields["inbox"]
            return
        inboxes = Inbox.objects.visible_to(agent).active()
        field_of(self, "inbox").queryset = inboxes
        self.fields["inbox"].initial = inboxes.filter(channel="phone").first() or inboxes.first()

    def clean_call_back(self) -> datetime | None:
        words = self.cleaned_data["call_back"].strip()
        if not words:
            return None
        inbox = self.ticket.inbox if self.ticket else self.cleaned_data.get("inbox")
        business = reading.business(inbox.calendar_id if inbox else None)
        at = moments.read(words, now=clock.now(), zone=self.agent.zone, calendar=business)
        if at is None:
            raise ValidationError(_("That is no time to come. Try “tomorrow 9:00”."))
        return at

    def call(self) -> dict[str, Any]:
        """What `calls.log` wants to know of it."""
        data = self.cleaned_data
        return {
            "direction": data["direction"], "outcome": data["outcome"], "text": data["text"], "number": data["number"],
            "seconds": (data["minutes"] or 0) * 60, "at": data["at"], "call_back_at": data["call_back"],
            "inbox": data.get("inbox"), "once": data["once"],
        }  # fmt: skip


class AnsweredThereForm(forms.Form):
    """What was answered on the network itself."""

    once = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)
    text = forms.CharField(
        label=gettext_lazy("What you answered there"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 8})
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, initial={"once": uuid.uuid4().hex})
