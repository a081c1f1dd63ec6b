"""The settings page of surveys."""

import pytest

from feedback.models import Survey
from helpdesk.models import Agent, Event
from tickets.models import Inbox

FORM = {
    "name": "After billing", "question": "Was the bill clear?", "delay_minutes": "",
    "cool_down_days": "14", "valid_days": "30", "change_days": "7", "is_active": "on",
}  # fmt: skip
PAGES = ["/settings/surveys/", "/settings/surveys/new/"]


def test_an_admin_makes_and_changes_a_survey(as_agent, admin: Agent, survey: Survey, billing: Inbox) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(admin)
    assert "Satisfaction" in client.get("/settings/surveys/").content.decode()
    made = client.post("/settings/surveys/new/", {**FORM, "inboxes": [billing.pk]})
    assert made.status_code == 302, made.content.decode()
    new = Survey.objects.get(name="After billing")
    assert new.delay_minutes is None and list(new.inboxes.all()) == [billing]
    changed = client.post(f"/settings/surveys/{new.pk}/", {**FORM, "inboxes": [billing.pk], "delay_minutes": "30"})
    assert changed.status_code == 302
    new.refresh_from_db()
    assert new.delay_minutes == 30
    assert [e.actor_id for e in Event.objects.filter(verb__in=["survey.created", "survey.changed"])] == [admin.pk] * 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "required"),
        ({"name": "Satisfaction", "inboxes": "billing"}, "Another survey already has this name"),
        ({"cool_down_days": "-1", "inboxes": "billing"}, "greater than or equal to 0"),
        ({"valid_days": "0", "inboxes": "billing"}, "greater than or equal to 1"),
        ({}, "already asks after every inbox"),
    ],
)
def test_wrong_input_shows_the_form_again(
    as_agent,
    admin: Agent,
    survey: Survey,
    billing: Inbox,
    wrong: dict[str, str],
    words: str,  # type: ignore[no-untyped-def]
) -> None:
    data = {**FORM, **wrong}
    if data.get("inboxes"):
        data["inboxes"] = str(billing.pk)
    page = as_agent(admin).post("/settings/surveys/new/", data)
    assert page.status_code == 422
    assert words in page.content.decode() and "Was the bill clear?" in page.content.decode()
    assert Survey.objects.count() == 1


def test_no_inbox_has_two_surveys(as_agent, admin: Agent, survey: Survey, billing: Inbox) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(admin)
    client.post("/settings/surveys/new/", {**FORM, "inboxes": [billing.pk]})
    page = client.post("/settings/surveys/new/", {**FORM, "name": "Another", "inboxes": [billing.pk]})
    assert page.status_code == 422 and "already asked by the survey" in page.content.decode()
    off = {**FORM, "name": "Another", "inboxes": [billing.pk]}
    del off["is_active"]
    assert client.post("/settings/surveys/new/", off).status_code == 302


def test_agents_leads_and_strangers_stay_out(as_agent, ben: Agent, chloe: Agent, client, survey: Survey) -> None:  # type: ignore[no-untyped-def]
    for path in [*PAGES, f"/settings/surveys/{survey.pk}/"]:
        for agent in (ben, chloe):
            assert as_agent(agent).get(path).status_code == 403
            assert as_agent(agent).post(path, FORM).status_code == 403
        assert client.get(path).status_code == 302
    assert Survey.objects.count() == 1
