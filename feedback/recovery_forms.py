"""Forms of a recovery: they check and present; operations save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Department, Outcome, ReasonCode, Recovery
from feedback.operations import recovering
from helpdesk.forms import field_of
from helpdesk.models import Agent

AS_THE_REASON = "reason"
_CONTROL = {"": None, "yes": True, "no": False}


class OwnerForm(forms.Form):
    """Whose it is."""

    owner = forms.ModelChoiceField(
        queryset=Agent.objects.none(), required=False, label=_("Owner"), empty_label=_("nobody")
    )

    def __init__(self, data: Any = None, *, recovery: Recovery) -> None:
        super().__init__(data, initial={"owner": recovery.owner_id})
        field_of(self, "owner").queryset = recovering.could_own(
            recovery.inbox_id, recovery.department, recovering.spared_of(recovery)
        )


class ExplainForm(forms.Form):
    """Why it happened, whose matter that is, and whether the service team could have prevented it."""

    reason = forms.ModelChoiceField(
        queryset=ReasonCode.objects.none(), required=False, label=_("Reason"), empty_label=_("not said yet")
    )
    department = forms.ChoiceField(required=False, label=_("Department"))
    in_control = forms.ChoiceField(
        required=False, label=_("In the service team's control"),
        choices=[(AS_THE_REASON, _("as the reason says")), ("yes", pgettext_lazy("in control", "yes")),
                 ("no", pgettext_lazy("in control", "no")), ("", _("not decided"))],
    )  # fmt: skip

    def __init__(self, data: Any = None, *, recovery: Recovery) -> None:
        reason = recovery.reason
        department: Any = recovery.department_id
        control: Any = {True: "yes", False: "no", None: ""}[recovery.in_control]
        if department == (reason.department_id if reason else None):
            department = AS_THE_REASON
        if recovery.in_control == (reason.in_control if reason else None):
            control = AS_THE_REASON
        initial = {"reason": recovery.reason_id, "department": department, "in_control": control}
        super().__init__(data, initial=initial)
        offered = ReasonCode.objects.filter(is_active=True) | ReasonCode.objects.filter(pk=recovery.reason_id or 0)
        field_of(self, "reason").queryset = offered
        known = Department.objects.filter(is_active=True) | Department.objects.filter(pk=recovery.department_id or 0)
        self.departments = {str(one.pk): one for one in known}
        field_of(self, "department").choices = [
            (AS_THE_REASON, _("as the reason says")), *((key, one.name) for key, one in self.departments.items()),
            ("", _("none")),
        ]  # fmt: skip

    @property
    def given(self) -> dict[str, Any]:
        """As `recovering.explain` takes it."""
        data = self.cleaned_data
        return {
            "reason": data["reason"],
            "department": recovering.SAME if data["department"] == AS_THE_REASON
            else self.departments.get(data["department"]),
            "in_control": recovering.SAME if data["in_control"] == AS_THE_REASON else _CONTROL[data["in_control"]],
        }  # fmt: skip


class CloseForm(forms.Form):
    """How it ended, what was done, and what that cost."""

    reason = forms.ModelChoiceField(
        queryset=ReasonCode.objects.none(), required=False, label=_("Reason"), empty_label=_("choose why it happened")
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=Outcome.choices, widget=forms.RadioSelect,
        error_messages={"required": _("Say how it ended.")},
    )  # fmt: skip
    done = forms.CharField(
        required=False, label=_("What was done"), max_length=recovering.MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In a sentence: what you told or gave the customer."),
    )  # fmt: skip
    cost = forms.DecimalField(
        required=False, label=_("Cost"), min_value=0, max_digits=12, decimal_places=2, localize=True,
        help_text=_("What it cost the company, such as a refund. Leave it empty if nothing."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, recovery: Recovery) -> None:
        super().__init__(data)
        self.recovery = recovery
        if recovery.reason_id is not None:
            del self.fields["reason"]
        else:
            field_of(self, "reason").queryset = ReasonCode.objects.filter(is_active=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "reason" in self.fields and not data.get("reason") and data.get("outcome") != Outcome.NOT_NEEDED:
            self.add_error("reason", _("Say why it happened: every recovery has a reason."))
        return data
