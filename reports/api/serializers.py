"""Figures as they are sent: raw numbers, null where nothing is known."""

from typing import Any

from rest_framework import serializers

from reports.figures import Figures, Open, Times
from reports.statistics import Percentiles


class ChosenSerializer(serializers.Serializer[Any]):
    """What was asked for; days are of the zone, `to` included."""

    zone = serializers.CharField()
    inbox = serializers.IntegerField(allow_null=True)
    team = serializers.IntegerField(allow_null=True)
    channel = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, so it is no attribute."""
        return {"from": serializers.DateField(), "to": serializers.DateField(), **super().get_fields()}


class DurationsSerializer(serializers.Serializer[Any]):
    """Durations in seconds."""

    n = serializers.IntegerField()
    median_s = serializers.FloatField(allow_null=True)
    p90_s = serializers.FloatField(allow_null=True)


class UnfinishedSerializer(serializers.Serializer[Any]):
    """What is not finished now, whenever it came."""

    n = serializers.IntegerField()
    oldest_s = serializers.IntegerField(allow_null=True)


class TimesSerializer(serializers.Serializer[Any]):
    """By the calendar, and in business hours where any inbox chosen has them."""

    calendar = DurationsSerializer()
    business = DurationsSerializer(allow_null=True)
    left_out = serializers.DictField(child=serializers.IntegerField())
    unfinished = UnfinishedSerializer()


class VolumeSerializer(serializers.Serializer[Any]):
    """What came in, and what was resolved."""

    created = serializers.IntegerField()
    resolved = serializers.IntegerField()
    by_channel = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.DictField(child=serializers.IntegerField())


class CsatSerializer(serializers.Serializer[Any]):
    """The share of 4 and 5 with its Wilson interval. All but `n` is null below five answers."""

    n = serializers.IntegerField()
    satisfied = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    bottom2 = serializers.FloatField(allow_null=True)
    distribution = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    is_hidden = serializers.BooleanField()
    has_few_answers = serializers.BooleanField()


class ResponseRateSerializer(serializers.Serializer[Any]):
    """Of the surveys sent in the period that arrived, how many were answered so far."""

    delivered = serializers.IntegerField()
    answered = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    held_back = serializers.DictField(child=serializers.IntegerField(), help_text="Customers not asked, by the reason.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class SliceSerializer(serializers.Serializer[Any]):
    """One slice of the period, [start, end)."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    created = serializers.IntegerField()
    resolved = serializers.IntegerField()
    first_response = DurationsSerializer()
    resolution = DurationsSerializer()


class AnswerSliceSerializer(serializers.Serializer[Any]):
    """The answers of one slice of the period; `n` is null too where it is hidden."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    n = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ServiceSerializer(serializers.Serializer[Any]):
    """The service report."""

    chosen = ChosenSerializer()
    computed_at = serializers.DateTimeField()
    volume = VolumeSerializer()
    first_response = TimesSerializer()
    resolution = TimesSerializer()
    csat = CsatSerializer()
    response_rate = ResponseRateSerializer()
    unit = serializers.CharField()
    slices = SliceSerializer(many=True)
    answers_unit = serializers.CharField()
    answer_slices = AnswerSliceSerializer(many=True)


def shown(figures: Figures) -> dict[str, Any]:
    """The figures in the shape of `ServiceSerializer`."""
    chosen, csat, rate = figures.chosen, figures.csat, figures.response_rate
    hidden = figures.hides_csat
    return {
        "chosen": {
            "from": chosen.first, "to": chosen.last, "zone": chosen.zone, "inbox": chosen.inbox, "team": chosen.team,
            "channel": chosen.channel,
        },
        "computed_at": figures.taken_at,
        "volume": {
            "created": figures.volume.created,
            "resolved": figures.volume.resolved,
            "by_channel": {channel or "": n for channel, n in figures.volume.by_channel.items()},
            "left_out": figures.volume.left_out,
        },
        "first_response": _times(figures.first_response, figures),
        "resolution": _times(figures.resolution, figures),
        "csat": {
            "n": csat.n,
            **({} if hidden else {
                "satisfied": csat.satisfied, "share": csat.share, "low": csat.low, "high": csat.high,
                "bottom2": csat.bottom2, "distribution": csat.distribution,
            }),
            "is_hidden": hidden,
            "has_few_answers": figures.has_few_answers,
        },
        "response_rate": {
            "delivered": rate.delivered, "answered": rate.answered, "rate": rate.rate, "low": rate.low,
            "high": rate.high, "held_back": {reason or "": n for reason, n in figures.held_back.items()},
        },
        "unit": figures.unit,
        "slices": [
            {
                "start": one.period.start, "end": one.period.end, "created": one.created, "resolved": one.resolved,
                "first_response": _durations(one.first_response), "resolution": _durations(one.resolution),
            }
            for one in figures.slices
        ],
        "answers_unit": figures.answers_unit,
        "answer_slices": [
            {
                "start": one.period.start, "end": one.period.end,
                **({} if one.is_hidden or hidden else {
                    "n": one.csat.n, "share": one.csat.share, "low": one.csat.low, "high": one.csat.high,
                }),
            }
            for one in figures.answer_slices
        ],
    }  # fmt: skip


def _times(times: Times, figures: Figures) -> dict[str, Any]:
    return {
        "calendar": _durations(times.calendar),
        "business": None if times.business is None else _durations(times.business),
        "left_out": dict(times.left_out),
        "unfinished": _unfinished(times.unfinished, figures),
    }


def _unfinished(unfinished: Open, figures: Figures) -> dict[str, Any]:
    return {"n": unfinished.n, "oldest_s": unfinished.age_s(figures.taken_at)}


def _durations(durations: Percentiles) -> dict[str, Any]:
    return {"n": durations.n, "median_s": durations.p50, "p90_s": durations.p90}
