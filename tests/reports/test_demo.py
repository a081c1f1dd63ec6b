"""The demo: a company and a year of history, written in bulk and as whole as if it had been lived."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count, pairwise
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F

from feedback.models import (
    AccountEvent,
    Complaint,
    Invitation,
    QualityReview,
    ReasonCode,
    Recovery,
    Remark,
    RemarkTopic,
    Response,
    Survey,
)
from helpdesk.models import Agent, Event, PendingEvent, Role, Slot, Team
from reports.demo import company, plan, topics, words, writing
from reports.demo.life import tell
from reports.demo.rhythm import Rhythm, bad_week
from reports.demo.story import Numbers, Story
from reports.ledger import opening_hours, rebuilding
from reports.models import Alarm, Annotation, AnswerFacts, SavedReport, StayFacts, SurveyFacts, TicketFacts
from tickets import minting, texts
from tickets.models import (
    ContactPoint,
    Customer,
    Inbox,
    Message,
    MessageKind,
    Organisation,
    OutgoingMail,
    Status,
    Ticket,
)
from tickets.operations import replying, status

UNTIL = datetime(2025, 11, 19, 14, 30, tzinfo=UTC)  # a Wednesday afternoon
#: how many tickets the demo has that is looked at as a whole
WHOLE = 2_000
FACTS = (TicketFacts, AnswerFacts, StayFacts, SurveyFacts)
VERBS = {
    "ticket.created", "ticket.assigned", "ticket.tagged", "ticket.prioritised", "ticket.resolved", "ticket.reopened",
    "ticket.pended", "ticket.held", "ticket.closed", "ticket.snoozed", "ticket.woken", "ticket.marked",
    "message.received", "message.replied", "message.noted", "message.sent", "message.failed",
    "survey.invited", "survey.suppressed", "survey.cancelled", "survey.sent", "survey.answered", "survey.commented",
    "survey.expired", "survey.explained", "ticket.categorised", "recovery.opened", "recovery.taken_up",
    "recovery.noted", "recovery.closed", "remark.settled", "complaint.received", "complaint.acknowledged",
    "complaint.decided", "complaint.closed", "quality.drawn", "quality.reviewed", "quality.seen", "account.told",
}  # fmt: skip

TOUCHING = {
    "message.received", "message.replied", "message.noted", "ticket.tagged", "ticket.assigned", "ticket.snoozed",
    "ticket.woken",
}  # fmt: skip


def demo(tickets: int, *more: str) -> str:
    out = StringIO()
    call_command("demo", "--tickets", str(tickets), "--until", UNTIL.isoformat(), *more, stdout=out)
    return out.getvalue()


@contextmanager
def written(tickets: int, *more: str) -> Iterator[None]:
    """A demo that several tests look at: each of them is a savepoint in its transaction."""
    with transaction.atomic():
        demo(tickets, *more)
        yield
        transaction.set_rollback(True)


def rows(model: Any) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values())


def ledgers() -> dict[int, list[Event]]:
    found = defaultdict(list)
    for event in Event.objects.exclude(stream_id=None).order_by("id"):
        found[event.stream_id].append(event)
    return found


# ---------------------------------------------------------------------- whole


@pytest.mark.django_db(transaction=True)
def test_facts_folded_anew_from_the_ledger_are_the_facts_that_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "CAPACITY", 400)  # so that it is whole, and has an aftermath
    demo(400)
    kept = [rows(model) for model in FACTS]
    assert len(kept[0]) == 400
    assert {row["kind"] for row in kept[-1]} == {"csat", "ces2", "nps"}
    assert {row["ticket"] is None for row in kept[-1] if row["kind"] == "nps"} == {True}
    for model in FACTS:
        model.objects.all().delete()
    call_command("rebuild_facts", stdout=StringIO())
    assert [rows(model) for model in FACTS] == kept
    for model in FACTS:
        model.objects.all().delete()
    list(rebuilding.rebuild(processes=2, chunk=90))
    assert [rows(model) for model in FACTS] == kept


def replay(events: list[Event]) -> dict[str, Any]:
    """A ticket's columns, from its events and messages alone."""
    ticket: dict[str, Any] = {
        "status": "open", "priority": "normal", "assignee_id": None, "waiting_since": None, "resolved_at": None,
        "snoozed_until": None, "snippet": "", "last_message_id": None, "low_score": None,
    }  # fmt: skip
    tags: set[str] = set()
    spoken = [e.facts["message"] for e in events if e.verb.startswith("message.") and e.facts["message"]]
    said = Message.objects.in_bulk(spoken)
    for event in events:
        verb, told = event.verb, event.facts
        if verb == "ticket.created":
            ticket |= {
                "channel": told["channel"], "inbox_id": told["inbox"], "team_id": told["team"],
                "customer_id": told["customer"], "initiated_by": told["initiated_by"], "created_at": event.at,
                "updated_at": event.at,
            }  # fmt: skip
        elif verb == "message.received":
            message = said[told["message"]]
            ticket["last_message_id"] = message.pk
            if not told["automated"]:
                ticket["waiting_since"] = ticket["waiting_since"] or event.at
                ticket["snippet"], ticket["snoozed_until"] = texts.snippet(message.text), None
        elif verb == "message.replied":
            message = said[told["message"]]
            ticket |= {"waiting_since": None, "last_message_id": message.pk, "snippet": texts.snippet(message.text)}
        elif verb == "ticket.assigned":
            assert (told["was_agent"], told["was_team"]) == (ticket["assignee_id"], ticket["team_id"])
            ticket |= {"assignee_id": told["agent"], "team_id": told["team"]}
        elif verb == "ticket.prioritised":
            assert told["was"] == ticket["priority"]
            ticket["priority"] = told["to"]
        elif verb == "ticket.tagged":
            tags.add(told["tag"])
        elif verb == "ticket.snoozed":
            ticket["snoozed_until"] = datetime.fromisoformat(told["until"])
        elif verb == "ticket.woken":
            ticket["snoozed_until"] = None
        elif verb == "ticket.marked":
            assert told["was"] == ticket["low_score"]
            ticket["low_score"] = told["low_score"]
        if "to" in told and verb != "ticket.prioritised":
            was = ticket["status"]
            assert told["was"] == was
            ticket |= {"status": told["to"], "snoozed_until": None, "updated_at": event.at}
            if told["to"] == "resolved":
                ticket |= {"resolved_at": event.at, "waiting_since": None}
            elif told["to"] == "closed":
                ticket["waiting_since"] = None
            else:
                ticket["resolved_at"] = None
        if verb in TOUCHING:
            ticket["updated_at"] = event.at
    return {**ticket, "tags": tags}


