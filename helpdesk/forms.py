"""Forms of the ground floor's settings."""

from datetime import time, timedelta
from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from helpdesk import addresses, clock, limits
from helpdesk.models import Agent, Calendar, CalendarVersion, House, SpecialDay, Team

DAYS = [
    ("mon", _("Monday")), ("tue", _("Tuesday")), ("wed", _("Wednesday")), ("thu", _("Thursday")),
    ("fri", _("Friday")), ("sat", _("Saturday")), ("sun", _("Sunday")),
]  # fmt: skip


def field_of(form: forms.BaseForm, name: str) -> Any:
    """A field of a form as what it is: Django's types know of some field only, with neither choices nor rows."""
    return form.fields[name]


def zones() -> list[tuple[str, str]]:
    """Every time zone, by name."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class AgentForm(forms.ModelForm):
    """Somebody who works here. A new one sets their password by the mail they get."""

    zone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial=settings.TIME_ZONE)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("as the browser asks")), *settings.LANGUAGES], required=False
    )

    class Meta:
        model = Agent
        fields = ["name", "email", "role", "teams", "language", "zone"]
        widgets = {"teams": forms.CheckboxSelectMultiple}

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if Agent.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Somebody here already has this address."))
        if words := addresses.objection(email):
            raise forms.ValidationError(words)
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        loses = self.instance.pk and self.instance.is_active and data.get("role") != "admin"
        if loses and not Agent.objects.active().filter(role="admin").exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("This is the only admin: make somebody else an admin first."))
        return data

    def save(self, commit: bool = True) -> Agent:
        if self.instance.pk is None:
            self.instance.set_unusable_password()
        return super().save(commit)


class WorkingForm(forms.ModelForm):
    """How the helpdesk behaves for one agent."""

    class Meta:
        model = Agent
        fields = ["theme", "after_act"]
        widgets = {"theme": forms.RadioSelect, "after_act": forms.RadioSelect}


class JoiningForm(forms.Form):
    """What somebody who was invited says of themselves."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"), max_length=4096, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters. A sentence is good."),
    )  # fmt: skip

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        password_validation.validate_password(password, self.agent)
        return password


class SignInForm(LoginForm):
    """allauth's, with an end to passwords: hashing a very long one takes long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].validators.append(MaxLengthValidator(4096))


class ForgottenForm(ResetPasswordForm):
    """allauth's; who was invited and never came has no password that could be forgotten."""

    def clean_email(self) -> str:
        email: str = super().clean_email()
        found: list[Agent] = self.users  # type: ignore[has-type]
        self.users = [user for user in found if user.has_usable_password()]
        return email


class HouseForm(forms.ModelForm):
    """What holds for everybody."""

    class Meta:
        model = House
        fields = ["requires_second_factor"]


class ProfileForm(forms.ModelForm):
    """What agents change about themselves."""

    zone = forms.ChoiceField(label=_("Time zone"), choices=zones)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("as the browser asks")), *settings.LANGUAGES], required=False
    )

    class Meta:
        model = Agent
        fields = ["name", "language", "zone", "signature"]
        widgets = {"signature": forms.Textarea(attrs={"rows": 3})}


