"""Forms of feedback: they check and present; operations save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback import phrases
from feedback.models import QualityPlan, Survey, Topic
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


class TopicForm(forms.ModelForm):
    """A topic and its words."""

    class Meta:
        model = Topic
        fields = ["name", "phrases", "department", "is_active"]
        widgets = {"phrases": forms.Textarea(attrs={"rows": 12, "spellcheck": "false"})}
        help_texts = {
            "phrases": _("One a line. Upper case and accents make no difference. A * stands for any letters at the "
                         "beginning or end of a word: refund*, *versand*."),
            "department": _("Where a remark on this topic goes that has no department yet."),
        }  # fmt: skip
        error_messages = {"name": {"unique": _("Another topic already has this name.")}}

    def clean_phrases(self) -> str:
        lines = [" ".join(line.split()) for line in self.cleaned_data["phrases"].splitlines()]
        lines = [line for line in lines if line]
        if len(lines) > phrases.MOST_PHRASES:
            raise forms.ValidationError(_("A topic has at most 200 phrases."))
        for line in lines:
            if len(line) > phrases.MOST_PHRASE or phrases.phrase(line) is None:
                raise forms.ValidationError(
                    _("“%(line)s” is no phrase: it needs letters, and has at most 100 of them.") % {"line": line[:60]}
                )
        kept = {found.key: line for line in reversed(lines) if (found := phrases.phrase(line))}
        return "\n".join(reversed(kept.values()))


class QualityPlanForm(forms.ModelForm):
    """How many tickets of an inbox are drawn."""

    class Meta:
        model = QualityPlan
        fields = ["inbox", "per_week"]
        error_messages = {"inbox": {"unique": _("This inbox has a plan already.")}}
