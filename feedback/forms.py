"""Forms of feedback: they check and present; operations save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback import phrases
from feedback.models import SCALES, Department, QualityPlan, ReasonCode, Survey, SurveyKind, Topic
from feedback.operations.answering import COMMENT_MOST
from helpdesk.forms import field_of
from helpdesk.models import Agent


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

    is_solved = forms.TypedChoiceField(
        required=False, coerce=lambda said: {"yes": True, "no": False}.get(said), empty_value=None,
        choices=[("yes", pgettext_lazy("survey answer", "Yes")), ("no", pgettext_lazy("survey answer", "No"))],
        widget=forms.RadioSelect,
    )  # fmt: skip
    reason = forms.ModelChoiceField(ReasonCode.objects.none(), required=False, widget=forms.RadioSelect)

    def __init__(self, *args: Any, survey: Survey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "score").choices = [(score, words) for score, words in survey.scale.items()]
        if self.data.get("reason"):
            field_of(self, "reason").queryset = survey.offered_reasons
        if not survey.asks_solved:
            del self.fields["is_solved"]

    @classmethod
    def solved_choices(cls) -> tuple[tuple[str, str], ...]:
        """What may be said to whether the problem was solved, in the reader's language."""
        return tuple((value, str(words)) for value, words in cls.base_fields["is_solved"].choices)  # type: ignore[attr-defined]  # see field_of

    @property
    def said(self) -> dict[str, Any]:
        """What was said, as the operations take it."""
        data = self.cleaned_data
        return {
            "score": data["score"], "comment": data["comment"], "is_solved": data.get("is_solved"),
            "reason": data["reason"],
        }  # fmt: skip


class SurveyForm(forms.ModelForm):
    """A survey. Its conditions are edited beside it, as those of a view are."""

    answer_lines = forms.CharField(
        label=_("Answers"), required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("For a question of your own: one answer a line, worst first, two to eleven of them."),
    )  # fmt: skip

    class Meta:
        model = Survey
        fields = [
            "name", "kind", "question", "asks_solved", "reasons", "inboxes", "weight", "percent", "delay_minutes",
            "every_days", "sends_from", "cool_down_days", "reminder_days", "valid_days", "change_days", "asks_by",
            "is_anonymous", "opens_recovery", "low_at", "recovery_hours", "recovery_owner", "spares_rated_agent",
            "asks_again", "is_active",
        ]  # fmt: skip
        widgets = {"inboxes": forms.CheckboxSelectMultiple, "reasons": forms.CheckboxSelectMultiple}
        error_messages = {"name": {"unique": _("Another survey already has this name.")}}

    #: what stands under which heading
    PARTS = (
        (_("What is asked"), ("name", "kind", "question", "answer_lines", "asks_solved", "reasons")),
        (_("After which tickets"), ("inboxes", "weight", "percent", "delay_minutes", "asks_by")),
        (_("By the calendar"), ("every_days", "sends_from")),
        (_("Leaving people alone"), ("cool_down_days", "reminder_days", "valid_days", "change_days", "is_anonymous")),
        (_("After a low answer"),
         ("opens_recovery", "low_at", "recovery_hours", "recovery_owner", "spares_rated_agent", "asks_again")),
        ("", ("is_active",)),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.kind == SurveyKind.OWN:
            self.fields["answer_lines"].initial = "\n".join(self.instance.answers)
        if self.instance.pk is None:  # as often as the question may be asked at most
            self.initial["every_days"] = self.initial.get("every_days") or 90
        field_of(self, "recovery_owner").queryset = Agent.objects.active()
        field_of(self, "reasons").queryset = ReasonCode.objects.filter(is_active=True)

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = data.get("kind")
        lines = [line.strip()[:80] for line in data.get("answer_lines", "").splitlines() if line.strip()]
        if kind == SurveyKind.OWN:
            if not data.get("question"):
                self.add_error("question", _("Write what you ask: for this kind there is no standard question."))
            if not 2 <= len(lines) <= 11:
                self.add_error("answer_lines", _("Write two to eleven answers, one a line."))
        self.instance.answers = lines if kind == SurveyKind.OWN else []
        if kind == SurveyKind.NPS:
            for name in ("every_days", "sends_from"):
                if not data.get(name):
                    self.add_error(name, _("Recommendation is asked by the calendar: say this, too."))
        if data.get("is_anonymous") and (data.get("opens_recovery") or data.get("reminder_days")):
            self.add_error("is_anonymous", _("Where nobody knows who answered, nobody can be reminded, or recovered."))
        if self.instance.pk and "is_anonymous" in self.changed_data and self.instance.invitations.exists():
            self.add_error("is_anonymous", _("People were asked already, and told otherwise. Make another survey."))
        if self.instance.pk and "kind" in self.changed_data and self.instance.invitations.exists():
            self.add_error("kind", _("People answered on the scale of the old kind. Make another survey."))
        low = data.get("low_at")
        if low is not None and kind and low not in _scale_of(kind, lines):
            self.add_error("low_at", _("There is no such score."))
        return data


def _scale_of(kind: str, lines: list[str]) -> range:
    return range(1, len(lines) + 1) if kind == SurveyKind.OWN else range(min(SCALES[kind]), max(SCALES[kind]) + 1)


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


class DepartmentForm(forms.ModelForm):
    """A department, and who belongs to it."""

    class Meta:
        model = Department
        fields = ["name", "members", "is_active"]
        widgets = {"members": forms.CheckboxSelectMultiple}
        error_messages = {"name": {"unique": _("Another department already has this name.")}}
        help_texts = {
            "members": _("They see and work its recoveries, light collaborators too; a recovery that nobody else is "
                         "given goes to who has least to do."),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "members").queryset = Agent.objects.active().order_by("name")


class ReasonForm(forms.ModelForm):
    """A reason, whose matter it is, and whether the service team could have prevented it."""

    class Meta:
        model = ReasonCode
        fields = ["name", "department", "in_control", "is_offered", "position", "is_active"]
        widgets = {
            "in_control": forms.NullBooleanSelect,
        }
        error_messages = {"name": {"unique": _("Another reason already has this name.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["in_control"].widget.choices = [
            ("unknown", _("not decided")), ("true", _("yes")), ("false", _("no")),
        ]  # fmt: skip
