"""Programs that talk to the API, each with the token of one of the people."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk.models import Agent, ApiToken
from tickets.models import Customer, Inbox, Ticket
from tickets.operations import opening


@pytest.fixture
def api() -> Callable[[Agent | None], APIClient]:
    """A program with a token of this agent; None has no token."""

    def with_token(agent: Agent | None) -> APIClient:
        client = APIClient()
        client.default_format = "json"
        if agent is not None:
            _token, secret = ApiToken.objects.issue(agent, "test")
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return with_token


@pytest.fixture
def order(inbox: Inbox) -> dict[str, Any]:
    """The body of a new ticket."""
    return {
        "inbox": inbox.pk,
        "customer": {"address": "Gina@Shop.example", "name": "Gina Gray"},
        "subject": "A broken cup",
        "text": "It came in two pieces.",
    }


@pytest.fixture
def ticket(inbox: Inbox, dora: Customer) -> Ticket:
    """Dora's open ticket."""
    return opening.open_ticket(
        inbox=inbox, address="dora@customer.example", subject="My order", text="Where is my order?", actor=None
    )
