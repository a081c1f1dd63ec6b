"""Forms of the voice of the customer: they check and present; operations save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Complaint, Department, ReasonCode, Remark, Topic
from feedback.operations.complaining import MOST_OUTCOME
from feedback.operations.remarks import MOST_TEXT
from feedback.voice import Asked
from helpdesk.forms import field_of
from helpdesk.models import Agent
from tickets.models import Inbox

#: of the filters, always in sight
FIRST = ("q", "state", "tone", "topic")
NOBODY, ME, NONE = "nobody", "me", "none"
TONES = [("1", pgettext_lazy("a remark", "good")), ("0", pgettext_lazy("a remark", "neither")),
         ("-1", pgettext_lazy("a remark", "bad"))]  # fmt: skip
PERIODS = [("", _("any time")), ("7", _("last 7 days")), ("28", _("last 28 days")), ("90", _("last 90 days")),
           ("365", _("last year"))]  # fmt: skip


class RemarkFilter(forms.Form):
    """Which remarks. Whatever is wrong or left out is any."""

    q = forms.CharField(label=_("Words"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=pgettext_lazy("of a remark", "State"), required=False,
        choices=[("", _("to do")), ("settled", _("settled")), ("all", _("all"))],
    )  # fmt: skip
    source = forms.ChoiceField(label=_("Source"), required=False)
    tone = forms.ChoiceField(label=_("Tone"), required=False, choices=[("", _("any")), *TONES])
    topic = forms.ChoiceField(label=_("Topic"), required=False)
    inbox = forms.ChoiceField(label=_("Inbox"), required=False)
    department = forms.ChoiceField(label=_("Department"), required=False)
    whose = forms.ChoiceField(
        label=_("Whose"), required=False, choices=[("", _("anybody's")), (ME, _("mine")), (NOBODY, _("nobody's"))]
    )
    days = forms.ChoiceField(label=_("Said"), required=False, choices=PERIODS)
    words = forms.ChoiceField(
        label=_("Comment"), required=False, choices=[("", _("with words")), ("any", _("scores alone too"))]
    )

    #: the period of a report that leads here
    since = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    until = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def __init__(self, agent: Agent, data: Any) -> None:
        super().__init__(data)
        self.agent = agent
        chosen: dict[str, list[tuple[Any, Any]]] = {
            "source": list(Remark.Source.choices),
            "topic": [(NONE, _("none found")), *Topic.objects.filter(is_active=True).values_list("pk", "name")],
            "inbox": list(Inbox.objects.visible_to(agent).values_list("pk", "name")) if agent.may_reply else [],
            "department": list(departments_of(agent).values_list("pk", "name")),
        }
        for name, choices in chosen.items():
            field_of(self, name).choices = [("", _("any")), *choices]
            if not choices:
                del self.fields[name]

    def first_ones(self) -> list[forms.BoundField]:
        """Those that are always in sight."""
        return [self[name] for name in FIRST if name in self.fields]

    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in FIRST]

    def has_more(self) -> bool:
        """One of the others is chosen."""
        return any(self.data.get(name) for name in self.fields if name not in FIRST)

    def asked(self) -> Asked:
        """What is asked for."""
        self.is_valid()
        given = self.cleaned_data

        def number(name: str) -> int | None:
            text = given.get(name, "")
            return int(text) if text.lstrip("-").isdigit() else None

        return Asked(
            words=given.get("q", "").strip(), source=given.get("source", ""), tone=number("tone"),
            topic=number("topic"), no_topic=given.get("topic") == NONE, inbox=number("inbox"),
            department=number("department"), assignee={ME: self.agent.pk, NOBODY: 0}.get(given.get("whose", "")),
            days=number("days"), since=given.get("since"), until=given.get("until"),
            has_words=given.get("words") != "any",
            state={"": "open", "settled": "settled"}.get(given.get("state", ""), ""),
        )  # fmt: skip


def departments_of(agent: Agent) -> Any:
    """The departments whose remarks an agent may see."""
    found = Department.objects.filter(is_active=True)
    return found if agent.may_reply else found.filter(members=agent)


class NoteForm(forms.Form):
    """What a customer said, on the phone or at a fair."""

    text = forms.CharField(label=_("What was said"), max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 4}))
    tone = forms.TypedChoiceField(label=_("Tone"), choices=TONES, coerce=int, initial="0", widget=forms.RadioSelect)
    inbox = forms.ModelChoiceField(Inbox.objects.none(), label=_("Inbox"), empty_label=None)

    def __init__(self, agent: Agent, data: Any = None) -> None:
        super().__init__(data)
        field_of(self, "inbox").queryset = Inbox.objects.visible_to(agent).active()


class AssignForm(forms.Form):
    """Whose matter a remark is."""

    department = forms.ModelChoiceField(
        Department.objects.filter(is_active=True), label=_("Department"), required=False, empty_label=_("none")
    )
    assignee = forms.ModelChoiceField(
        Agent.objects.active(), label=_("Person"), required=False, empty_label=_("nobody")
    )


class DecideForm(forms.Form):
    """What a complaint came to."""

    finding = forms.ChoiceField(label=_("Finding"), choices=Complaint.Finding.choices)
    reason = forms.ModelChoiceField(
        ReasonCode.objects.filter(is_active=True), label=_("Reason"), required=False, empty_label=_("not said")
    )
    outcome = forms.CharField(
        label=_("What the customer was told"), required=False, max_length=MOST_OUTCOME,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
