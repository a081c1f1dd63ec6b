"""The form above a report. Page, CSV and API are asked in the same words."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Topic
from helpdesk import channel_names, clock
from helpdesk.forms import field_of
from helpdesk.models import Agent, Role
from reports import periods
from reports.charts.markup import escaped
from reports.models import SavedReport
from reports.operations import saving
from reports.reading import Filter, inboxes_for, teams_for
from tickets.models import Inbox

LONGEST_DAYS = 5 * 366
DEFAULT_PRESET = "28"
PRESETS: tuple[tuple[str, str | Promise], ...] = (
    ("7", _("Last 7 days")),
    ("28", _("Last 28 days")),
    ("90", _("Last 90 days")),
    ("365", _("Last 365 days")),
    ("month", _("This month")),
    ("last_month", _("Last month")),
    ("custom", _("Chosen days")),
)
COMPARED: tuple[tuple[str, str | Promise], ...] = (
    ("", _("with nothing")),
    ("before", _("with the days before")),
    ("year", _("with a year ago")),
)
OUTCOMES: tuple[tuple[str, str | Promise], ...] = (
    ("", _("satisfied (CSAT)")),
    ("ces2", _("found it easy (CES)")),
)
MODELS: tuple[tuple[str, str | Promise], ...] = (
    ("", _("without")),
    ("logistic", _("logistic")),
)
_ASKED = ("period", "from", "to", "zone", "inbox", "team", "channel", "topic", "compare", "outcome", "model", "was")


class _Select(forms.Select):
    """As Django draws it, without a template for each choice: there are seven such fields above every report."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        options = "".join(
            f"<option{_written({'value': one['value'], **one['attrs']})}>{escaped(one['label'])}</option>"
            for _group, choices, _index in widget["optgroups"] for one in choices
        )  # fmt: skip
        return mark_safe(f"<select{_written({'name': name, **widget['attrs']})}>{options}</select>")  # noqa: S308


def _written(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{escaped(str(value))}"'
        for name, value in attributes.items() if value is not False
    )  # fmt: skip


class _Choice(forms.ChoiceField):
    widget = _Select


class _NumberChoice(forms.TypedChoiceField):
    widget = _Select


