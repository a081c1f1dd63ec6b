"""What customers say about us: one row each, whoever hears of it how often."""

from datetime import date, timedelta

import pytest
from django.test import Client

from feedback import voice
from feedback.models import Ballot, Department, Remark, Response, Survey, Topic
from feedback.operations import remarks, topics
from feedback.voice import Asked
from feedback.voice_subscribers import keep_answer
from helpdesk import clock
from helpdesk.models import ApiToken, Event
from tests.feedback.conftest import open_and_answer
from tickets import registry
from tickets.models import Ticket
from tickets.operations.status import NotPossible
from tickets.registry import Subject


@pytest.fixture
def shipping(lou) -> Department:
    shipping = Department.objects.create(name="Shipping")
    shipping.members.add(lou)
    return shipping


@pytest.fixture
def late(db) -> Topic:
    return Topic.objects.create(name="Delivery", phrases="late\nparcel*")


def a_remark(inbox, text="The parcel came late", **more) -> Remark:
    return Remark.objects.create(source="noted", inbox=inbox, text=text, **more)


def test_an_answer_becomes_one_remark_and_changes_with_it(asked, phone, settle, late, shipping):
    late.department = shipping
    late.save()
    open_and_answer(phone, asked, 1, "Far too late")
    settle()
    for event in Event.objects.filter(verb__startswith="survey."):
        if event.verb in ("survey.answered", "survey.commented"):
            keep_answer(event)  # heard twice
    remark = Remark.objects.get()
    assert (remark.score, remark.tone, remark.text, remark.customer) == (1, -1, "Far too late", asked.customer)
    assert remark.department == shipping
    assert [(one.topic, one.found) for one in remark.found_topics.all()] == [(late, "late")]
    open_and_answer(phone, asked, 5, "Sorry, all is well")
    settle()
    remark.refresh_from_db()
    assert (remark.score, remark.tone, remark.text) == (5, 1, "Sorry, all is well")
    assert not remark.topics.exists()


def test_topics_by_hand_stay(late, inbox, ana):
    remark = a_remark(inbox)
    topics.sort_remark(remark, topics=[], actor=ana)
    remark.refresh_from_db()
    assert not topics.look_at_remark(remark)
    assert not remark.topics.exists()


def test_a_light_collaborator_sees_and_works_what_is_of_their_department_alone(inbox, billing, lou, ana, ben, shipping):
    mine, other = a_remark(inbox, department=shipping), a_remark(inbox)
    a_remark(billing)
    assert list(Remark.objects.visible_to(lou)) == [mine]
    assert set(Remark.objects.visible_to(ana)) == {mine, other}
    remarks.settle(mine, actor=lou)
    with pytest.raises(NotPossible):
        remarks.settle(other, actor=lou)
    with pytest.raises(NotPossible):
        remarks.assign(mine, department=None, assignee=ben, actor=ana)
    remarks.assign(mine, department=shipping, assignee=lou, actor=ana)
    mine.refresh_from_db()
    assert mine.assignee == lou


def test_a_list_is_narrowed_and_goes_on_where_it_was(inbox, ana, late):
    said = [a_remark(inbox, f"late again {n}", tone=-1, said_at=clock.now() - timedelta(hours=n)) for n in range(5)]
    a_remark(inbox, "all fine", tone=1)
    for one in said[:2]:
        topics.look_at_remark(one)
    first, after = voice.page(ana, Asked(tone=-1), size=2)
    second, _end = voice.page(ana, Asked(tone=-1), after=after, size=3)
    assert [row.remark for row in [*first, *second]] == said
    assert [row.remark for row in voice.page(ana, Asked(words="AGAIN 3"))[0]] == [said[3]]
    assert [row.remark for row in voice.page(ana, Asked(topic=late.pk))[0]] == said[:2]
    assert len(voice.page(ana, Asked(no_topic=True))[0]) == 4


