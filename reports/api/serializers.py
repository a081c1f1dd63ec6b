"""Figures as they are sent: raw numbers, null where nothing is known, and how the page says them."""

from typing import Any

from rest_framework import serializers

from reports.definitions import VERSION
from reports.pages import Page
from reports.showing import exports
from reports.showing.blocks import Report


class ChosenSerializer(serializers.Serializer[Any]):
    """What was asked for; days are of the zone, `to` included."""

    zone = serializers.CharField()
    inbox = serializers.IntegerField(allow_null=True)
    team = serializers.IntegerField(allow_null=True)
    channel = serializers.CharField(allow_null=True)
    topic = serializers.CharField(allow_null=True)
    compare = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, so it is no attribute."""
        return {"from": serializers.DateField(), "to": serializers.DateField(), **super().get_fields()}


class ChangeSerializer(serializers.Serializer[Any]):
    """The difference to the period compared with; nobody should say up or down unless `is_clear`."""

    before = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    is_clear = serializers.BooleanField()
    is_better = serializers.BooleanField(allow_null=True)
    said = serializers.CharField()


class FigureSerializer(serializers.Serializer[Any]):
    """One number, what it was counted from, and its interval (95 in 100) where it has one."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a name that Field has too
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    n = serializers.IntegerField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    said = serializers.CharField()
    change = ChangeSerializer(allow_null=True)


class TableSerializer(serializers.Serializer[Any]):
    """The numbers of one chart: a row a slice, its name first, then a value a column."""

    key = serializers.CharField()
    title = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField())
    note = serializers.CharField(allow_blank=True)


class ReportSerializer(serializers.Serializer[Any]):
    """One report page."""

    page = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.ListField(child=serializers.CharField())
    chosen = ChosenSerializer()
    computed_at = serializers.DateTimeField()
    figures = FigureSerializer(many=True)
    tables = TableSerializer(many=True)
    basis = serializers.ListField(child=serializers.CharField())
    #: the day of the newest change of a definition
    definitions_of = serializers.DateField()


class PageSerializer(serializers.Serializer[Any]):
    """A report there is."""

    key = serializers.CharField()
    name = serializers.CharField()
    question = serializers.CharField()
    group = serializers.CharField()


def shown(page: Page, report: Report) -> dict[str, Any]:
    """A report in the shape of `ReportSerializer`."""
    chosen = report.chosen
    return {
        "page": page.key,
        "question": page.question,
        "answer": report.answer,
        "chosen": {
            "from": chosen.first, "to": chosen.last, "zone": chosen.zone, "inbox": chosen.inbox, "team": chosen.team,
            "channel": chosen.channel, "topic": chosen.topic, "compare": chosen.compare,
        },
        "computed_at": report.taken_at,
        "figures": list(report.lines()),
        "tables": [
            {
                "key": chart.key, "title": chart.title, "columns": rows[0], "note": chart.note, "rows": rows[1:],
            }
            for chart in report.charts() if (rows := exports.table(chart))
        ],
        "definitions_of": VERSION,
        "basis": report.basis,
    }  # fmt: skip