def _date(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


class FilterForm(forms.Form):
    """Which period and which tickets. Whatever is left out has a sensible value, and is shown with it."""

    period = _Choice(label=_("Period"), choices=PRESETS)
    zone = _Choice(label=_("Time zone"), error_messages={"invalid_choice": _("“%(value)s” is not a known time zone.")})
    inbox = _NumberChoice(label=_("Inbox"), required=False, coerce=int, empty_value=None)
    team = _NumberChoice(label=_("Team"), required=False, coerce=int, empty_value=None)
    channel = _Choice(label=_("Channel"), required=False)
    topic = _Choice(label=_("Topic"), required=False)
    compare = _Choice(label=_("Compare"), required=False, choices=COMPARED)
    #: asked by pages that name them in `asks`; hidden elsewhere, and kept
    outcome = _Choice(label=_("Good is"), required=False, choices=OUTCOMES, widget=forms.HiddenInput)
    model = _Choice(label=_("Regression"), required=False, choices=MODELS, widget=forms.HiddenInput)
    #: the period the form was shown with: who leaves it and enters days means the days
    was = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, agent: Agent, asked: Mapping[str, Any]) -> None:
        self.agent = agent
        self.inboxes = inboxes_for(agent)
        self.teams = teams_for([pk for pk, _name in self.inboxes])
        asked = {key: asked.get(key, "") for key in _ASKED}
        zones = _zones()
        own = agent.zone if agent.zone in zones else "UTC"
        asked["zone"] = asked["zone"] or own
        if asked["period"] in ("", asked["was"]):
            asked["period"] = "custom" if asked["from"] or asked["to"] else asked["period"] or DEFAULT_PRESET
        asked["was"] = asked["period"]
        super().__init__(asked)
        self.fields["from"] = _date(_("From"))
        self.fields["to"] = _date(pgettext_lazy("last day", "To"))
        self.order_fields(_ASKED)
        known = sorted({own, "UTC", *([asked["zone"]] if asked["zone"] in zones else [])})
        field_of(self, "zone").choices = [(zone, zone) for zone in known]
        field_of(self, "inbox").choices = [("", _("All inboxes")), *self.inboxes]
        field_of(self, "team").choices = [("", _("All teams")), *self.teams]
        self.topics = [(str(pk), name) for pk, name in Topic.objects.filter(is_active=True).values_list("pk", "name")]
        field_of(self, "topic").choices = [("", _("All topics")), *self.topics]
        if not self.topics:
            self.fields["topic"].widget = forms.HiddenInput()
        field_of(self, "channel").choices = [("", _("All channels")), *channel_names.every().items()]

    def ask(self, names: Sequence[str]) -> None:
        """Show the fields that only some pages have."""
        for name in names:
            field_of(self, name).widget = _Select(choices=field_of(self, name).choices)

    def clean(self) -> dict[str, Any]:
        """Work out the days a preset stands for."""
        said = super().clean() or {}
        zone, preset = said.get("zone"), said.get("period")
        if not zone or not preset:
            return said
        today = periods.local_day(clock.now(), zone)
        if preset == "custom":
            first, last = self._custom(said, today)
        else:
            first, last = days_of(preset, today)
        if first and last:
            said["first"], said["last"] = first, last
        return said

    def _custom(self, said: Mapping[str, Any], today: date) -> tuple[date | None, date | None]:
        first, last = said.get("from"), said.get("to")
        if "from" in self.errors or "to" in self.errors:
            return None, None
        last = last or today
        first = first or last - timedelta(days=27)
        if last < first:
            self.add_error("to", ValidationError(_("The last day is before the first.")))
        elif (last - first).days >= LONGEST_DAYS:
            self.add_error("from", ValidationError(_("A report covers at most five years.")))
        elif first.year < 1990 or last.year > 2200:
            self.add_error("from", ValidationError(_("A report covers days between 1990 and 2200.")))
        else:
            return first, last
        return None, None

    @property
    def filter(self) -> Filter:
        """What was asked for, once the form is valid."""
        said = self.cleaned_data
        inbox = said["inbox"]
        return Filter(
            first=said["first"],
            last=said["last"],
            zone=said["zone"],
            inboxes=(inbox,) if inbox is not None else tuple(pk for pk, _name in self.inboxes),
            inbox=inbox,
            team=said["team"],
            channel=said["channel"] or None,
            topic=said["topic"] or None,
            compare=said["compare"],
            outcome=said["outcome"],
            model=said["model"],
            preset=said["period"],
            visible=tuple(pk for pk, _name in self.inboxes),
            reader=self.agent.pk,
            is_lead=self.agent.is_lead,
        )

    def hide_days(self) -> None:
        """Ask for no period where the page is about this moment; what was chosen is kept for the other pages."""
        self.hide("period", "from", "to", "compare")

    def hide(self, *names: str) -> None:
        """Ask nothing that the page would not heed; what was chosen is kept for the other pages."""
        for name in names:
            self.fields[name].widget = forms.HiddenInput()

    def names(self) -> dict[str, str]:
        """The choice in words, for headings: period, zone, inbox, team, channel."""
        chosen = self.filter
        return {
            "inbox": dict(self.inboxes).get(chosen.inbox, "") if chosen.inbox is not None else "",
            "team": dict(self.teams).get(chosen.team, "") if chosen.team is not None else "",
            "channel": channel_names.name_of(chosen.channel) if chosen.channel else "",
            "topic": dict(self.topics).get(chosen.topic, "") if chosen.topic else "",
        }


class AnnotationForm(forms.Form):
    """What happened on which day, in one inbox or in all."""

    day = forms.DateField(
        label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        initial=lambda: timezone.localtime(clock.now()).date(),
    )  # fmt: skip
    text = forms.CharField(label=_("What happened"), max_length=200)
    inbox = forms.ModelChoiceField(label=_("Inbox"), queryset=Inbox.objects.none(), required=False)

    def __init__(self, agent: Agent, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["inbox"]
        field.queryset = Inbox.objects.visible_to(agent).order_by("name")  # type: ignore[attr-defined]
        if agent.role in (Role.LEAD, Role.ADMIN):
            field.empty_label = _("All inboxes")  # type: ignore[attr-defined]
        else:
            field.required = True


class SavedReportForm(forms.Form):
    """Under which name a report is kept, for whom, and when it is mailed to whom."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_shared = forms.BooleanField(
        label=_("For everybody who reads reports"), required=False,
        help_text=_("Each reader sees the figures of the inboxes they may see."),
    )  # fmt: skip
    cadence = forms.ChoiceField(label=_("Mail it"), choices=SavedReport.Cadence.choices, required=False)
    hour = forms.TypedChoiceField(
        label=_("At"), coerce=int, initial=7, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )
    recipients = forms.ModelMultipleChoiceField(
        label=_("To whom"), queryset=Agent.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, agent: Agent, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "recipients").queryset = saving.possible_recipients()
        self.fields["recipients"].initial = [agent.pk]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("cadence") and not said.get("recipients"):
            self.add_error("recipients", ValidationError(_("Say to whom it shall go.")))
        return said


@cache
def _zones() -> frozenset[str]:
    """The zones there are. Asking the system reads hundreds of files."""
    return frozenset(available_timezones())


def days_of(preset: str, today: date) -> tuple[date, date]:
    """The first and last day a preset stands for; the days still to come are not in it."""
    if preset == "month":
        return periods.first_day(today, "month"), today
    if preset == "last_month":
        last = periods.first_day(today, "month") - timedelta(days=1)
        return periods.first_day(last, "month"), last
    return today - timedelta(days=int(preset) - 1), today
