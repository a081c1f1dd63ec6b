"""The timeline: service and feeling of one customer or organisation, of what the agent may see only."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.models import AccountEvent, Complaint, Invitation, Recovery, Response, Retention, Survey
from feedback.personal_data import erase_account, export_of_account
from helpdesk import clock
from reports.showing import panels
from reports.showing.timeline import Feeling
from tests.conftest import mail
from tickets.models import Customer, Organisation
from tickets.operations import replying, status
from tickets.registry import Subject


@pytest.fixture
def story(ticket, ana, settle):
    """Dora's ticket, answered, resolved, rated 1 with words; a recovery, a complaint, an account by contract."""
    replying.reply(ticket, text="Soon.", actor=ana)
    status.resolve(ticket, actor=ana)
    settle()
    survey = Survey.objects.create(name="Satisfaction")
    now = clock.now()
    invitation = Invitation.objects.create(
        survey=survey, ticket=ticket, customer=ticket.customer, occasion_id=1, occasion_at=now, language="en",
        state="answered", due_at=now,
    )  # fmt: skip
    Response.objects.create(invitation=invitation, score=1, comment="Nobody told me why.", answered_at=now)
    Recovery.objects.create(
        customer=ticket.customer, ticket=ticket, inbox=ticket.inbox, source="low_score", due_at=now, opened_at=now
    )
    Complaint.objects.create(ticket=ticket, received_at=now)
    Retention.objects.create(mode="contract")
    joined = now - timedelta(days=40)
    AccountEvent.objects.create(customer=ticket.customer, kind="joined", at=joined, value=9, currency="EUR")
    return ticket


def page(client, customer, **asked):
    return client.get(reverse("report_customer", args=[customer.pk]), asked)


def test_service_and_feeling_stand_on_one_axis(story, ana, as_agent):
    html = page(as_agent(ana), story.customer, months=12).content.decode()
    for words in (
        f'href="/tickets/{story.pk}/"', "time-wait good", "time-said ours", "Satisfaction (CSAT), 1 to 5",
        "Nobody told me why.", "Recoveries", "Complaints", "joined", "a customer since", "9.00 EUR",
        "2 recoveries and complaints are open.", "1 ticket.",
    ):  # fmt: skip
        assert words in html, words
    assert "style=" not in html.split('<svg class="chart timeline"')[1].split("</svg>")[0]


def test_time_is_chosen_by_links(story, ana, as_agent):
    client = as_agent(ana)
    assert "time-ticket" in page(client, story.customer, months="all").content.decode()
    past = page(client, story.customer, months=3, until="2020-05-05").content.decode()
    assert "Nothing happened in this time that you may see." in past and "March 1, 2020 to May 31, 2020" in past
    assert "?months=3&amp;until=2020-02-29" in past and "?months=3&amp;until=2020-08-01" in past
    for nonsense in ({"months": "x"}, {"months": 10**30}, {"until": "0001-01-01"}, {"months": 1, "until": "x"}):
        assert page(client, story.customer, **nonsense).status_code == 200


def test_only_what_the_agent_may_see_is_drawn(story, billing, ben, as_agent, send_mail_in):
    assert page(as_agent(ben), story.customer).status_code == 404
    send_mail_in(mail(subject="A bill", to=billing.address, Message_ID="<b@x.example>"), billing)
    html = page(as_agent(ben), story.customer, months=12).content.decode()
    assert "A bill" in html
    for foreign in (f"#{story.pk}", "Nobody told me why.", "Recoveries", "Complaints"):
        assert foreign not in html, foreign


def test_what_was_answered_anonymously_is_nobodys(story, ana, as_agent):
    Survey.objects.update(is_anonymous=True)
    assert "Nobody told me why." not in page(as_agent(ana), story.customer).content.decode()


