"""The form of an inbox's acknowledgement: whether it goes out, and what it says in each language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tickets import acknowledgements, languages
from tickets.models import AcknowledgementText, Inbox

_MOST = 4000
_WITHIN, _OUTSIDE = gettext_lazy("In business hours"), gettext_lazy("Outside business hours")
_SAME = gettext_lazy("Left empty, the text above goes out at any hour.")


def name_of(language: str) -> str:
    """A language's name in the reader's."""
    try:
        name = Locale.parse(language.replace("-", "_")).get_display_name((get_language() or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:] if name else language


@dataclass(frozen=True, slots=True)
class Row:
    """The two fields of one language; `is_new` is the one whose language is still to be chosen."""

    language: str
    name: str
    within: forms.BoundField
    outside: forms.BoundField
    is_own: bool
    is_new: bool = False


class AcknowledgementForm(forms.ModelForm):
    """Texts by language; one left empty means our own neutral words there."""

    new_language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    new_within = forms.CharField(label=_WITHIN, required=False, max_length=_MOST, widget=forms.Textarea)
    new_outside = forms.CharField(
        label=_OUTSIDE, required=False, max_length=_MOST, widget=forms.Textarea, help_text=_SAME
    )

    class Meta:
        model = Inbox
        fields = ["acknowledges"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {text.language: text for text in self.instance.acknowledgement_texts.order_by("language")}
        self.languages = list(dict.fromkeys([*dict(settings.LANGUAGES), *own]))
        for language in self.languages:
            text = own.get(language)
            for suffix, label, value in (
                ("within", _WITHIN, text.text if text else ""),
                ("outside", _OUTSIDE, text.text_out_of_hours if text else ""),
            ):
                self.fields[f"{suffix}_{language}"] = forms.CharField(
                    label=label, required=False, max_length=_MOST, initial=value,
                    help_text=_SAME if suffix == "outside" else "",
                    widget=forms.Textarea(attrs={"rows": 4, "lang": language, "dir": "auto"}),
                )  # fmt: skip
        for name in ("new_within", "new_outside"):
            self.fields[name].widget.attrs |= {"rows": 4, "dir": "auto"}
        others = [code for code in (*languages.LANGUAGES, *languages.SCRIPTS) if code not in self.languages]
        chosen = self.fields["new_language"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [("", "–"), *sorted(((code, name_of(code)) for code in others), key=lambda one: one[1])]

    def rows(self) -> Iterator[Row]:
        """The fields of each language, for the page."""
        for language in self.languages:
            within, outside = self[f"within_{language}"], self[f"outside_{language}"]
            is_own = bool(within.value() or outside.value() or within.errors or outside.errors)
            yield Row(language, name_of(language), within, outside, is_own)
        within, outside = self["new_within"], self["new_outside"]
        yield Row("", _("Another language"), within, outside, bool(self["new_language"].value()), is_new=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for field in [name for name in self.fields if name.startswith(("within_", "outside_", "new_"))]:
            if unknown := acknowledgements.unknown_fields(str(data.get(field) or "")):
                self.add_error(
                    field,
                    _("There is no field {{%(name)s}}. You may write %(fields)s.")
                    % {"name": unknown[0], "fields": ", ".join(f"{{{{{one}}}}}" for one in acknowledgements.FIELDS)},
                )
        for language, (within, outside) in self.texts(data).items():
            if outside and not within:
                field = f"within_{language}" if language in self.languages else "new_within"
                self.add_error(field, _("Say here too what it says: the text for other hours stands beside it."))
        if (data.get("new_within") or data.get("new_outside")) and not data.get("new_language"):
            self.add_error("new_language", _("Which language is it?"))
        return data

    def texts(self, data: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """What is written in each language that has a text of its own."""
        found = {}
        for language in (*self.languages, str(data.get("new_language") or "")):
            suffix = f"_{language}" if language in self.languages else ""
            prefix = "" if suffix else "new_"
            within, outside = (str(data.get(f"{prefix}{one}{suffix}") or "").strip() for one in ("within", "outside"))
            if language and (within or outside):
                found[language] = (within, outside)
        return found

    def prepared(self) -> dict[str, AcknowledgementText]:
        """The texts as the form has them now, saved or not, for the preview."""
        data = {name: self[name].value() for name in self.fields}
        return {
            language: AcknowledgementText(language=language, text=within or outside, text_out_of_hours=outside)
            for language, (within, outside) in self.texts(data).items()
        }

    def save(self, commit: bool = True) -> Inbox:
        inbox = super().save(commit)
        texts = self.texts(self.cleaned_data)
        inbox.acknowledgement_texts.exclude(language__in=texts).delete()
        for language, (within, outside) in texts.items():
            AcknowledgementText.objects.update_or_create(
                inbox=inbox, language=language, defaults={"text": within, "text_out_of_hours": outside}
            )
        return inbox
