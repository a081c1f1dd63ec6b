"""What an inbox's web form asks its admin, and what it asks customers."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tickets.channels.chat import origins
from tickets.channels.forms import ConnectionForm

MOST_QUESTIONS = 8
MOST_FILES = 5
MOST_FILE = 10 * 1024 * 1024
#: of all files together
MOST_BYTES = 20 * 1024 * 1024
MOST_TEXT = 20_000
LANGUAGES = [("auto", gettext_lazy("As the visitor's browser")), *settings.LANGUAGES]
THEMES = [
    ("light", pgettext_lazy("appearance", "Light")),
    ("dark", pgettext_lazy("appearance", "Dark")),
    ("auto", gettext_lazy("As the visitor's device")),
]
#: kept as lists, edited a line each
_LISTS = ("questions", "allowed_origins")


class WebFormForm(ConnectionForm):
    """The form of one inbox."""

    title = forms.CharField(
        label=gettext_lazy("Heading"), max_length=80, required=False,
        help_text=gettext_lazy("Empty says “Write to us”, in the visitor's language."),
    )  # fmt: skip
    intro = forms.CharField(
        label=gettext_lazy("Words below it"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    asks_name = forms.ChoiceField(
        label=gettext_lazy("The customer's name"), required=False, initial="optional",
        choices=[
            ("no", gettext_lazy("Do not ask")),
            ("optional", gettext_lazy("Ask, may be left empty")),
            ("required", gettext_lazy("Must be given")),
        ],
    )  # fmt: skip
    questions = forms.CharField(
        label=gettext_lazy("Your own questions"), required=False, max_length=1500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One a line; a * at the end of one must be answered. “Product: Bike | Scooter” lets people choose."
        ),
    )  # fmt: skip
    takes_files = forms.BooleanField(label=gettext_lazy("Files may be sent along"), required=False, initial=True)
    consent = forms.CharField(
        label=gettext_lazy("Words people must agree to"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=gettext_lazy("Empty asks for no consent."),
    )  # fmt: skip
    consent_url = forms.CharField(
        label=gettext_lazy("Where they read more about that"), max_length=500, required=False,
        help_text=gettext_lazy("The address of your privacy notice, say."),
    )  # fmt: skip
    thanks = forms.CharField(
        label=gettext_lazy("Words after sending"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Empty says that it arrived and that you answer by mail."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=LANGUAGES, initial="auto", required=False,
        help_text=gettext_lazy("Of the form's own words; yours stay as you write them."),
    )  # fmt: skip
    allowed_origins = forms.CharField(
        label=gettext_lazy("Sites that may show it in a frame"), required=False, max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One origin a line: https://shop.example, or https://*.shop.example for all below it."),
    )  # fmt: skip
    frame_theme = forms.ChoiceField(
        label=gettext_lazy("Appearance in a frame"), choices=THEMES, initial="light", required=False,
        help_text=gettext_lazy("As the site looks around it. On a page of its own it looks as the visitor's device."),
    )  # fmt: skip
    paused = forms.BooleanField(
        label=gettext_lazy("Paused: nothing can be sent now"), required=False,
        help_text=gettext_lazy("Who opens it reads that, instead of the form."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kept := kwargs.get("initial"):
            kwargs["initial"] = {**kept, **{name: _lines(kept[name]) for name in _LISTS if name in kept}}
        super().__init__(*args, **kwargs)
        if self.data:
            self.data = {name: _lines(value) if name in _LISTS else value for name, value in self.data.items()}

    def clean_questions(self) -> list[str]:
        lines = [line.strip()[:200] for line in self.cleaned_data["questions"].splitlines() if line.strip(" *:|")]
        if len(lines) > MOST_QUESTIONS:
            raise ValidationError(_("At most %(most)d questions: each costs you customers.") % {"most": MOST_QUESTIONS})
        return lines

    def clean_consent_url(self) -> str:
        url = self.cleaned_data["consent_url"].strip()
        if url:
            URLValidator(schemes=["https", "http"], message=_("Write it as https://shop.example/privacy."))(url)
        return str(url)

    def clean_allowed_origins(self) -> list[str]:
        return origins.listed(self.cleaned_data["allowed_origins"])

    def clean(self) -> dict[str, Any]:
        """What was not chosen is as it is at first."""
        for name in ("asks_name", "language", "frame_theme"):
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.cleaned_data[name] = self.fields[name].initial
        return self.cleaned_data


def _lines(kept: Any) -> Any:
    return "\n".join(kept) if isinstance(kept, list) else kept


class Question:
    """A question of an inbox's own: `Product: Bike | Scooter *`."""

    def __init__(self, line: str) -> None:
        self.is_required = line.endswith("*")
        line = line.rstrip(" *")
        words, colon, choices = line.partition(":")
        self.choices = [one.strip() for one in choices.split("|") if one.strip()] if colon and "|" in choices else []
        self.words = words.strip() if self.choices else line

    def field(self) -> forms.Field:
        if self.choices:
            empty = ("", _("Please choose"))
            return forms.ChoiceField(
                label=self.words, required=self.is_required, choices=[empty, *((one, one) for one in self.choices)]
            )
        return forms.CharField(label=self.words, required=self.is_required, max_length=1000)


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [super(_FilesField, self).clean(one, initial) for one in (data or []) if one]
        if len(files) > MOST_FILES:
            raise ValidationError(_("At most %(most)d files can be sent along.") % {"most": MOST_FILES})
        for one in files:
            if one.size > MOST_FILE:
                words = _("“%(file)s” is larger than %(most)d MB.")
                raise ValidationError(words % {"file": one.name, "most": MOST_FILE // 1024**2})
        if sum(one.size for one in files) > MOST_BYTES:
            raise ValidationError(
                _("The files are larger than %(most)d MB together.") % {"most": MOST_BYTES // 1024**2}
            )
        return files


class ContactForm(forms.Form):
    """What customers fill in. Whoever adds to what they sent is asked for no more than that."""

    use_required_attribute = True

    name = forms.CharField(
        label=pgettext_lazy("of a person", "Your name"), max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"), max_length=320, help_text=gettext_lazy("Our answer goes there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )  # fmt: skip
    subject = forms.CharField(label=gettext_lazy("What is it about?"), max_length=200)
    text = forms.CharField(
        label=gettext_lazy("Your message"), max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 7})
    )
    files = _FilesField(label=gettext_lazy("Files"), required=False)  # type: ignore[assignment]  # a form's files, too
    consent = forms.BooleanField(error_messages={"required": gettext_lazy("We can take it only if you agree.")})

    def __init__(self, *args: Any, config: dict[str, Any], is_more: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "%s", "label_suffix": "", **kwargs})
        self.asked: Sequence[Question] = [] if is_more else [Question(line) for line in config.get("questions", [])]
        for number, question in enumerate(self.asked):
            self.fields[f"q{number}"] = question.field()
        self.fields["name"].required = config.get("asks_name") == "required"
        self.fields["consent"].label = config.get("consent", "")
        left_out = {
            "name": is_more or config.get("asks_name") == "no", "email": is_more, "subject": is_more,
            "files": not config.get("takes_files"), "consent": is_more or not config.get("consent"),
        }  # fmt: skip
        for name in (name for name, is_so in left_out.items() if is_so):
            del self.fields[name]
        own = [f"q{number}" for number in range(len(self.asked))]
        self.order_fields(["name", "email", *own, "subject", "text", "files", "consent"])
        most = _("Up to %(files)d files of %(most)d MB.") % {"files": MOST_FILES, "most": MOST_FILE // 1024**2}
        if "files" in self.fields:
            self.fields["files"].help_text = most
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Textarea):
                field.widget.attrs.setdefault("dir", "auto")

    @property
    def answers(self) -> list[list[str]]:
        """Their answers to the inbox's own questions, and what they agreed to."""
        given = [(one.words, self.cleaned_data.get(f"q{number}", "")) for number, one in enumerate(self.asked)]
        if "consent" in self.fields:
            given.append((str(self.fields["consent"].label), _("Agreed")))
        return [[question, answer] for question, answer in given if answer]