def test_an_organisation_is_its_people(story, ana, ben, as_agent):
    acme = Organisation.objects.create(name="Acme", fields={"plan": "gold"})
    Customer.objects.filter(pk=story.customer_id).update(organisation=acme)
    AccountEvent.objects.create(organisation=acme, kind="upgraded", at=clock.now() - timedelta(days=2))
    client = as_agent(ana)
    html = client.get(reverse("report_organisation", args=[acme.pk])).content.decode()
    assert "Dora Diaz" in html and "upgraded" in html and "Nobody told me why." in html
    of_acme = client.get(reverse("organisation", args=[acme.pk])).content.decode()
    assert "Plan: gold" in of_acme and "A customer since" in of_acme
    assert reverse("report_organisation", args=[acme.pk]) in of_acme
    assert as_agent(ben).get(reverse("report_organisation", args=[acme.pk])).status_code == 404


def test_a_long_story_costs_as_many_queries_as_a_short_one(story, ana, as_agent, send_mail_in, settle):
    client = as_agent(ana)
    page(client, story.customer)
    with CaptureQueriesContext(connection) as few:
        page(client, story.customer)
    for i in range(4):
        one = send_mail_in(mail(Message_ID=f"<{i}@x.example>")).said.ticket
        replying.reply(one, text="Yes.", actor=ana)
    settle()
    with CaptureQueriesContext(connection) as many:
        assert page(client, story.customer).content.decode().count("time-link") == 5
    assert len(many) <= len(few) + 1  # what the page around it remembers for a few seconds may be asked anew


def test_the_customers_page_says_how_they_stand(story, ana, as_agent):
    client = as_agent(ana)
    url = reverse("report_customer", args=[story.customer_id])
    for shown in (story.customer.get_absolute_url(), reverse("ticket", args=[story.pk])):
        html = client.get(shown).content.decode()
        assert "A customer since" in html and url in html


def test_an_account_is_exported_and_its_number_erased(story):
    AccountEvent.objects.update(external_id="K-7")
    subject = Subject((story.customer_id,), (), ())
    assert [one["external_id"] for one in export_of_account(subject)] == ["K-7"]
    erase_account(subject)
    assert [(one["external_id"], one["kind"]) for one in export_of_account(subject)] == [("", "joined")]


def test_what_another_inbox_asked_by_the_calendar_is_not_drawn(story, inbox, billing, ben, ana, as_agent, send_mail_in):
    survey = Survey.objects.create(name="Loyalty", kind="nps", every_days=90, sends_from=inbox)
    now = clock.now()
    asked = Invitation.objects.create(
        survey=survey, customer=story.customer, occasion_id=7, occasion_at=now, language="en", state="answered",
        due_at=now,
    )  # fmt: skip
    answer = Response.objects.create(invitation=asked, score=2, comment="I tell all my friends.", answered_at=now)
    assert "I tell all my friends." in page(as_agent(ana), story.customer, months=12).content.decode()
    send_mail_in(mail(subject="A bill", to=billing.address, Message_ID="<b@x.example>"), billing)
    assert "I tell all my friends." not in page(as_agent(ben), story.customer, months=12).content.decode()
    ours, theirs = (panels.standing(story.customer, agent).context["answer"] for agent in (ana, ben))
    assert ours[0] == 2 and theirs is None
    Response.objects.filter(pk=answer.pk).update(is_doubtful=True)
    assert "I tell all my friends." not in page(as_agent(ana), story.customer, months=12).content.decode()


@pytest.mark.parametrize(
    ("kind", "score", "tone"),
    [("nps", 6, "bad"), ("nps", 7, ""), ("nps", 8, ""), ("nps", 9, "good"), ("csat", 4, "good"), ("ces2", 5, "good")],
)
def test_the_tone_of_a_score_is_that_of_its_kind(kind, score, tone):
    low, top = {"nps": (6, 10), "csat": (2, 5), "ces2": (3, 7)}[kind]
    assert Feeling(kind, clock.now(), score, low, 0, top, "", "", "", None).tone == tone
