"""Figures about requests stay few, whatever strangers ask."""

from typing import Any

from django.test import Client

from helpdesk import measures


def test_made_up_methods_are_counted_as_one(db: Any, client: Client) -> None:
    for number in range(50):
        client.generic(f"MADE{number}", "/healthz")
    page = measures.page().decode()
    assert "MADE" not in page and 'method="other"' in page
