"""The reports for programs: the same figures as on the page and in the CSV."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import problems
from helpdesk.api.views import ApiView
from helpdesk.models import Agent
from reports import figures
from reports.api import serializers
from reports.forms import CHANNELS, PRESETS, FilterForm

PARAMETERS = [
    OpenApiParameter("period", OpenApiTypes.STR, enum=[key for key, _name in PRESETS],
                     description="`custom` takes the days from `from` and `to`; left out, it is what they say, or 28."),
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day, in the zone."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day, included."),
    OpenApiParameter("zone", OpenApiTypes.STR, description="An IANA time zone; left out, that of the token's agent."),
    OpenApiParameter("inbox", OpenApiTypes.INT, description="An inbox's id; left out, all you may see."),
    OpenApiParameter("team", OpenApiTypes.INT, description="A team's id."),
    OpenApiParameter("channel", OpenApiTypes.STR, enum=list(CHANNELS)),
]  # fmt: skip
_KNOWN = frozenset(parameter.name for parameter in PARAMETERS)


class Service(ApiView):
    """The service report."""

    @extend_schema(
        operation_id="reports_service", summary="Read the service report", tags=["reports"],
        parameters=PARAMETERS, responses=serializers.ServiceSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Volume, first response, resolution, CSAT and response rate of a period, of the inboxes you may see."""
        if not isinstance(request.user, Agent) or not request.user.may_reply:
            raise PermissionDenied
        for name in request.query_params:
            if name not in _KNOWN:
                raise problems.BadQuery(name, _("There is no such parameter."))
        form = FilterForm(request.user, request.query_params)
        for name, errors in form.errors.items():
            raise problems.BadQuery(name, " ".join(map(str, errors)))
        found = figures.service(form.filter)
        return Response(serializers.ServiceSerializer(serializers.shown(found)).data)
