"""The reports for programs: the same figures as on the page and in the CSV."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import channel_names
from helpdesk.api import problems
from helpdesk.api.views import ApiView
from helpdesk.models import Agent
from reports import pages
from reports.api import serializers
from reports.forms import MODELS, OUTCOMES, PRESETS, FilterForm

PARAMETERS = [
    OpenApiParameter("period", OpenApiTypes.STR, enum=[key for key, _name in PRESETS],
                     description="`custom` takes the days from `from` and `to`; left out, it is what they say, or 28."),
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day, in the zone."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day, included."),
    OpenApiParameter("zone", OpenApiTypes.STR, description="An IANA time zone; left out, that of the token's agent."),
    OpenApiParameter("inbox", OpenApiTypes.INT, description="An inbox's id; left out, all you may see."),
    OpenApiParameter("team", OpenApiTypes.INT, description="A team's id."),
    OpenApiParameter("channel", OpenApiTypes.STR, enum=list(channel_names.every())),
    OpenApiParameter("topic", OpenApiTypes.STR, description="A topic's id."),
    OpenApiParameter("compare", OpenApiTypes.STR, enum=["before", "year"],
                     description="With the days before, or the same days a year ago."),
    OpenApiParameter("outcome", OpenApiTypes.STR, enum=[key for key, _name in OUTCOMES if key],
                     description="What a good answer is in the report `drivers`; left out, satisfied (CSAT)."),
    OpenApiParameter("model", OpenApiTypes.STR, enum=[key for key, _name in MODELS if key],
                     description="With the regression in the report `drivers`."),
]  # fmt: skip
_KNOWN = frozenset(parameter.name for parameter in PARAMETERS)


class ReportsView(ApiView):
    """The reports there are."""

    @extend_schema(
        operation_id="reports_list", summary="List the reports", tags=["reports"],
        responses=serializers.PageSerializer(many=True),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Every report page: its key, its name, the question it answers, and its group."""
        _must_read_reports(request)
        return Response(serializers.PageSerializer(pages.all_pages(), many=True).data)


def _must_read_reports(request: Request) -> Agent:
    if not isinstance(request.user, Agent) or not request.user.may_reply:
        raise PermissionDenied
    return request.user


class ReportView(ApiView):
    """One report page."""

    @extend_schema(
        operation_id="reports_read", summary="Read a report", tags=["reports"],
        parameters=[OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH, description="A report's key."),
                    *PARAMETERS],
        responses=serializers.ReportSerializer,
    )  # fmt: skip
    def get(self, request: Request, key: str) -> Response:
        """Every figure and every table of a report page, of the inboxes you may see."""
        agent = _must_read_reports(request)
        page = pages.find(key)
        if page is None:
            raise Http404
        for name in request.query_params:
            if name not in _KNOWN:
                raise problems.BadQuery(name, _("There is no such parameter."))
        form = FilterForm(agent, request.query_params)
        for name, errors in form.errors.items():
            raise problems.BadQuery(name, " ".join(map(str, errors)))
        return Response(serializers.ReportSerializer(serializers.shown(page, page.build(form.filter))).data)
