"""The form that makes a view: a name, who sees it, its order, and a row a condition. Works as plain HTML.

A row's value is a list to choose from where there is one, else words. Which it is depends on what the row is about, so
the form is drawn anew when that changes: by the script at once, without scripts by the button beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from helpdesk import channel_names
from helpdesk.models import Agent, Team
from tickets import conditions, lists, search_meaning, time_words, watching
from tickets.conditions import BARE, MANY, OPERATORS, BadCondition, Condition, Field
from tickets.models import CustomField, Inbox, SavedView, Tag
from tickets.operations import viewing

#: what a row's value is picked from, beyond that it is typed
MOST_CHOICES = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose, and whether it is."""

    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A condition as the form shows it."""

    number: int
    about: Field
    operator: str
    values: Sequence[str]
    fields: Sequence[Choice]
    operators: Sequence[Choice]
    choices: Sequence[Choice]

    @property
    def wants_value(self) -> bool:
        return self.operator not in BARE

    @property
    def takes_many(self) -> bool:
        return self.operator in MANY

    @property
    def text(self) -> str:
        return ", ".join(self.values)

    @property
    def hint(self) -> str:
        """What to type, by example."""
        length = self.operator in ("more_than", "less_than")
        return {
            "moment": _("7 days") if length else _("2026-03-01, 7 days ago, today"),
            "working": _("4 hours"),
            CustomField.Kind.DATE: _("2026-03-01, today"),
            CustomField.Kind.NUMBER: "10",
            "customer": _("a name or an address"),
            "tag": _("refund, vip") if self.takes_many else _("refund"),
        }.get(self.about.values, "")


@dataclass(slots=True)
class ViewForm:
    """What was filled in."""

    name: str
    order: str
    scope: str
    team: int | None
    group_by: str
    raw: list[Condition]
    columns: list[str]
    query: str = ""

    @classmethod
    def of(cls, view: SavedView) -> "ViewForm":
        return cls(
            view.name,
            view.order,
            view.scope,
            view.team_id,
            view.group_by,
            list(view.conditions),
            list(view.columns),
            view.query,
        )

    @classmethod
    def of_list(cls, view: lists.View) -> "ViewForm":
        """A list on screen, to be narrowed or saved."""
        wanted = list(view.conditions) or conditions.read(view.as_where)
        order = view.order.name if view.order.name in lists.CHOOSABLE else "waiting"
        return cls("", order, SavedView.Scope.PRIVATE, None, view.group_by, wanted, list(view.columns), view.words)

    @classmethod
    def posted(cls, data: QueryDict) -> "ViewForm":
        """As it was sent; nothing of it is checked yet."""
        team = data.get("team", "")
        raw: list[Condition] = []
        for number in range(conditions.MOST + 1):
            key = data.get(f"field-{number}", "")
            if not key:
                continue
            operator = data.get(f"is-{number}", "is")
            values = [one for one in data.getlist(f"value-{number}") if one.strip()]
            if operator in MANY:
                # a list to choose from sends each alone, words are separated by commas
                values = [part.strip() for one in values for part in one.split(",") if part.strip()]
            value: Any = values if operator in MANY else (values[0] if values else "")
            raw.append({"field": key, "is": operator, "value": value})
        return cls(
            data.get("name", "")[:200], data.get("order", "waiting"), data.get("scope", ""),
            int(team) if team.isascii() and team.isdigit() and len(team) < 18 else None, data.get("group_by", ""), raw,
            data.getlist("columns")[:30], data.get("query", "")[:300].replace("\x00", ""),
        )  # fmt: skip

    def add(self) -> None:
        """One more row."""
        self.raw.append({"field": "tag", "is": "is", "value": ""})

    def remove(self, number: int) -> None:
        """One row less."""
        if 0 <= number < len(self.raw):
            del self.raw[number]

    def take_qualifiers(self, agent: Agent) -> str:
        """What is written as in search ("tag:refund") becomes conditions; why it cannot, else "".

        Among the words of a view it would mean nothing, and the view would list everything.
        """
        query = search_meaning.parse(self.query, agent)
        wrong = [chip.text for chip in query.chips if chip.why]
        if wrong or query.more or query.everywhere:
            raw = wrong[0] if wrong else self.query
            return _("“%(words)s” cannot be kept in a view; choose a condition instead.") % {"words": raw}
        if query.conditions:
            self.raw, self.query = [*self.raw, *query.conditions], query.words
        return ""

    def given(self, agent: Agent) -> dict[str, Any]:
        """What `viewing.save` wants."""
        return {
            "name": self.name, "conditions": self.raw, "order": self.order, "scope": self.scope,
            "team": Team.objects.filter(pk=self.team).first() if self.team else None, "group_by": self.group_by,
            "columns": self.columns, "query": self.query,
        }  # fmt: skip

    def context(self, agent: Agent) -> dict[str, Any]:
        """What the template shows."""
        known = conditions.fields()
        scopes = SavedView.Scope.choices if viewing.may_share(agent) else SavedView.Scope.choices[:1]
        groups = dict(group_names())
        columns = column_names()
        return {
            "form": self,
            "rows": [_row(number, one, known, agent) for number, one in enumerate(self.raw)],
            "orders": [Choice(n, str(lists.ORDERS[n].label), n == self.order) for n in lists.CHOOSABLE],
            "scopes": [Choice(value, str(label), value == self.scope) for value, label in scopes],
            "teams": [Choice(str(t.pk), t.name, t.pk == self.team) for t in _teams(agent)],
            "groups": [Choice(value, groups[value], value == self.group_by) for value in viewing.GROUPS],
            "columns": [Choice(value, label, value in self.columns) for value, label in columns],
            "all_tags": list(Tag.objects.values_list("name", flat=True)[:500]),
        }


def group_names() -> list[tuple[str, str]]:
    """What a list can be grouped by."""
    return [
        ("", _("No groups")), ("inbox", _("Inbox")), ("assignee", _("Assignee")), ("priority", _("Priority")),
        ("type", _("Type")), ("day", _("Day")),
    ]  # fmt: skip


def column_names() -> list[tuple[str, str]]:
    """What a row can show besides what it always does."""
    return [
        ("tags", _("Tags")), ("assignee", _("Assignee")), ("inbox", _("Inbox")), ("priority", _("Priority")),
        ("type", _("Type")), ("status", _("Status")), ("created", _("Created")),
        *((f"field:{key}", name) for key, name in watching.own_fields()),
    ]  # fmt: skip


def _teams(agent: Agent) -> list[Team]:
    return list(Team.objects.all() if agent.is_admin else agent.teams.all())


def _row(number: int, one: Condition, known: Sequence[Field], agent: Agent) -> Row:
    about = next((field for field in known if field.key == one.get("field")), conditions.FIELDS["tag"])
    operator = str(one.get("is", "is"))
    if operator not in about.operators:
        operator = about.operators[0]
    given = one.get("value", "")
    values = ["yes" if v is True else "no" if v is False else str(v) for v in (
        given if isinstance(given, list) else [given]
    ) if v not in ("", None)]  # fmt: skip
    if conditions.is_time(about):
        values = [time_words.said(one) for one in values]
    return Row(
        number, about, operator, values,
        [Choice(field.key, str(field.label), field is about) for field in known],
        [Choice(name, str(OPERATORS[name]), name == operator) for name in about.operators],
        [Choice(value, label, value in values) for value, label in _choices(about, agent)],
    )  # fmt: skip


def _choices(about: Field, agent: Agent) -> list[tuple[str, str]]:
    """What a value is chosen from; none where it is typed."""
    match about.values:
        case "ours":
            return [(value, str(label)) for value, label in conditions.CHOICES[about.key].choices]
        case "agent":
            people = Agent.objects.active().order_by("name")[:MOST_CHOICES]
            return [("me", _("me")), *((str(one.pk), one.name) for one in people)]
        case "team":
            return [("my_teams", _("my teams")), *((str(one.pk), one.name) for one in Team.objects.all())]
        case "inbox":
            return [(str(one.pk), one.name) for one in Inbox.objects.visible_to(agent)]
        case "channel":
            return [(kind, str(name)) for kind, name in channel_names.every().items()]
        case "has":
            return [(value, str(label)) for value, label in conditions.HAS.items()]
        case "upper":
            return list(conditions.UPPER[about.key].choices())
        case CustomField.Kind.CHECKBOX:
            return [("yes", _("yes")), ("no", _("no"))]
        case CustomField.Kind.CHOICE:
            custom = CustomField.objects.filter(key=about.key.removeprefix("field:")).first()
            return [(str(one), str(one)) for one in custom.choices] if custom else []
    return []


def cleaned(raw: Sequence[Condition]) -> tuple[list[Condition], str]:
    """The conditions, or why not in words."""
    try:
        return conditions.clean(list(raw)), ""
    except BadCondition as why:
        return [], str(why)
