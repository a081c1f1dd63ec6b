"""Forms of feedback: they check and present; operations save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.models import Survey
from feedback.operations.answering import COMMENT_MOST


class AnswerForm(forms.Form):
    """A customer's answer: one step of the scale, and words if they like."""

    score = forms.TypedChoiceField(
        coerce=int, widget=forms.RadioSelect, error_messages={
            "required": _("Please choose one of the answers."),
            "invalid_choice": _("Please choose one of the answers."),
        },
    )  # fmt: skip
    comment = forms.CharField(
        required=False, max_length=COMMENT_MOST, widget=forms.Textarea,
        error_messages={"max_length": _("That is too long: a comment has at most %(limit_value)s characters.")},
    )  # fmt: skip

    def __init__(self, *args: Any, survey: Survey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["score"].choices = [(score, words) for score, words in survey.scale.items()]  # type: ignore[attr-defined]


class SurveyForm(forms.ModelForm):
    """A survey. No inbox has two, so that a customer is never asked twice about one thing."""

    class Meta:
        model = Survey
        fields = [
            "name", "question", "inboxes", "delay_minutes", "cool_down_days", "valid_days", "change_days",
            "is_active",
        ]  # fmt: skip
        widgets = {"inboxes": forms.CheckboxSelectMultiple}
        error_messages = {"name": {"unique": _("Another survey already has this name.")}}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("is_active") or "inboxes" not in data:
            return data
        others = Survey.objects.active().exclude(pk=self.instance.pk)
        chosen = list(data["inboxes"])
        for inbox in chosen:
            if other := others.filter(inboxes=inbox).first():
                self.add_error(
                    "inboxes",
                    _("The customers of %(inbox)s are already asked by the survey “%(survey)s”.")
                    % {"inbox": inbox, "survey": other},
                )
        if not chosen and (other := others.filter(inboxes=None).first()):
            self.add_error(
                "inboxes",
                _("The survey “%(survey)s” already asks after every inbox: choose the inboxes of this one.")
                % {"survey": other},
            )
        return data
