"""What a process carries before anybody asks for a report."""

import os
import subprocess
import sys
import threading

from helpdesk import serving
from reports import warm

_HEAVY = ("numpy", "scipy", "statsmodels", "pandas", "xlsxwriter", "resvg_py")
_PROGRAM = f"""
import sys
from helpdesk.celery import app
from helpdesk.asgi import application
app.loader.import_default_modules()
from django.urls import get_resolver
def walk(resolver):
    for one in resolver.url_patterns:
        if hasattr(one, "url_patterns"):
            walk(one)
walk(get_resolver())
import reports.counting.changes, reports.pages, reports.counting.statistics, tickets.views.queue
print(*[name for name in {_HEAVY!r} if name in sys.modules])
"""


def test_neither_the_web_nor_the_worker_starts_with_statistics_in_hand():
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "helpdesk.settings"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.split() == []


def test_a_process_that_serves_loads_them_once_after_its_first_report(monkeypatch):
    monkeypatch.setattr(warm, "MODULES", ("tests.reports", "tests.reports.nothing_yet"))
    loaded = []
    monkeypatch.setattr(warm, "import_module", loaded.append)
    monkeypatch.setattr(warm, "_begun", threading.Lock())
    monkeypatch.setattr(serving, "is_serving", False)
    assert warm.soon() is None
    serving.begin()
    thread = warm.soon()
    assert thread is not None
    thread.join()
    assert loaded == list(warm.MODULES)
    assert warm.soon() is None
