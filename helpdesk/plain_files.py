"""Static files served straight from their sources, also while these change.

WhiteNoise measures each file once, when the process starts. Whoever brings the sources up to date under a running copy
would be sent the new file with the old length, which browsers refuse.
"""

import os
from pathlib import Path

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

_Seen = tuple[int, int]
_GONE: _Seen = -1, -1


class PlainFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which measures a file anew once it is another one; names with hashes always mean the same file."""

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: dict[str, os.stat_result] | None = None) -> None:
        super().add_file_to_dictionary(url, path, stat_cache=stat_cache)
        if self.use_finders and not self.autorefresh and url in self.files:
            self.seen[url] = path, _measure(stat_cache[path] if stat_cache else Path(path).stat())

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.seen: dict[str, tuple[str, _Seen]] = {}
        super().__init__(*args, **kwargs)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if known := self.seen.get(request.path_info):
            self._look_again(request.path_info, *known)
        return super().__call__(request)

    def _look_again(self, url: str, path: str, seen: _Seen) -> None:
        try:
            if _measure(Path(path).stat()) != seen:
                self.add_file_to_dictionary(url, path)
        except OSError:  # it is gone
            self.files.pop(url, None)
            self.seen[url] = path, _GONE


def _measure(stat: os.stat_result) -> _Seen:
    return stat.st_size, stat.st_mtime_ns
