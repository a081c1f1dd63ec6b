"""What everybody may fetch of a brand: its logo and its colours."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from helpdesk import content, pictures
from tickets import brands
from tickets.models import Brand

_A_DAY = "public, max-age=86400"


@require_safe
def logo(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture, judged by its bytes once more; nothing runs in it."""
    brand = get_object_or_404(Brand.objects.select_related("logo"), pk=pk, logo__isnull=False)
    assert brand.logo is not None
    if brand.logo.held:
        raise Http404
    try:
        whole = brand.logo.read()
    except FileNotFoundError:
        raise Http404 from None
    kind = pictures.safe_type(whole)
    if not kind or kind != brand.logo_type:
        raise Http404
    response = HttpResponse(whole, content_type=kind)
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = _A_DAY
    return content.guard(response, "default-src 'none'; sandbox")


@require_safe
def css(request: HttpRequest, pk: int) -> HttpResponse:
    """Its colours as a stylesheet: our policy allows none inside a page."""
    response = HttpResponse(brands.stylesheet(get_object_or_404(Brand, pk=pk)), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = _A_DAY
    return response
