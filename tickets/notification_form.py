"""When an agent is left alone, and how mail to them is gathered."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from helpdesk.models import Agent


class QuietForm(forms.ModelForm):
    """Quiet hours in the agent's own zone, and the summary."""

    class Meta:
        model = Agent
        fields = ["quiet_from", "quiet_until", "quiet_weekends", "digest"]
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begins, ends = data.get("quiet_from"), data.get("quiet_until")
        if (begins is None) != (ends is None):
            missing = "quiet_until" if begins is not None else "quiet_from"
            self.add_error(missing, _("Say both, from when and until when."))
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", _("It must end at another time than it begins."))
        return data
