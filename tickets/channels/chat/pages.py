"""The widget's script, and a page to try it on."""

import gzip
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import brotli
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from tickets.channels.chat import gate
from tickets.models import ChannelAccount

SCRIPT = Path(__file__).resolve().parents[3] / "helpdesk" / "static" / "helpdesk" / "chat" / "widget.js"
#: browsers look for a newer one after some minutes, and use the old one while they do
_KEPT = "public, max-age=300, stale-while-revalidate=86400"


@lru_cache(maxsize=2)
def _script(_changed: int) -> tuple[str, dict[str, bytes]]:
    """The script's tag and its bytes, by how they are packed."""
    plain = SCRIPT.read_bytes()
    packed = {"": plain, "gzip": gzip.compress(plain, 9, mtime=0), "br": brotli.compress(plain, quality=11)}
    return sha256(plain).hexdigest()[:16], packed


def script() -> tuple[str, dict[str, bytes]]:
    return _script(SCRIPT.stat().st_mtime_ns)


@require_safe
def widget(request: HttpRequest, key: str) -> HttpResponse:
    """The one script of a site. It finds out from its own address whose widget it is."""
    if gate.account_of(key) is None:
        return HttpResponse("// There is no chat here.\n", content_type="text/javascript; charset=utf-8", status=404)
    tag, packed = script()
    accepted = request.headers.get("Accept-Encoding", "")
    how = next((one for one in ("br", "gzip") if one in accepted), "")
    known = [one.removeprefix("W/").strip('"') for one in parse_etags(request.headers.get("If-None-Match", ""))]
    is_known = f"{tag}{how}" in known
    response = HttpResponse(b"" if is_known else packed[how], status=304 if is_known else 200)
    response["Content-Type"] = "text/javascript; charset=utf-8"
    if how and not is_known:
        response["Content-Encoding"] = how
    response["ETag"] = f'"{tag}{how}"'
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = _KEPT
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Development only: a page that stands for somebody's site, with the first chat there is."""
    if not settings.MAIL_CATCHER:
        raise Http404
    account = ChannelAccount.objects.filter(kind="chat", inbox__is_active=True).order_by("pk").first()
    return render(request, "tickets/chat_demo.html", {"account": account})