def test_events_carry_the_facts_that_operations_record(
    db: None, send_mail_in: Callable[..., Any], ticket: Ticket, ana: Agent, settle: Callable[[], None]
) -> None:
    replying.reply(ticket, text="Yes.", actor=ana)
    replying.add_note(ticket, text="Hm.", actor=ana)
    status.pend(ticket, actor=ana)
    Survey.objects.create(name="After each ticket")
    status.resolve(ticket, actor=ana)
    settle()
    lived = {event.verb: set(event.facts) for event in Event.objects.all()}
    demo(300)
    for event in Event.objects.exclude(stream_id=ticket.pk).filter(verb__in=lived):
        assert set(event.facts) >= lived[event.verb], event.verb
    assert {"ticket.created", "message.received", "message.replied", "ticket.assigned", "survey.invited"} <= set(lived)


def test_what_comes_after_the_demo_works_on_it(
    db: None, inbox: Inbox, send_mail_in: Callable[..., Any], settle: Callable[[], None]
) -> None:
    demo(300)
    last = max(plan.plans()[0].first + plan.plans()[0].tickets - 1, 0)
    ticket = Ticket.objects.filter(status=Status.OPEN, inbox=inbox).order_by("number").first()
    assert ticket is not None
    agent = Agent.objects.get(name="Ingrid Solberg")
    reply = replying.reply(ticket, text="Here you are.", actor=agent)
    writer = ticket.customer.contact_points.get().address
    raw = send_mail_in(
        f"From: {writer}\r\nTo: support@demo.localhost\r\nMessage-ID: <n@post.example>\r\n"
        f"In-Reply-To: <{reply.message_id}>\r\nSubject: Re: it\r\n\r\nThanks".encode()
    )
    assert raw.said.ticket_id == ticket.pk
    fresh = send_mail_in(b"From: new@person.example\r\nMessage-ID: <m@person.example>\r\nSubject: Hi\r\n\r\nHello")
    assert fresh.said.ticket_id > last
    status.resolve(ticket, actor=agent)
    settle()
    assert not PendingEvent.objects.exists()
    assert TicketFacts.objects.get(ticket=ticket.pk).status == "resolved"


# ---------------------------------------------------------------------- alive


def test_it_moves_into_what_bootstrap_made(db: None) -> None:
    call_command("bootstrap", stdout=StringIO())
    support = Inbox.objects.get(address="support@demo.localhost")
    demo(300)
    assert Inbox.objects.filter(channel="email").count() == 3
    assert Team.objects.count() == 4
    assert Ticket.objects.filter(inbox=support).exists()
    assert Agent.objects.count() == 13


