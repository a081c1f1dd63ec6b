"""Where mail providers report what became of our mails: an address for each inbox."""

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tickets.channels.email import provider_reports
from tickets.models import OutgoingServer
from tickets.operations import sending

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def reports(request: HttpRequest, pk: int, provider: str) -> HttpResponse:
    """Take a provider's reports. 401 for whoever is not the provider; 200 for what was known already or is not ours."""
    server = get_object_or_404(OutgoingServer.objects.select_related("inbox"), inbox=pk)
    if provider != server.kind or server.kind == OutgoingServer.Kind.SMTP:
        raise Http404
    try:
        found = provider_reports.read(request, server)
    except provider_reports.NotGenuine as error:
        log.warning("a delivery report is not genuine", inbox=pk, provider=provider, why=str(error))
        return HttpResponse(status=401)
    except provider_reports.NotReadable as error:
        log.warning("a delivery report could not be read", inbox=pk, provider=provider, why=str(error))
        return HttpResponse(status=400)
    for report in found:
        if delivery := provider_reports.delivery_of(report, server.inbox):
            sending.reported(delivery, action=report.action, status_code=report.status_code, words=report.words)
    return HttpResponse(status=200)
