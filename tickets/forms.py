"""Forms of the workspace: they check and present; operations save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.operations import enclosing
from tickets.operations.status import NotPossible


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, with a limit on their total."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = [d for d in (data if isinstance(data, list | tuple) else [data]) if d]
        files = [super(FilesField, self).clean(d, initial) for d in given]
        try:
            enclosing.check([file.size for file in files])
        except NotPossible as why:
            raise forms.ValidationError(str(why)) from why
        return files


class MessageForm(forms.Form):
    """What all messages of ours have: words, files, and the key that makes them count once."""

    text = forms.CharField(
        label=_("Message"), max_length=200_000, required=False, widget=forms.Textarea(attrs={"rows": 5}), strip=True
    )
    files = FilesField(label=_("Files"), required=False)  # type: ignore[assignment]
    once = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    subject = forms.CharField(label=_("Subject"), required=False, max_length=300)
    to = forms.CharField(label=_("To"), required=False, max_length=20_000)
    cc = forms.CharField(label=_("Cc"), required=False, max_length=20_000)
    bcc = forms.CharField(label=_("Bcc"), required=False, max_length=20_000)