def test_the_list_and_a_remark_are_read_written_down_settled_and_undone(as_agent, ana, inbox, ticket):
    client = as_agent(ana)
    kept = client.post(f"/feedback/voice/of-ticket/{ticket.pk}/", {"text": "You are slow!", "tone": "-1"})
    remark = Remark.objects.get()
    assert kept["Location"] == f"/feedback/voice/{remark.pk}/"
    assert (remark.ticket, remark.customer, remark.noted_by, remark.tone) == (ticket, ticket.customer, ana, -1)
    assert "You are slow!" in client.get("/feedback/voice/").content.decode()
    client.post(f"/feedback/voice/{remark.pk}/acts", {"do": "settle"})
    assert "You are slow!" not in client.get("/feedback/voice/").content.decode()
    client.post(f"/feedback/voice/{remark.pk}/acts?do=unsettle")
    assert "You are slow!" in client.get(f"/feedback/voice/{remark.pk}/").content.decode()


def test_the_list_costs_the_same_however_long_it_is(as_agent, ana, inbox, dora, django_assert_max_num_queries, late):
    for n in range(12):
        topics.look_at_remark(a_remark(inbox, f"late {n}", customer=dora))
    client = as_agent(ana)
    client.get("/feedback/voice/")
    with django_assert_max_num_queries(22):
        client.get("/feedback/voice/")


def test_what_is_said_anonymously_is_shown_by_five_at_least_and_to_who_sees_all_its_inboxes(
    inbox, billing, ana, ben, admin
):
    survey = Survey.objects.create(name="Quiet", is_anonymous=True)
    monday = date(2026, 1, 5)

    def said(n: int, box) -> None:
        Ballot.objects.create(
            survey=survey, inbox=box, digest=str(n), language="en", week=monday, score=1, comment=f"said {n}"
        )

    for n in range(4):
        said(n, inbox)
    assert voice.anonymous(ana) == []
    said(4, inbox)
    [block] = voice.anonymous(ana)
    assert sorted(block.comments) == [f"said {n}" for n in range(5)]
    assert voice.anonymous(ben) == []
    said(5, billing)
    assert voice.anonymous(ana) == []
    assert len(voice.anonymous(admin)) == 1


def test_the_words_go_with_the_customer_and_the_figures_stay(inbox, ticket, dora, late):
    remark = a_remark(inbox, ticket=ticket, customer=dora, tone=-1)
    topics.look_at_remark(remark)
    subject = Subject((dora.pk,), tuple(Ticket.objects.values_list("pk", flat=True)), ())
    kept = [one for one in registry.all_personal_data() if str(one.title) == "Remarks"]
    assert kept[0].count(subject) == 1 and kept[0].export(subject)[0]["text"] == "The parcel came late"
    kept[0].erase(subject)
    remark.refresh_from_db()
    assert (remark.text, remark.tone) == ("", -1)
    topics.begin_resorting()
    while topics.go_on():
        pass
    assert [(one.topic, one.found) for one in remark.found_topics.all()] == [(late, "")]
    assert not Response.objects.exists()


def test_programs_list_remarks_and_note_them(inbox, billing, ana, ticket, late):
    _token, secret = ApiToken.objects.issue(ana, "shop", may_write=True)
    client = Client(headers={"authorization": f"Bearer {secret}"})
    said = {"ticket": ticket.pk, "text": "The parcel came late", "tone": "bad"}
    kept = client.post("/api/v1/remarks/", said, content_type="application/json")
    assert kept.status_code == 201, kept.content
    assert kept.json()["topics"] == [{"topic": late.pk, "found": "late, parcel"}]
    a_remark(billing)
    [listed] = client.get(f"/api/v1/remarks/?tone=bad&topic={late.pk}").json()["results"]
    assert listed == kept.json()
    assert client.get("/api/v1/remarks/?tone=awful").status_code == 400
    foreign = {"inbox": billing.pk, "text": "x"}
    assert client.post("/api/v1/remarks/", foreign, content_type="application/json").status_code == 400
    [topic] = client.get("/api/v1/topics/").json()["results"]
    assert topic["phrases"] == ["late", "parcel*"]
