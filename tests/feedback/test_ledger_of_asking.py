"""The ledger of asking, on its page, beside the customer, and for programs."""

import pytest
from django.test import Client

from feedback import personal_data
from feedback.models import Hit, Invitation, InvitationState, Reason, Response, Survey
from helpdesk import clock
from helpdesk.models import Agent, ApiToken
from tests.feedback.conftest import open_and_answer
from tickets.models import Customer, Inbox
from tickets.registry import Subject


@pytest.fixture
def left_alone(asked: Invitation) -> Invitation:
    """The same customer, not asked a second time."""
    return Invitation.objects.create(
        survey=asked.survey, ticket=asked.ticket, customer=asked.customer, occasion_id=99, occasion_at=clock.now(),
        due_at=clock.now(), state=InvitationState.SUPPRESSED, reason=Reason.THROTTLED, language="en",
    )  # fmt: skip


@pytest.fixture
def by_the_calendar(dora: Customer, inbox: Inbox) -> Invitation:
    nps = Survey.objects.create(name="Recommendation", kind="nps", every_days=90, sends_from=inbox)
    return Invitation.objects.create(
        survey=nps, customer=dora, occasion_id=7, occasion_at=clock.now(), due_at=clock.now(), sent_at=clock.now(),
        state=InvitationState.SENT, language="en", recipient="dora@customer.example",
    )  # fmt: skip


def test_it_says_who_was_asked_and_who_was_not_and_why(
    as_agent,
    ana: Agent,
    left_alone: Invitation,
    by_the_calendar: Invitation,  # type: ignore[no-untyped-def]
) -> None:
    page = as_agent(ana).get("/feedback/askings/").content.decode()
    assert "asked not long ago (1)" in page and "by the calendar" in page
    assert page.count("<tr>") == 1 + 3
    narrowed = as_agent(ana).get("/feedback/askings/?state=suppressed").content.decode()
    assert narrowed.count("<tr>") == 1 + 1
    assert as_agent(ana).get("/feedback/askings/?q=Nobody&before=x&inbox=999").status_code == 200
    nobody = as_agent(ana).get("/feedback/askings/?q=Nobody").content.decode()
    assert "Nobody here" in nobody


def test_whoever_may_not_see_the_inbox_sees_none_of_it(
    as_agent,
    ben: Agent,
    left_alone: Invitation,
    by_the_calendar: Invitation,  # type: ignore[no-untyped-def]
) -> None:
    assert "<tbody>" not in as_agent(ben).get("/feedback/askings/").content.decode()


def test_the_customer_card_says_when_they_were_last_asked(
    as_agent,
    ana: Agent,
    asked: Invitation,  # type: ignore[no-untyped-def]
) -> None:
    page = as_agent(ana).get(f"/customers/{asked.customer_id}/").content.decode()
    assert "Last asked:" in page and f"?customer={asked.customer_id}" in page


def test_programs_read_surveys_invitations_and_answers(
    asked: Invitation, left_alone: Invitation, ana: Agent, ben: Agent, phone: Client
) -> None:
    open_and_answer(phone, asked, 2, "Slow")

    def read(agent: Agent, path: str) -> list[dict[str, object]]:
        _token, secret = ApiToken.objects.issue(agent, "test")
        answer = Client().get(f"/api/v1/{path}", headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]  # type: ignore[no-any-return]

    assert [one["kind"] for one in read(ana, "surveys/")] == ["csat"]
    assert [one["state"] for one in read(ana, f"invitations/?ticket={asked.ticket_id}")] == ["suppressed", "answered"]
    [response] = read(ana, f"responses/?survey={asked.survey_id}&since=2020-01-01T00:00:00Z")
    assert (response["score"], response["comment"], response["customer"]) == (2, "Slow", asked.customer_id)
    assert read(ben, "invitations/") == read(ben, "responses/") == []


def test_a_copy_of_all_we_keep_has_what_was_asked_by_the_calendar_and_erasing_takes_the_words_away(
    asked: Invitation, by_the_calendar: Invitation, phone: Client
) -> None:
    open_and_answer(phone, asked, 2, "Slow")
    Hit.objects.update(program="Mozilla")
    subject = Subject((asked.customer_id,), (asked.ticket_id or 0,), ("dora@customer.example",))
    told = personal_data.export(subject)
    assert [one["ticket"] for one in told] == [asked.ticket_id, None] and told[0]["comment"] == "Slow"
    personal_data.erase(subject)
    assert set(Invitation.objects.values_list("recipient", flat=True)) == {""}
    assert Response.objects.get().comment == "" and Hit.objects.get().program == ""
    assert Response.objects.get().score == 2
