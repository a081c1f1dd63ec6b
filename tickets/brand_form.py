"""The form of a brand."""

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import pictures
from helpdesk.models import File
from tickets.models import Brand, Inbox

MOST_BYTES = 200 * 1024
MOST_SIDE = 2000
TYPES = ("image/png", "image/jpeg", "image/webp")


def _asked_for(field: "models.Field[Any, Any]", **more: Any) -> forms.Field | None:
    """Addresses are typed without their beginning: it is https."""
    if isinstance(field, models.URLField):
        more["assume_scheme"] = "https"
    return field.formfield(**more)


class BrandForm(forms.ModelForm):
    """A name, a colour, a logo, and the inboxes that look so."""

    logo_file = forms.FileField(
        label=_("Logo"), required=False, widget=forms.FileInput(attrs={"accept": ",".join(TYPES)}),
        help_text=_("PNG, JPEG or WebP, at most 200 kB. It is shown 48 pixels high."),
    )  # fmt: skip
    drops_logo = forms.BooleanField(label=_("Without the logo"), required=False)
    inboxes = forms.ModelMultipleChoiceField(
        label=_("Inboxes"), queryset=Inbox.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Their surveys and acknowledgements look like this."),
    )  # fmt: skip

    class Meta:
        model = Brand
        fields = ["name", "colour", "website", "footer"]
        widgets = {"colour": forms.TextInput(attrs={"type": "color"})}
        formfield_callback = _asked_for
        help_texts = {"colour": _("Where text in it would be hard to read, the nearest shade that is not is used.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["inboxes"].initial = self.instance.inboxes.all()
        if not self.instance.logo_id:
            del self.fields["drops_logo"]
        self.order_fields(["name", "colour", "logo_file", "drops_logo", "website", "footer", "inboxes"])

    def clean_website(self) -> str:
        website = str(self.cleaned_data["website"])
        if website and not website.startswith(("http://", "https://")):
            raise forms.ValidationError(_("Write an address that begins with https://."))
        return website

    def clean_logo_file(self) -> bytes | None:
        """The bytes, if they are what they claim: their beginning says so, not their name."""
        given = self.cleaned_data["logo_file"]
        if not given:
            return None
        if given.size > MOST_BYTES:
            raise forms.ValidationError(_("A logo has at most 200 kB."))
        content: bytes = given.read()
        seen = pictures.look(content)
        if seen is None or seen.media_type not in TYPES or not seen.is_sane or max(seen.width, seen.height) > MOST_SIDE:
            raise forms.ValidationError(_("This is no PNG, JPEG or WebP of at most 2,000 pixels a side."))
        self.media_type = seen.media_type
        return content

    def save(self, commit: bool = True) -> Brand:
        brand = super().save(commit=False)
        if content := self.cleaned_data.get("logo_file"):
            brand.logo, brand.logo_type = File.objects.store(content), self.media_type
        elif self.cleaned_data.get("drops_logo"):
            brand.logo, brand.logo_type = None, ""
        brand.save()
        brand.inboxes.set(self.cleaned_data["inboxes"])
        return brand
