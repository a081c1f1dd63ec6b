"""Forms of the workspace: they check and present; operations save."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, with a limit on their total."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = [d for d in (data if isinstance(data, list | tuple) else [data]) if d]
        files = [super(FilesField, self).clean(d, initial) for d in given]
        if len(files) > 20:
            raise forms.ValidationError(_("At most 20 files can go with one message."))
        if sum(f.size for f in files) > settings.MAIL_MAX_MB * 1024 * 1024 // 2:
            most = settings.MAIL_MAX_MB // 2
            raise forms.ValidationError(_("These files are too large for mail: at most %(most)s MB.") % {"most": most})
        return files


class MessageForm(forms.Form):
    """A reply or a note."""

    text = forms.CharField(
        label=_("Message"), max_length=200_000, required=False, widget=forms.Textarea(attrs={"rows": 5}), strip=True
    )
    files = FilesField(label=_("Files"), required=False)  # type: ignore[assignment]
    once = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("text") and not data.get("files") and not self.errors:
            self.add_error("text", _("There is nothing to send yet."))
        return data
