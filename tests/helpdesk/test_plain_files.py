"""Static files that change under a running copy are served as they are now."""

from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from helpdesk.plain_files import PlainFilesMiddleware


@pytest.mark.django_db  # the end of an answer looks whether the connection is to be closed
def test_a_file_that_changed_is_sent_whole_and_one_that_went_is_not_found(tmp_path: Path, settings) -> None:  # type: ignore[no-untyped-def]
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, True
    script = tmp_path / "one.js"
    script.write_text("short")
    served = PlainFilesMiddleware(lambda _request: HttpResponse(status=404))

    def got() -> tuple[int, bytes, str]:
        answer = served(RequestFactory().get("/static/one.js"))
        content = b"" if answer.status_code == 404 else answer.getvalue()
        answer.close()
        return answer.status_code, content, answer.get("Content-Length", "")

    assert got() == (200, b"short", "5")
    script.write_text("much longer than before")
    assert got() == (200, b"much longer than before", "23")
    script.unlink()
    assert got()[0] == 404
    script.write_text("back")
    assert got() == (200, b"back", "4")