def test_the_survey_of_a_new_helpdesk_opens_recoveries_and_offers_reasons(db: None) -> None:
    call_command("bootstrap", stdout=StringIO())
    survey = Survey.objects.get()
    assert survey.opens_recovery
    assert survey.reasons.count() == ReasonCode.objects.count() > 0


def test_the_bad_week_is_a_week_of_march_with_more_of_everything() -> None:
    start = bad_week(UNTIL - timedelta(days=365), UNTIL)
    assert start == datetime(2025, 3, 9, 23, tzinfo=UTC)  # Monday in Freiburg
    rhythm = Rhythm(UNTIL, 365)
    shares = [rhythm.fraction(start + timedelta(days=7 * i)) for i in (-1, 0, 1, 2)]
    before, bad, after = (b - a for a, b in pairwise(shares))
    assert bad > 1.8 * before
    assert bad > 1.8 * after
    assert rhythm.strain(start + timedelta(days=3)) > 4 > 2 > rhythm.strain(start + timedelta(days=60))
    for fraction in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert rhythm.fraction(rhythm.moment(fraction)) == pytest.approx(fraction, abs=1e-9)


def test_every_sentence_can_be_filled_in() -> None:
    for topic in topics.TOPICS:
        for language, script in topic.scripts.items():
            voice = words.Voice(Random(1), topic, language, "Zoë Möller", UNTIL)
            for field in fields(script):
                sentences = getattr(script, field.name)
                assert isinstance(sentences, tuple), (topic.key, language, field.name)
                for sentence in sentences:
                    assert sentence.format_map(voice.values)


# ---------------------------------------------------------------------- again


def numbers() -> Numbers:
    return Numbers(*(count(1) for _ in fields(Numbers)))


def scribe_arrival(scribe: writing.Scribe, place: int) -> Any:
    from reports.demo.story import Arrival

    writer = scribe.writers[scribe.plan.customer_of(place)]
    return Arrival(scribe.plan.first + place, scribe.plan.moment(place), writer, True)


def test_more_than_was_planned_is_planned_anew(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "CAPACITY", 400)
    demo(400)
    demo(700)
    assert Ticket.objects.count() == 700
    assert [one.tickets for one in plan.plans()] == [400, 300]


