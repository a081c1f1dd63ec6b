"""Forms about customers and organisations: they check and present; operations save."""

from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from helpdesk.forms import field_of
from tickets import fields
from tickets.languages import LANGUAGES
from tickets.models import Customer, Organisation


def _languages() -> list[tuple[str, str]]:
    """The languages we can tell, by their names in the reader's."""
    reader = Locale.parse((get_language() or "en").replace("-", "_"), sep="_")
    named = [(code, str(Locale.parse(code).get_display_name(reader) or code)) for code in LANGUAGES]
    return [("", "–"), *sorted(named, key=lambda pair: pair[1].casefold())]


class CustomerForm(forms.Form):
    """Name, language, organisation and answers of a customer."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    language = forms.ChoiceField(
        label=_("Language"), choices=_languages, required=False,
        help_text=_("What goes out by itself, such as a confirmation, is in it."),
    )  # fmt: skip
    organisation = forms.CharField(
        label=_("Organisation"), max_length=200, required=False,
        widget=forms.TextInput(attrs={"list": "organisations", "autocomplete": "off"}),
        help_text=_("One that is not there yet is made."),
    )  # fmt: skip

    def __init__(self, data: Any, customer: Customer) -> None:
        kept = {
            "name": customer.name, "language": customer.language,
            "organisation": customer.organisation.name if customer.organisation else "",
        }  # fmt: skip
        super().__init__(data, initial=kept)
        if customer.language and customer.language not in LANGUAGES:
            field_of(self, "language").choices += [(customer.language, customer.language)]
        self.fields.update(fields.form_fields(fields.for_customer(customer)))

    @property
    def answers(self) -> dict[str, Any]:
        return fields.answered(self.cleaned_data)


class NewCustomerForm(forms.Form):
    """Somebody who has not written yet."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    address = forms.CharField(label=_("Mail address"), max_length=320, widget=forms.EmailInput)


class OrganisationForm(forms.Form):
    """Name, domain and answers of an organisation."""

    name = forms.CharField(label=_("Name"), max_length=200)
    domain = forms.CharField(
        label=_("Domain"), max_length=200, required=False,
        help_text=_("Who writes from it belongs to the organisation by itself, such as company.example."),
    )  # fmt: skip

    def __init__(self, data: Any, organisation: Organisation) -> None:
        super().__init__(data, initial={"name": organisation.name, "domain": organisation.domain})
        self.fields.update(fields.form_fields(fields.for_organisation(organisation)))

    @property
    def answers(self) -> dict[str, Any]:
        return fields.answered(self.cleaned_data)
