"""What an inbox's chat asks its admin: on which sites it runs, how it looks, and what it says and asks."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tickets.channels.chat import origins, words
from tickets.channels.forms import ConnectionForm

MOST_QUESTIONS = 5
ASKING = [
    ("no", gettext_lazy("Do not ask")),
    ("optional", gettext_lazy("Ask, may be left empty")),
    ("required", gettext_lazy("Must be given")),
]


class ChatForm(ConnectionForm):
    """The widget of one inbox."""

    secret = ("identity_secret",)

    allowed_origins = forms.CharField(
        label=gettext_lazy("Sites it may run on"), widget=forms.Textarea(attrs={"rows": 3}), max_length=5000,
        help_text=gettext_lazy("One origin a line: https://shop.example, or https://*.shop.example for all below it."),
    )  # fmt: skip
    title = forms.CharField(label=gettext_lazy("Title"), max_length=60, required=False)
    greeting = forms.CharField(
        label=gettext_lazy("Greeting"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stands above an empty chat while you are there."),
    )  # fmt: skip
    away = forms.CharField(
        label=gettext_lazy("Outside business hours"), max_length=300, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Empty says when you are back, and that you answer by mail."),
    )  # fmt: skip
    colour = forms.CharField(
        label=gettext_lazy("Colour"), initial="#1f5f5b", max_length=7, required=False,
        widget=forms.TextInput(attrs={"type": "color"}),
    )  # fmt: skip
    position = forms.ChoiceField(
        label=gettext_lazy("Position"), initial="end", required=False,
        choices=[("end", gettext_lazy("Where lines end")), ("start", gettext_lazy("Where lines begin"))],
    )  # fmt: skip
    theme = forms.ChoiceField(
        label=gettext_lazy("Appearance"), initial="auto", required=False,
        choices=[
            ("auto", gettext_lazy("As the visitor's device")),
            ("light", pgettext_lazy("appearance", "Light")),
            ("dark", pgettext_lazy("appearance", "Dark")),
        ],
    )  # fmt: skip
    asks_name = forms.ChoiceField(
        label=gettext_lazy("The visitor's name"), choices=ASKING, initial="optional", required=False
    )
    asks_email = forms.ChoiceField(
        label=gettext_lazy("The visitor's e-mail address"), choices=ASKING, initial="optional", required=False
    )
    questions = forms.CharField(
        label=gettext_lazy("Your own questions"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Asked before the first message, one a line; a * at the end of one must be answered."),
    )  # fmt: skip
    asks_page = forms.BooleanField(
        label=gettext_lazy("Show agents the page a visitor is on"), required=False,
        help_text=gettext_lazy("Visitors are asked, and may say no."),
    )  # fmt: skip
    peeks = forms.BooleanField(
        label=gettext_lazy("Show agents what a visitor types before they send it"), required=False, initial=True,
        help_text=gettext_lazy("Visitors are told. Otherwise agents see only that they type."),
    )  # fmt: skip
    shows_seen = forms.BooleanField(
        label=gettext_lazy("Tell visitors that the team has seen what they wrote"), required=False, initial=True,
        help_text=gettext_lazy("“Seen by the team” under their last message; never who looked, nor when."),
    )  # fmt: skip
    invites = forms.CharField(
        label=gettext_lazy("Speak to visitors first"), max_length=200, required=False,
        help_text=gettext_lazy("What a small bubble says; empty says nothing."),
    )  # fmt: skip
    invites_after = forms.IntegerField(
        label=gettext_lazy("After so many seconds on a page"), min_value=0, max_value=3600, initial=30, required=False
    )
    invites_on = forms.CharField(
        label=gettext_lazy("On pages whose path begins with"), max_length=200, required=False,
        help_text=gettext_lazy("Such as /checkout; empty means on all."),
    )  # fmt: skip
    invites_returning = forms.BooleanField(label=gettext_lazy("Only who has been here before"), required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), initial="auto", required=False,
        choices=[("auto", gettext_lazy("As the visitor's page")), *words.NAMES],
    )  # fmt: skip
    texts = forms.CharField(
        label=gettext_lazy("Texts of your own"), required=False, max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One a line, such as send = Enviar, or fr.send = Envoyer for one language. docs/chat.md names them all."
        ),
    )  # fmt: skip
    identity_secret = forms.CharField(
        label=gettext_lazy("Secret for signed visitors"), min_length=32, max_length=200, required=False,
        help_text=gettext_lazy(
            "At least 32 characters. Your server signs with it who is signed in; without one everybody is anonymous."
        ),
    )  # fmt: skip

    def clean_allowed_origins(self) -> list[str]:
        return origins.listed(self.cleaned_data["allowed_origins"])

    def clean_colour(self) -> str:
        colour = self.cleaned_data["colour"] or "#1f5f5b"
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise ValidationError(_("Write the colour as #1f5f5b."))
        return str(colour.lower())

    def clean_questions(self) -> list[str]:
        lines = [line.strip()[:120] for line in self.cleaned_data["questions"].splitlines() if line.strip(" *")]
        if len(lines) > MOST_QUESTIONS:
            raise ValidationError(_("At most %(most)d questions: each costs you visitors.") % {"most": MOST_QUESTIONS})
        return lines

    def clean_texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.cleaned_data["texts"].splitlines():
            if not line.strip():
                continue
            name, sign, text = (part.strip() for part in line.partition("="))
            if not sign or name.rpartition(".")[2] not in words.ENGLISH.keys() | words.COUNTED:
                raise ValidationError(_("“%(line)s” names no text of the chat.") % {"line": line.strip()[:80]})
            found[name] = text[:300]
        return found

    def clean(self) -> dict[str, Any]:
        """What was not chosen is as it is at first."""
        for name in ("position", "theme", "asks_name", "asks_email", "language", "invites_after"):
            if self.cleaned_data.get(name) in ("", None) and name not in self.errors:
                self.cleaned_data[name] = self.fields[name].initial
        return self.cleaned_data

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kept := kwargs.get("initial"):
            kwargs["initial"] = {**kept, **{name: _lines(kept[name]) for name in _LISTS if name in kept}}
        super().__init__(*args, **kwargs)
        if self.data:
            self.data = {name: _lines(value) if name in _LISTS else value for name, value in (self.data.items())}


_LISTS = ("allowed_origins", "questions", "texts")


def _lines(kept: Any) -> Any:
    """A list, or names with their texts, as one edits it."""
    if isinstance(kept, dict):
        return "\n".join(f"{name} = {text}" for name, text in kept.items())
    return "\n".join(kept) if isinstance(kept, list) else kept