def test_a_run_that_was_killed_is_taken_up_without_doubles(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = writing.Scribe._copy
    times = count(1)

    def die(self: writing.Scribe, stories: list[Story]) -> None:
        copy(self, stories)
        if next(times) == 2:
            raise SystemExit("killed")

    monkeypatch.setattr(writing.Scribe, "_copy", die)
    with pytest.raises(SystemExit):
        demo(700)
    assert Ticket.objects.count() == 500  # the second chunk left nothing
    assert Event.objects.count() == sum(len(events) for events in ledgers().values())
    demo(700)
    assert Ticket.objects.count() == 700
    assert TicketFacts.objects.count() == 700
    stretches = plan.written(plan.plans()[0])
    assert all(a[1] == b[0] for a, b in pairwise(stretches))


def test_it_leaves_a_helpdesk_that_is_in_use_alone(db: None, ticket: Ticket) -> None:
    assert "nothing was written" in demo(300, "--if-empty")
    assert Ticket.objects.count() == 1
    assert Agent.objects.count() == 0
    assert not Slot.objects.filter(job="demo").exists()


def test_it_goes_on_after_the_first_real_mail(db: None, send_mail_in: Callable[..., Any], inbox: Inbox) -> None:
    demo(100, "--if-empty")
    send_mail_in(b"From: new@person.example\r\nMessage-ID: <m@person.example>\r\nSubject: Hi\r\n\r\nHello")
    demo(200, "--if-empty")
    assert Ticket.objects.count() == 201


@pytest.mark.django_db(transaction=True)
def test_two_processes_write_what_one_would() -> None:
    demo(1_100, "--processes", "2")
    assert Ticket.objects.count() == 1_100
    assert TicketFacts.objects.count() == 1_100
    assert Message.objects.values("id").distinct().count() == Message.objects.count()
    assert not PendingEvent.objects.exists()


@pytest.mark.parametrize(
    "options",
    [("--tickets", "0"), ("--tickets", "many"), ("--until", "soon"), ("--until", "2999-01-01"), ("--days", "1")],
)
def test_senseless_options_are_refused(options: tuple[str, str]) -> None:
    with pytest.raises(Exception, match="argument"):
        call_command("demo", *options)


# ---------------------------------------------------------------------- looked at by many


class TestItsFirstTickets:
    """The first 300 tickets of a year, written once for all who look at them."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _written(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
        with django_db_blocker.unblock(), written(300):
            yield

    @pytest.fixture(autouse=True)
    def _each(self, _written: None, db: None) -> None:
        """What a test writes upon it goes with the test."""

    def test_every_ticket_is_what_its_events_say(self) -> None:
        events = ledgers()
        for ticket in Ticket.objects.prefetch_related("tags"):
            told = replay(events[ticket.pk])
            assert {tag.name for tag in ticket.tags.all()} == told.pop("tags")
            assert {name: getattr(ticket, name) for name in told} == told

    def test_the_ledger_is_in_order_and_leaves_nothing_to_be_done(self) -> None:
        assert not PendingEvent.objects.exists()
        assert set(Event.objects.values_list("verb", flat=True)) <= VERBS
        for events in ledgers().values():
            assert events[0].verb == "ticket.created"
            assert all(a.at <= b.at for a, b in pairwise(events))
            assert events[-1].at <= UNTIL

    def test_messages_answer_each_other_under_ids_of_ours(self) -> None:
        known: dict[int, set[str]] = defaultdict(set)
        for message in Message.objects.order_by("created_at", "id"):
            if message.in_reply_to:
                assert message.in_reply_to in known[message.ticket_id]
                assert message.references[-1] == message.in_reply_to
            if message.kind != MessageKind.INCOMING:
                assert minting.is_ours(message.message_id)
            known[message.ticket_id].add(message.message_id)
        replies = Message.objects.filter(kind=MessageKind.REPLY).count()
        assert OutgoingMail.objects.filter(purpose="reply", said__kind="reply").count() == replies
        assert OutgoingMail.objects.filter(deliveries=None).count() == 0

    def test_the_first_tickets_show_a_year_and_a_lively_queue(self) -> None:
        counts = Counter(Ticket.objects.values_list("status", flat=True))
        assert counts["closed"] > 100
        assert all(counts[word] for word in ("open", "pending", "resolved"))
        assert Ticket.objects.awake().unassigned().count() >= 15
        assert Ticket.objects.awake().exclude(assignee=None).count() >= 5
        waits = sorted(
            UNTIL - at
            for at in Ticket.objects.awake().filter(waiting_since__isnull=False).values_list("waiting_since", flat=True)
        )
        assert waits[0] < timedelta(minutes=30)
        assert waits[-1] > timedelta(days=1)
        months = {ticket.created_at.month for ticket in Ticket.objects.all()}
        assert months == set(range(1, 13))

    def test_the_company_has_its_people_and_nobody_knows_a_password(self) -> None:
        assert Team.objects.count() == 4
        assert Agent.objects.count() == 12
        assert Counter(Agent.objects.values_list("role", flat=True)) == {Role.LEAD: 4, Role.AGENT: 7, Role.LIGHT: 1}
        assert not any(agent.has_usable_password() for agent in Agent.objects.all())
        assert Customer.objects.count() == 2_000
        assert not ContactPoint.objects.exclude(address__endswith=".example").exists()
        assert sorted(Inbox.objects.values_list("address", flat=True)) == [
            "billing@demo.localhost", "returns@demo.localhost", "support@demo.localhost",
        ]  # fmt: skip
        for ticket in Ticket.objects.exclude(assignee=None).select_related("assignee"):
            assert Inbox.objects.visible_to(ticket.assignee).filter(pk=ticket.inbox_id).exists()
            assert ticket.assignee.may_reply

    def test_the_first_tickets_of_a_year_raise_no_alarms(self) -> None:
        assert not Alarm.objects.exists()

    def test_agents_answer_while_they_are_at_work(self) -> None:
        hours = opening_hours.hours_of_inboxes()
        replies = Message.objects.filter(kind="reply").values_list("ticket__inbox_id", "created_at")
        late = [at for inbox, at in replies if not hours[inbox].calendar.is_open(at - timedelta(minutes=3))]
        assert len(late) < 0.03 * len(replies)

    def test_a_seed_always_tells_the_same_story(self) -> None:
        first = plan.plans()[0]
        scribe = writing.Scribe(first, company.world(UNTIL, 365))
        stories: list[Story] = []
        for _ in range(2):
            scribe.numbers = numbers()
            stories.append(scribe._tell(7_654))
        one, other = stories
        assert [asdict(event) for event in one.events] == [asdict(event) for event in other.events]
        assert [message.text for message in one.messages] == [message.text for message in other.messages]
        elsewhere = tell(scribe.world, scribe_arrival(scribe, 7_654), numbers(), Random(5))
        assert [message.text for message in elsewhere.messages] != [message.text for message in one.messages]

    def test_more_tickets_go_on_where_fewer_ended(self) -> None:
        first = set(Ticket.objects.values_list("number", flat=True))
        assert "there already" in demo(300)
        demo(750)
        both = set(Ticket.objects.values_list("number", flat=True))
        assert len(both) == 750
        assert first < both
        assert len(plan.plans()) == 1
        moments = list(Ticket.objects.order_by("number").values_list("created_at", flat=True))
        assert moments == sorted(moments)

    def test_a_demo_that_is_to_have_fewer_tickets_has_accounts_once_it_is_told_so(self) -> None:
        assert not AccountEvent.objects.exists()
        assert "there already" in demo(250, "--final")
        assert AccountEvent.objects.filter(kind="renewed").exists()


class TestTheWholeOfIt:
    """All tickets of a small demo, and what became of its customers."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _written(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
        with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(plan, "CAPACITY", WHOLE)
            with written(WHOLE, "--processes", "1"):
                yield

    @pytest.fixture(autouse=True)
    def _each(self, _written: None, db: None) -> None:
        """What a test writes upon it goes with the test."""

    def test_a_whole_demo_has_something_for_every_page(self) -> None:
        closed = Recovery.objects.filter(state="closed")
        assert {"recovered", "not_recovered"} <= set(closed.values_list("outcome", flat=True))
        assert not closed.filter(owner=F("rated_agent")).exists()
        assert set(AccountEvent.objects.values_list("kind", flat=True)) >= {"joined", "renewed", "cancelled"}
        assert QualityReview.objects.filter(reviewed_at__isnull=False).exists()
        assert Complaint.objects.filter(closed_at__isnull=False).exists()
        assert not Complaint.objects.filter(acknowledge_by=None).exists()
        assert Complaint.objects.filter(acknowledged_at__lte=F("acknowledge_by")).exists()
        assert Annotation.objects.count() == 3
        assert SavedReport.objects.get().is_shared
        assert Organisation.objects.exclude(fields={}).exists()
        assert set(Ticket.objects.values_list("channel", flat=True)) == {"email", "form", "chat", "phone", "api"}
        remarks = Remark.objects.filter(topics__isnull=False)
        assert set(remarks.values_list("language", flat=True)) == {"en", "de"}
        for one in RemarkTopic.objects.select_related("remark", "topic"):
            assert one.found in one.remark.text.lower()
            assert one.found in one.topic.phrases.replace("*", "").splitlines()
        labels = set(TicketFacts.objects.values_list("fcr", flat=True))
        assert {"fcr_confirmed", "fcr_operational", "repeat_contact", "follow_up"} <= labels
        assert "there already" in demo(WHOLE)
        assert AccountEvent.objects.filter(kind="joined").count() == len(
            set(AccountEvent.objects.filter(kind="joined").values_list("customer", "organisation"))
        )

    def test_nobody_is_asked_twice_within_two_weeks_and_answers_rate_who_answered(self) -> None:
        asked = defaultdict(list)
        for one in Invitation.objects.exclude(state__in=["suppressed", "cancelled"]):
            asked[one.customer_id].append(one.occasion_at)
        for moments in asked.values():
            assert all(b - a >= timedelta(days=14) for a, b in pairwise(sorted(moments)))
        of_tickets = Response.objects.exclude(invitation__ticket=None).select_related("invitation")
        assert len(of_tickets) > 50
        for response in of_tickets:
            replies = Message.objects.filter(
                ticket=response.invitation.ticket_id, kind="reply", created_at__lte=response.invitation.occasion_at
            )
            assert response.agent_id == replies.order_by("created_at", "id").last().author_id
        occasions = set(Invitation.objects.exclude(ticket=None).values_list("occasion_id", flat=True))
        assert set(Event.objects.filter(id__in=occasions).values_list("verb", flat=True)) == {"ticket.resolved"}

    def test_texts_hold_a_rare_and_a_common_word_and_leave_nothing_unfilled(self) -> None:
        said = list(Message.objects.values_list("text", flat=True))
        assert 0.08 < sum(words.COMMON in text for text in said) / len(said) < 0.3
        assert 0 < sum(words.RARE in text for text in said) / len(said) < 0.004
        assert not any("{" in text or "  " in text for text in said)
        assert min(map(len, said)) > 5
        openings = Message.objects.filter(matched_by="new").values_list("text", flat=True)
        assert len(set(openings)) == len(openings)
        assert len(set(Ticket.objects.values_list("subject", flat=True))) > 800
