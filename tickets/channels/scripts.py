"""The scripts that other sites load from us: at addresses that stay, packed once, kept for minutes."""

import gzip
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

_FOLDER = Path(__file__).resolve().parents[2] / "helpdesk" / "static" / "helpdesk"
#: browsers look for a newer one after some minutes, and use the old one while they do
_KEPT = "public, max-age=300, stale-while-revalidate=86400"


#: what visitors need not load: comments that are lines of their own, and indentation
_FOR_READERS = re.compile(r"^[ \t]*(?:/\*.*?\*/[ \t]*\n|//[^\n]*\n)?[ \t]*", re.M | re.S)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> tuple[str, dict[str, bytes]]:
    plain = _FOR_READERS.sub("", path.read_text()).encode()
    packed = {"": plain, "gzip": gzip.compress(plain, 9, mtime=0), "br": brotli.compress(plain, quality=11)}
    return sha256(plain).hexdigest()[:16], packed


def packed(name: str) -> tuple[str, dict[str, bytes]]:
    """A script's tag, and its bytes by how they are packed."""
    path = _FOLDER / name
    return _read(path, path.stat().st_mtime_ns)


def handed_out(request: HttpRequest, name: str) -> HttpResponse:
    """The answer to a page elsewhere that asks for a script."""
    tag, bytes_ = packed(name)
    accepted = request.headers.get("Accept-Encoding", "")
    how = next((one for one in ("br", "gzip") if one in accepted), "")
    known = [one.removeprefix("W/").strip('"') for one in parse_etags(request.headers.get("If-None-Match", ""))]
    is_known = f"{tag}{how}" in known
    response = HttpResponse(b"" if is_known else bytes_[how], status=304 if is_known else 200)
    response["Content-Type"] = "text/javascript; charset=utf-8"
    if how and not is_known:
        response["Content-Encoding"] = how
    response["ETag"] = f'"{tag}{how}"'
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = _KEPT
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def missing(words: str) -> HttpResponse:
    """The answer where nothing of ours is at that address: a page elsewhere stays whole."""
    return HttpResponse(f"// {words}\n", content_type="text/javascript; charset=utf-8", status=404)
