"""The form of a saved reply or a macro: its text, its actions one by one, and where it is offered."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.forms import field_of
from helpdesk.models import Agent, Team
from tickets import rich_text
from tickets.models import Inbox, Macro, Priority, Status, Tag, TicketType
from tickets.operations import macros
from tickets.operations.status import NotPossible

#: so many rows of actions are there to fill in, beyond those that are
SPARE_ROWS = 3


def offered_acts() -> list[tuple[str, list[tuple[str, str]]]]:
    """Acts to choose from, in groups: each as JSON and in words."""
    agents = [{"do": "assign", "agent": pk, "team": None} for pk in _people()]
    teams = [{"do": "assign", "agent": None, "team": pk} for pk in Team.objects.values_list("pk", flat=True)]
    tags = list(Tag.objects.order_by("name").values_list("name", flat=True)[:200])
    moments = ("tomorrow 9", "in 3 working days", "monday 9", "in 1 week", "in 1 month")
    groups: list[tuple[str, list[dict[str, Any]]]] = [
        (_("Status"), [
            {"do": "status", "to": one} for one in (Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.OPEN)
        ]),
        (_("Snooze"), [{"do": "snooze", "words": words} for words in moments]),
        (_("Give to"), [{"do": "take"}, *agents, *teams]),
        (_("Tag"), [{"do": "tag", "tag": name} for name in tags]),
        (_("Take off a tag"), [{"do": "untag", "tag": name} for name in tags]),
        (_("Priority"), [{"do": "priority", "to": one} for one in Priority.values]),
        (_("Type"), [{"do": "type", "to": one} for one in TicketType.values]),
        (_("More"), [{"do": "follow"}, {"do": "spam"}]),
    ]  # fmt: skip
    return [(title, [(_said(one["act"]), one["words"]) for one in macros.described(acts)]) for title, acts in groups]


def _people() -> list[int]:
    return list(Agent.objects.active().exclude(role="light").order_by("name").values_list("pk", flat=True)[:200])


def _said(act: Any) -> str:
    return json.dumps(act, sort_keys=True)


class MacroForm(forms.Form):
    """Reads what was written; `keep` gives it to the operation."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=macros.MOST_NAME,
        help_text=gettext_lazy("What one types after / to find it."),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("Text"), required=False, max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 8, "data-rich": "html", "dir": "auto"}),
    )  # fmt: skip
    html = forms.CharField(required=False, max_length=200_000, widget=forms.HiddenInput)
    inboxes = forms.ModelMultipleChoiceField(
        Inbox.objects.none(), label=gettext_lazy("Inboxes"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Where it is offered; in all of them if none is chosen."),
    )  # fmt: skip

    def __init__(self, data: Any, *, macro: Macro | None, is_own: bool, has_acts: bool) -> None:
        self.macro, self.is_own = macro, is_own
        initial: dict[str, Any] = {}
        if macro is not None:
            initial = {
                "name": macro.name, "text": rich_text.to_text(macro.html), "inboxes": macro.inboxes.all(),
            }  # fmt: skip
        super().__init__(data, initial=initial)
        self.fields["text"].help_text = _("Fields: %(fields)s. A fallback stands behind a bar: %(example)s") % {
            "fields": ", ".join(f"{{{{{name}}}}}" for name in macros.FIELDS),
            "example": "{{customer.first_name|there}}",
        }
        if macro is not None and macro.html:
            self.fields["text"].widget.attrs["data-html"] = macro.html
        field_of(self, "inboxes").queryset = Inbox.objects.active()
        self.rows = self._add_rows(macro.actions if macro else []) if has_acts else []
        if is_own:
            del self.fields["inboxes"]

    def _add_rows(self, acts: Sequence[Any]) -> list[str]:
        present = [(_said(one["act"]), one["words"]) for one in macros.described(acts)]
        offered = offered_acts()
        known = {value for _title, choices in offered for value, _words in choices}
        names = []
        for number in range(min(len(present) + SPARE_ROWS, macros.MOST_ACTIONS)):
            name = f"act_{number + 1}"
            own = [present[number]] if number < len(present) and present[number][0] not in known else []
            choices: list[Any] = [("", _("Nothing")), *own, *[(t, c) for t, c in offered if c]]
            self.fields[name] = forms.ChoiceField(
                label=_("Action %(number)s") % {"number": number + 1}, required=False, choices=choices,
                initial=present[number][0] if number < len(present) else "",
            )  # fmt: skip
            names.append(name)
        return names

    @property
    def written(self) -> str:
        """The HTML: the editor's, else made of the plain field."""
        data = self.cleaned_data
        return str(data["html"]) if data.get("html") else rich_text.from_text(data.get("text", ""))

    @property
    def acts(self) -> list[dict[str, Any]]:
        return [json.loads(said) for name in self.rows if (said := self.cleaned_data.get(name))]

    def keep(self, actor: Agent) -> Macro | None:
        """Save it; None when the operation refuses, and then the form says why."""
        try:
            return macros.save(
                self.macro, actor=actor, name=self.cleaned_data["name"], html=self.written,
                actions=self.acts if self.rows else (self.macro.actions if self.macro else []),
                inboxes=self.cleaned_data.get("inboxes"), is_own=self.is_own,
            )  # fmt: skip
        except NotPossible as why:
            self.add_error(None, str(why))
            return None
