"""What every process of the fault tests has imported before it is forked. Opens no connection and starts no thread."""

import django

django.setup()

import uvicorn  # noqa: E402, F401
from django.urls import get_resolver  # noqa: E402

from helpdesk import asgi, celery, events  # noqa: E402, F401
from tickets import tasks  # noqa: E402, F401
from tickets.channels.email import receiving, sending  # noqa: E402, F401
from tickets.management.commands import mailroom  # noqa: E402, F401

get_resolver().url_patterns  # noqa: B018 - imports every view
