"""The settings page of surveys."""

import re

import pytest

from feedback.models import Invitation, Survey
from helpdesk.models import Agent, Event
from tickets.models import Inbox, OutgoingMail

FORM = {
    "name": "After billing", "kind": "csat", "question": "Was the bill clear?", "delay_minutes": "", "weight": "1",
    "percent": "100", "cool_down_days": "14", "valid_days": "30", "change_days": "7", "recovery_hours": "24",
    "is_active": "on", "asks_by": "there",
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
        ({"kind": "nps"}, "asked by the calendar"),
        ({"kind": "own", "answer_lines": "Yes"}, "two to eleven answers"),
        ({"is_anonymous": "on", "reminder_days": "3"}, "nobody can be reminded"),
        ({"low_at": "9"}, "There is no such score"),
        ({"field-0": "assignee", "is-0": "is", "value-0": "me"}, "Nobody looks at a survey"),
        ({"field-0": "tag", "is-0": "is", "value-0": ""}, "a value is missing"),
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


def test_conditions_are_edited_as_those_of_views_are(as_agent, admin: Agent) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(admin)
    more = client.post("/settings/surveys/new/", {"name": "Refunds", "do": "add"})
    assert more.status_code == 200 and 'name="field-0"' in more.content.decode()
    assert "Refunds" in more.content.decode() and not Survey.objects.exists()
    made = client.post("/settings/surveys/new/", {**FORM, "field-0": "tag", "is-0": "any_of", "value-0": "refund, vip"})
    assert made.status_code == 302, made.content.decode()
    survey = Survey.objects.get()
    assert survey.conditions == [{"field": "tag", "is": "any_of", "value": ["refund", "vip"]}]
    assert "refund, vip" in client.get(f"/settings/surveys/{survey.pk}/").content.decode()
    gone = client.post(f"/settings/surveys/{survey.pk}/", FORM)
    survey.refresh_from_db()
    assert gone.status_code == 302 and survey.conditions == []
    assert "conditions" in Event.objects.filter(verb="survey.changed").latest("id").facts["fields"]


def test_an_own_question_has_its_own_answers(as_agent, admin: Agent) -> None:  # type: ignore[no-untyped-def]
    made = as_agent(admin).post(
        "/settings/surveys/new/", {**FORM, "kind": "own", "answer_lines": "No\n\nPartly\n Yes "}
    )
    assert made.status_code == 302
    assert Survey.objects.get().scale == {1: "No", 2: "Partly", 3: "Yes"}


def test_the_page_and_the_mail_are_shown_and_sent_to_oneself(as_agent, admin: Agent, survey: Survey) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(admin)
    page = client.get(f"/settings/surveys/{survey.pk}/page/?language=de&score=2").content.decode()
    assert '<html lang="de"' in page and "disabled" in page and 'value="2" required checked' in page
    assert "?score=5" in client.get(f"/settings/surveys/{survey.pk}/").content.decode()
    assert client.post(f"/settings/surveys/{survey.pk}/trial/").status_code == 302
    mail = OutgoingMail.objects.get()
    assert mail.to == [admin.email] and f"/settings/surveys/{survey.pk}/page/?score=5" in mail.text
    assert not Invitation.objects.exists() and "List-Unsubscribe" not in mail.headers


def test_who_was_asked_cannot_become_anonymous_afterwards(as_agent, admin: Agent, asked: Invitation) -> None:  # type: ignore[no-untyped-def]
    path = f"/settings/surveys/{asked.survey_id}/"
    for change, words in (({"is_anonymous": "on"}, "told otherwise"), ({"kind": "ces2"}, "scale of the old kind")):
        page = as_agent(admin).post(path, {**FORM, **change})
        assert page.status_code == 422 and words in page.content.decode()


def test_agents_leads_and_strangers_stay_out(as_agent, ben: Agent, chloe: Agent, client, survey: Survey) -> None:  # type: ignore[no-untyped-def]
    for path in [*PAGES, f"/settings/surveys/{survey.pk}/"]:
        for agent in (ben, chloe):
            assert as_agent(agent).get(path).status_code == 403
            assert as_agent(agent).post(path, FORM).status_code == 403
        assert client.get(path).status_code == 302
    assert Survey.objects.count() == 1


def test_a_new_survey_suggests_how_often_recommendation_is_asked(as_agent, admin: Agent) -> None:  # type: ignore[no-untyped-def]
    page = as_agent(admin).get("/settings/surveys/new/").content.decode()
    assert re.search(r'name="every_days" value="90"', page)
