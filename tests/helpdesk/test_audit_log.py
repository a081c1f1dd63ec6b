"""The audit log: complete, narrowed, paged along the ledger, exported, and without a secret."""

import csv
import io
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from helpdesk import auditing
from helpdesk.events import record
from helpdesk.models import Agent, Event, Team
from helpdesk.operations import people, tokens
from tickets.models import Inbox, Ticket


def entries(browser: Client, **asked: object) -> list[tuple[str, str]]:
    return [(one.verb, one.subject) for one in browser.get(reverse("settings_audit"), asked).context["entries"]]


@pytest.fixture
def browser(as_agent: Callable[[Agent], Client], admin: Agent) -> Client:
    return as_agent(admin)


def test_who_changed_what_from_what_to_what(browser: Client, admin: Agent, team: Team, ticket: Ticket) -> None:
    browser.post(reverse("settings_teams_edit", args=[team.pk]), {"name": "Help", "members": []})
    [entry] = browser.get(reverse("settings_audit")).context["entries"]
    assert (entry.actor, entry.verb, entry.subject) == ("Ada Admin", "team.changed", "Help")
    assert "name: Support → Help" in entry.details
    assert Event.objects.filter(stream_id=ticket.pk).exists(), "what happens on tickets is another story"


def test_it_is_narrowed_by_person_kind_and_day(browser: Client, admin: Agent, ana: Agent, ben: Agent) -> None:
    people.go_away(ana, is_away=True)
    people.go_away(ben, is_away=True)
    tokens.issue(ana, name="export")
    assert len(entries(browser)) == 3
    assert entries(browser, who=ben.pk) == [("agent.went_away", "Ben Okafor")]
    assert entries(browser, kind="apitoken") == [("apitoken.created", "export")]
    assert entries(browser, until="2020-01-01") == [] and len(entries(browser, since="2020-01-01")) == 3
    assert len(entries(browser, since="yesterday", who="x", kind="sql")) == 3, "what is no answer is not asked"


def test_it_is_paged_and_costs_the_same_on_every_page(
    browser: Client, admin: Agent, ana: Agent, django_assert_max_num_queries: Callable[..., object]
) -> None:
    with transaction.atomic():
        for _n in range(120):
            record("agent.went_away", ana, actor=ana)
    page = browser.get(reverse("settings_audit"))
    seen = {one.id for one in page.context["entries"]}
    while page.context["next_url"]:
        with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
            page = browser.get(reverse("settings_audit") + page.context["next_url"])
        ids = {one.id for one in page.context["entries"]}
        assert not ids & seen
        seen |= ids
    assert len(seen) == 120


def test_t33_1_the_file_is_the_page_and_holds_no_formula(browser: Client, ana: Agent) -> None:
    tokens.issue(ana, name="=HYPERLINK(1)")
    answer = browser.get(reverse("settings_audit_csv"))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0] == ["time", "who", "event", "subject", "details"]
    assert rows[1][1:4] == ["Ana Silva", "apitoken.created", "'=HYPERLINK(1)"]


def test_no_secret_is_ever_written_into_it(browser: Client, inbox: Inbox, admin: Agent) -> None:
    form = {
        "way": "imap", "sign_in": "password", "host": "imap.example.org", "port": "993", "security": "tls",
        "username": "support", "password": "hunter2-secret", "folder": "INBOX",
    }  # fmt: skip
    browser.post(reverse("settings_inboxes_in", args=[inbox.pk]), form)
    browser.post(
        reverse("settings_profile"), {"name": "Ada", "language": "", "zone": "UTC", "signature": "private words"}
    )
    written = " ".join(str(event.facts) for event in Event.objects.all())
    assert "hunter2" not in written and "private words" not in written
    assert "Ada" in written


def test_only_admins_read_it(as_agent: Callable[[Agent], Client], chloe: Agent) -> None:
    assert as_agent(chloe).get(reverse("settings_audit")).status_code == 403
    assert as_agent(chloe).get(reverse("settings_audit_csv")).status_code == 403


def test_everything_that_is_recorded_of_people_has_words() -> None:
    assert auditing.did("agent.second_factor_reset") == "reset the second factor"
    assert auditing.did("team.changed") == "changed (Teams)"