class TeamForm(forms.ModelForm):
    """A group of agents."""

    members = forms.ModelMultipleChoiceField(
        label=_("Members"), queryset=Agent.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Team
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = self.fields["members"]
        assert isinstance(members, forms.ModelMultipleChoiceField)
        members.queryset = Agent.objects.active()
        if self.instance.pk:
            members.initial = self.instance.members.all()

    def save(self, commit: bool = True) -> Team:
        team = super().save(commit)
        team.members.set(self.cleaned_data["members"])
        return team


def read_hours(text: str) -> list[list[str]]:
    """ "09:00-12:30, 13:00-17:00" as intervals; "" is closed. Raises ValidationError in plain words."""
    intervals: list[list[str]] = []
    for part in filter(None, (p.strip() for p in text.replace("–", "-").split(","))):
        opens, dash, closes = (p.strip() for p in part.partition("-"))
        if not dash or not _is_clock(opens) or not (_is_clock(closes) or closes == "24:00"):
            raise forms.ValidationError(_("Write hours like 09:00-17:00, several with commas between them."))
        opens, closes = opens.zfill(5), closes.zfill(5)
        if closes <= opens or (intervals and opens < intervals[-1][1]):
            raise forms.ValidationError(_("Each interval must end after it begins, and begin after the one before."))
        intervals.append([opens, closes])
    return intervals


def _is_clock(text: str) -> bool:
    try:
        time.fromisoformat(text.zfill(5))
    except ValueError:
        return False
    return len(text) in (4, 5) and ":" in text


def write_hours(intervals: list[list[str]]) -> str:
    """The reverse of `read_hours`."""
    return ", ".join(f"{opens}-{closes}" for opens, closes in intervals)


class CalendarForm(forms.ModelForm):
    """Opening hours. Changed hours hold from a day on, so that older numbers keep the hours they were made under."""

    zone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial=settings.TIME_ZONE)
    valid_from = forms.DateField(
        label=_("These hours hold from"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty to correct the hours in force; give a day to keep the old ones for the time before."),
    )  # fmt: skip
    holidays = forms.CharField(
        label=_("Holidays and special days"), required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One a line: 2026-12-25 Christmas Day, or with hours: 2026-12-24 09:00-12:00 Christmas Eve."),
    )  # fmt: skip

    class Meta:
        model = Calendar
        fields = ["name", "zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = self.instance.versions.last() if self.instance.pk else None
        for key, name in DAYS:
            initial = (
                write_hours(latest.weekly.get(key, [])) if latest else "09:00-17:00" if key not in "satsun" else ""
            )
            self.fields[key] = forms.CharField(label=name, required=False, initial=initial)
        if self.instance.pk:
            self.fields["holidays"].initial = "\n".join(
                " ".join(filter(None, [d.date.isoformat(), write_hours(d.hours), d.name]))
                for d in self.instance.special_days.all()
            )
        self.order_fields(["name", "zone", *(key for key, _name in DAYS), "valid_from", "holidays"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        weekly: dict[str, list[list[str]]] = {}
        for key, _name in DAYS:
            try:
                if intervals := read_hours(data.get(key) or ""):
                    weekly[key] = intervals
            except forms.ValidationError as error:
                self.add_error(key, error)
        if not weekly and not self.errors:
            self.add_error("mon", _("A calendar needs at least one open hour in the week."))
        data["weekly"] = weekly
        return data

    def clean_holidays(self) -> list[dict[str, Any]]:
        days: dict[str, dict[str, Any]] = {}
        for row in str(self.cleaned_data["holidays"]).splitlines():
            if not row.strip():
                continue
            date_text, _space, rest = row.strip().partition(" ")
            try:
                date = forms.DateField(input_formats=["%Y-%m-%d"]).clean(date_text)
            except forms.ValidationError:
                raise forms.ValidationError(
                    _("“%(row)s” does not begin with a date like 2026-12-25.") % {"row": row.strip()[:60]}
                ) from None
            first, _space, name = rest.strip().partition(" ")
            hours = read_hours(first) if first[:1].isdigit() and "-" in first else []
            days[date_text] = {"date": date, "hours": hours, "name": (name if hours else rest.strip())[:80]}
        return list(days.values())

    def save(self, commit: bool = True) -> Calendar:
        calendar = super().save(commit)
        weekly, valid_from = self.cleaned_data["weekly"], self.cleaned_data["valid_from"]
        latest = calendar.versions.last()
        if valid_from is None:
            valid_from = latest.valid_from if latest else None
        CalendarVersion.objects.update_or_create(calendar=calendar, valid_from=valid_from, defaults={"weekly": weekly})
        calendar.special_days.all().delete()
        SpecialDay.objects.bulk_create(SpecialDay(calendar=calendar, **day) for day in self.cleaned_data["holidays"])
        return calendar


class ApiTokenForm(forms.Form):
    """What a key is for, and how far it opens."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("The program that will use it, so that you know later.")
    )
    may = forms.ChoiceField(
        label=_("It may"), choices=[("read", _("Read")), ("write", _("Read and change"))], initial="write",
        widget=forms.RadioSelect, required=False,
    )  # fmt: skip
    inboxes = forms.TypedMultipleChoiceField(
        label=_("Only in these inboxes"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen is all that you see."),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=_("Works for"), coerce=int, empty_value=None, required=False,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("until I revoke it"))], initial=90,
    )  # fmt: skip

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if choices := limits.inboxes_of(agent):
            field_of(self, "inboxes").choices = choices
        else:
            del self.fields["inboxes"]

    @property
    def limits(self) -> dict[str, Any]:
        """The fields of the token to be."""
        days = self.cleaned_data.get("days")
        return {
            "may_write": self.cleaned_data.get("may") != "read",
            "inboxes": self.cleaned_data.get("inboxes") or None,
            "expires_at": clock.now() + timedelta(days=days) if days else None,
        }
