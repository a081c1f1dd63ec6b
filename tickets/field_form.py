"""The settings' form of a custom field."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tickets.models import CustomField, Inbox


class CustomFieldForm(forms.ModelForm):
    """What is asked, of what. Key, kind and what it is about are said once: answers hang on them."""

    choices = forms.CharField(
        label=_("Choices"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, in the order they are shown. Of the kind “Choice” only."),
    )  # fmt: skip

    class Meta:
        model = CustomField
        fields = [
            "name", "about", "kind", "key", "choices", "help_text", "is_required_to_resolve", "inboxes", "position",
            "is_active",
        ]  # fmt: skip
        widgets = {"inboxes": forms.CheckboxSelectMultiple}
        help_texts = {
            "key": _(
                "Names it in search and in the API; made from the name where you leave it empty. It never changes."
            ),
            "help_text": _("A sentence below the field, for colleagues."),
            "is_required_to_resolve": _("Of tickets only."),
            "inboxes": _("Of tickets only: where it is asked. None ticked means everywhere."),
            "position": _("Lower numbers stand first."),
            "is_active": _("A field that is not active is asked no more; what was answered stays."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["choices"] = "\n".join(map(str, self.instance.choices))
        self.fields["key"].required = False
        inboxes = self.fields["inboxes"]
        assert isinstance(inboxes, forms.ModelMultipleChoiceField)
        inboxes.queryset = Inbox.objects.all()
        if self.instance.pk:
            for name in ("about", "kind", "key"):
                self.fields[name].disabled = True

    def clean_key(self) -> str:
        given = self.cleaned_data.get("key") or ""
        if self.instance.pk:
            return self.instance.key
        key = slugify(given or self.cleaned_data.get("name") or "").replace("-", "_")[:40].strip("_")
        if not key:
            raise forms.ValidationError(_("Give it a key of letters and digits, like plan."))
        if CustomField.objects.filter(about=self.cleaned_data.get("about"), key=key).exists():
            raise forms.ValidationError(_("Another field already has the key %(key)s.") % {"key": key})
        return key

    def clean_choices(self) -> list[str]:
        known: dict[str, str] = {}
        for row in filter(None, (row.strip()[:200] for row in str(self.cleaned_data["choices"]).splitlines())):
            known.setdefault(row.casefold(), row)
        choices = list(known.values())
        if self.cleaned_data.get("kind") != CustomField.Kind.CHOICE:
            return []
        if not choices:
            raise forms.ValidationError(_("Give at least one choice."))
        return choices

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("about") != CustomField.About.TICKET:
            data["is_required_to_resolve"], data["inboxes"] = False, Inbox.objects.none()
        return data
