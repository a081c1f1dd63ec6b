"""The form of a channel's account: plain fields, of which some are secrets that are kept encrypted and never shown."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _


class ConnectionForm(forms.Form):
    """What a channel asks for to sign in. A secret left empty stays as it is."""

    #: the fields that are kept encrypted
    secret: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, known: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.secret:
            field = self.fields[name]
            field.widget = forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=False)
            if name in known:
                field.required = False
                field.help_text = _("Kept, and shown to nobody. Leave it empty to keep it.")

    def config(self) -> dict[str, Any]:
        """What nobody needs to hide."""
        return {name: value for name, value in self.cleaned_data.items() if name not in self.secret}

    def secrets(self, before: dict[str, str]) -> dict[str, str]:
        """The secrets as they are from now on."""
        given = {name: self.cleaned_data[name] for name in self.secret if self.cleaned_data.get(name)}
        return {**before, **given}
