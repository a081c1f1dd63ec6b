"""Facts in the database: however events are heard, the rows are those of a rebuild; a row keeps all it was made of."""

import contextlib
import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from feedback import nonces
from feedback.models import Invitation, Survey
from feedback.operations import answering, mailing
from helpdesk import events
from helpdesk.events import record
from helpdesk.models import CalendarVersion, Event, PendingEvent
from reports.ledger import arrays, as_rows, facts, links, loose, opening_hours, packs, rebuilding, sweep
from reports.ledger import events as ledger_events
from reports.ledger.folding import fold
from reports.metrics.resolution import first_contact
from reports.models import AnswerFacts, Bookmark, StayFacts, SurveyFacts, TicketFacts
from tests.conftest import mail
from tickets.models import Customer, CustomerMerge, Merge, Message, Priority, Ticket
from tickets.operations import (
    assignment,
    merging,
    merging_customers,
    moving,
    removing,
    replying,
    sending,
    sorting,
    status,
)
from tickets.operations.status import NotPossible

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


ALL = (TicketFacts, AnswerFacts, StayFacts, SurveyFacts)


def rows(model=TicketFacts):
    return list(model.objects.order_by("pk").values())


def rebuilt():
    """What a rebuild from nothing gives, which writes as it does where there are many tickets."""
    for model in ALL:
        model.objects.all().delete()
    with pytest.MonkeyPatch.context() as patch:
        for module in (facts, ledger_events, links):
            patch.setattr(module, "FEW", 0)
        list(rebuilding.rebuild_alone(chunk=3))
    return [rows(model) for model in ALL]


class Walk:
    """A random history through the real operations. Events are heard late, twice, in parts, or only by the sweep."""

    def __init__(self, seed, clock, agents, inboxes, send, hear):
        self.chance = random.Random(seed)
        self.clock, self.agents, self.inboxes, self.send, self.hear = clock, agents, inboxes, send, hear

    def steps(self, n):
        for i in range(n):
            self.clock.shift(timedelta(seconds=self.chance.choice([0, 7, 600, 7200, 40_000, 200_000])))
            if i == 0 or self.chance.random() < 0.15 or not Ticket.objects.exists():
                self.arrive()
            else:
                with contextlib.suppress(NotPossible):
                    self.chance.choice(self.moves)()
            if self.chance.random() < 0.3:
                self.listen()

    @property
    def ticket(self):
        return self.chance.choice(list(Ticket.objects.order_by("pk")))

    @property
    def agent(self):
        return self.chance.choice(self.agents)

    @property
    def moves(self):
        return [
            lambda: replying.reply(self.ticket, text="Here you are.", actor=self.agent),
            lambda: replying.reply(self.ticket, text="And this.", actor=self.agent),
            lambda: replying.add_note(self.ticket, text="Hm.", actor=self.agent),
            self.answer_back, self.answer_back, self.automatic,
            lambda: status.resolve(self.ticket, actor=self.agent),
            lambda: status.resolve(self.ticket, actor=self.agent),
            lambda: status.reopen(self.ticket, actor=self.agent),
            lambda: status.pend(self.ticket, actor=self.agent),
            lambda: status.hold(self.ticket, actor=self.agent),
            lambda: status.close(self.ticket, actor=None),
            lambda: status.snooze(self.ticket, until=START + timedelta(days=900), actor=self.agent),
            lambda: status.wake(self.ticket, actor=None),
            lambda: assignment.assign(self.ticket, agent=self.agent, team=None, actor=self.agent),
            lambda: sorting.tag(self.ticket, name=self.chance.choice("abc"), actor=self.agent),
            lambda: sorting.untag(self.ticket, name="a", actor=self.agent),
            lambda: sorting.prioritise(self.ticket, priority=self.chance.choice(list(Priority)), actor=self.agent),
            self.deliver, self.survey, self.merge, self.move, self.remove, self.merge_customers, self.sort, self.sort,
            self.change_hours, self.ask_at_large, self.ask_at_large,
        ]  # fmt: skip

    def arrive(self):
        who = self.chance.choice(["dora@customer.example", "fay@customer.example"])
        automatic = {"Auto_Submitted": "auto-replied"} if self.chance.random() < 0.1 else {}
        inbox = self.chance.choice(self.inboxes)
        self.send(
            mail(sender=who, to=inbox.address, Message_ID=f"<{self.chance.random()}@x.example>", **automatic), inbox
        )

    def answer_back(self, **headers):
        ours = Message.objects.filter(kind="reply").exclude(message_id="").order_by("?").first()
        theirs = ours or Message.objects.exclude(message_id="").order_by("pk").last()
        ticket = theirs.ticket
        who = ticket.customer.contact_points.first().address
        self.send(
            mail(sender=who, In_Reply_To=f"<{theirs.message_id}>", Message_ID=f"<{self.chance.random()}@x.example>",
                 **headers),
            ticket.inbox,
        )  # fmt: skip

    def automatic(self):
        self.answer_back(Auto_Submitted="auto-replied")

    def deliver(self):
        mailing.send_due()
        for delivery in sending.claim(100):
            sending.begin_transmission(delivery)
            way = self.chance.random()
            if way < 0.8:
                sending.sent(delivery, "250 OK")
            elif way < 0.9:
                sending.refused(delivery, "550 no such user", for_good=True)
            else:
                sending.unknowable(delivery, "Nobody knows.")

    def survey(self):
        self.listen()
        self.deliver()
        self.listen()
        out = list(Invitation.objects.filter(state__in=["sent", "answered"]))
        if out:
            invitation = self.chance.choice(out)
            nonce = nonces.make(invitation)
            self.clock.shift(timedelta(seconds=30))
            with contextlib.suppress(answering.Refused):
                answering.respond(
                    invitation, nonce=nonce, score=self.chance.randint(1, 5), comment=self.chance.choice(["", "Fine."])
                )

    def merge(self):
        one, other = self.ticket, self.ticket
        if (known := Merge.objects.filter(undone_at=None).order_by("?").first()) and self.chance.random() < 0.5:
            merging.unmerge(known, actor=self.agent)
        elif one != other:
            merging.merge(one, into=other, actor=self.agent)

    def move(self):
        said = Message.objects.filter(kind="incoming").order_by("?").first()
        moving.move(said, ticket=self.ticket if self.chance.random() < 0.5 else None, actor=self.agent)

    def remove(self):
        act = self.chance.choice([removing.spam, removing.trash, removing.restore, removing.restore])
        act(self.ticket, actor=self.agent)

    def merge_customers(self):
        if known := CustomerMerge.objects.filter(undone_at=None).first():
            merging_customers.unmerge(known, actor=self.agent)
        elif Customer.objects.count() > 1:
            one, other = Customer.objects.order_by("?")[:2]
            merging_customers.merge(one, other, actor=self.agent)

    def sort(self):
        self.tell("ticket.categorised", self.ticket, topic=self.chance.choice(["1", "2", None]), by="hand")

    def ask_at_large(self):
        """As asking for a recommendation by the calendar records it."""
        out = list(Invitation.objects.filter(ticket=None).order_by("pk"))
        if not out or self.chance.random() < 0.4:
            invitation = Invitation.objects.create(
                survey=Survey.objects.get(kind="nps"), customer=Customer.objects.filter(merged_into=None).first(),
                occasion_id=self.chance.randrange(10**12), occasion_at=START, due_at=START, language="en",
            )  # fmt: skip
            kind = {"survey": invitation.survey_id, "kind": "nps", "language": "en", "percent": 50}
            verb, more = "survey.invited", kind
        else:
            invitation = self.chance.choice(out)
            verb, more = self.chance.choice(
                [
                    ("survey.sent", {}), ("survey.bounced", {}), ("survey.expired", {}),
                    ("survey.answered", {"score": self.chance.randint(0, 10), "kind": "nps"}),
                    ("survey.commented", {"has_comment": True}),
                ]
            )  # fmt: skip
        self.tell(verb, invitation, **invitation.facts, **more)

    def change_hours(self):
        weekly = {day: [[self.chance.choice(["07:00", "09:00"]), "17:00"]] for day in ("mon", "tue", "wed")}
        CalendarVersion.objects.update(weekly=weekly)

    def tell(self, verb, ticket, **said):
        with transaction.atomic():
            record(verb, ticket, actor=None, **said)

    def listen(self):
        """Hear what is pending: all, part of it, none of it, or some of it again."""
        way = self.chance.random()
        if way < 0.2:
            return
        if way < 0.4:
            events.drain(limit=2)
        elif way < 0.5:
            PendingEvent.objects.all().delete()  # nobody ever tells us
        else:
            self.hear()
        again = list(Event.objects.filter(stream_id__isnull=False).order_by("?")[:3])
        if again:
            facts.refresh(event.stream_id for event in again)


def check_links():
    """The labels of first contact resolution are those of the published function, and the moves are the stays."""
    tickets = {row.ticket: as_rows.from_row(row) for row in TicketFacts.objects.all()}
    said = dict(TicketFacts.objects.exclude(is_solved=None).values_list("ticket", "is_solved"))
    judged = first_contact(tickets, as_of=START + timedelta(days=9999), answers=said)
    assert dict(TicketFacts.objects.values_list("ticket", "fcr")) == judged.labels
    for number, ticket in tickets.items():
        stays = StayFacts.objects.filter(ticket=number).order_by("number")
        moves = [(at, by) for one in stays for at, by in ((one.entered_at, one.entered_by), (one.left_at, one.left_by))]
        assert [move for move in moves if move[0]] == [(move.at, move.kind) for move in ticket.moves]


def check_packs():
    """What is read of the packs and of what is marked is what the rows say."""
    for model in ALL:
        names = list(packs.OF_MODEL[model][1].columns)
        assert packs.look(model) is not None or model is SurveyFacts
        found = arrays.listed(model.objects.all(), *names)
        assert sorted(map(repr, found)) == sorted(map(repr, model.objects.values_list(*names)))


@pytest.mark.parametrize("seed", range(6))
def test_facts_folded_as_events_are_heard_are_those_of_a_rebuild(
    seed, ana, chloe, admin, dora, inbox, billing, send_mail_in, settle
):
    Survey.objects.create(name="Satisfaction", delay_minutes=0)
    Survey.objects.create(name="Recommendation", kind="nps", sends_from=inbox, every_days=180, is_active=False)
    with time_machine.travel(START, tick=False) as clock:
        walk = Walk(seed, clock, [ana, chloe], [inbox, inbox, billing], send_mail_in, settle)
        walk.steps(25)
        packs.pack()  # what follows is marked
        walk.steps(20)
        settle()
        sweep.catch_up()
        kept = [rows(model) for model in ALL]
        check_packs()
        assert len(kept[0]) == Ticket.objects.count() > 0
        assert kept == rebuilt()
        check_packs()
        check_links()


def test_askings_about_no_ticket_are_folded_and_belong_to_whom_their_customer_became(inbox, dora, settle):
    survey = Survey.objects.create(name="Recommendation", kind="nps", sends_from=inbox, every_days=180)
    fay = Customer.objects.create(name="Fay")
    invitation = Invitation.objects.create(
        survey=survey, customer=dora, occasion_id=1, occasion_at=START, due_at=START, language="de"
    )
    with transaction.atomic():
        said = {**invitation.facts, "survey": survey.pk, "kind": "nps", "language": "de"}
        record("survey.invited", invitation, actor=None, **said)
        record("survey.answered", invitation, actor=None, **invitation.facts, score=9, kind="nps")
    settle()
    row = SurveyFacts.objects.get()
    assert (row.ticket, row.customer, row.inbox, row.kind, row.score) == (None, dora.pk, inbox.pk, "nps", 9)
    assert row.counts and row.is_delivered and row.language == "de"
    merge = merging_customers.merge(dora, fay, actor=None)
    settle()
    assert SurveyFacts.objects.get().customer == fay.pk
    merging_customers.unmerge(merge, actor=None)
    PendingEvent.objects.all().delete()  # nobody ever tells us
    sweep.catch_up()
    assert SurveyFacts.objects.get().customer == dora.pk
    kept = rows(SurveyFacts)
    SurveyFacts.objects.create(event=-1, invitation=10**9, state="sent", counts=True, is_delivered=True,
                               has_comment=False, invited_at=START)  # fmt: skip
    list(rebuilding.rebuild_alone())
    assert rows(SurveyFacts) == kept


def test_of_many_askings_about_no_ticket_only_some_are_locked_at_a_time(inbox, dora, monkeypatch):
    survey = Survey.objects.create(name="Recommendation", kind="nps", sends_from=inbox, every_days=180)
    invitations = [
        Invitation.objects.create(survey=survey, customer=dora, occasion_id=n, occasion_at=START, due_at=START)
        for n in range(5)
    ]
    with transaction.atomic():
        for one in invitations:
            record("survey.invited", one, actor=None, **one.facts, survey=survey.pk, kind="nps")
    locked: list[int] = []
    lock = loose.lock
    monkeypatch.setattr(loose, "lock", lambda kind, numbers: (locked.append(len(numbers)), lock(kind, numbers)))
    monkeypatch.setattr(loose, "CHUNK", 2)
    assert loose.refresh_askings(one.pk for one in invitations) == 5
    assert SurveyFacts.objects.count() == 5 and max(locked) == 2


@pytest.mark.parametrize("seed", range(2))
def test_a_row_keeps_all_it_was_made_of(seed, ana, chloe, dora, inbox, send_mail_in, settle):
    with time_machine.travel(START, tick=False) as clock:
        walk = Walk(100 + seed, clock, [ana, chloe], [inbox], send_mail_in, settle)
        walk.merge = walk.move = walk.ask_at_large = walk.remove
        walk.steps(40)
        list(rebuilding.rebuild_alone())
    hours = opening_hours.hours_of_inboxes()[inbox.pk]
    for row in TicketFacts.objects.all():
        ledger = Event.objects.filter(stream_id=row.ticket).order_by("id")
        folded = fold(ledger, hours.calendar)
        again = as_rows.from_row(row)
        assert again == folded
        assert (row.in_volume, row.in_quality, row.is_contact) == (again.in_volume, again.in_quality, again.is_contact)


def test_a_ticket_is_folded_when_its_events_are_heard(ticket, ana, settle):
    settle()
    assert TicketFacts.objects.get().first_reply_at is None
    replying.reply(ticket, text="Here.", actor=ana)
    settle()
    row = TicketFacts.objects.get()
    assert row.ticket == ticket.pk and row.first_reply_at is not None and row.first_replier == ana.pk


def test_hearing_many_tickets_costs_the_queries_of_one(inbox, dora, send_mail_in):
    def queries(n):
        for i in range(n):
            send_mail_in(mail(Message_ID=f"<{n}.{i}@x.example>"))
        tickets = list(Ticket.objects.values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as seen:
            facts.refresh(tickets)
        return len(seen)

    opening_hours.hours_of_inboxes()  # they stay as they are
    assert queries(1) == queries(7)


def test_without_opening_hours_business_seconds_are_unknown(billing, ben, dora, send_mail_in, settle):
    raw = send_mail_in(mail(to=billing.address), billing)
    ticket = raw.said.ticket
    replying.reply(ticket, text="Yes.", actor=ben)
    status.resolve(ticket, actor=ben)
    settle()
    row = TicketFacts.objects.get()
    assert row.frt_s is not None and row.resolution_s is not None
    assert row.frt_business_s is None and row.resolution_business_s is None and row.business_open_s is None
    assert row.hours == 0


def test_a_merged_ticket_starts_the_one_it_went_into(ana, dora, inbox, send_mail_in, settle):
    with time_machine.travel(START, tick=False) as clock:
        first = send_mail_in(mail(Message_ID="<1@x.example>")).said.ticket
        clock.shift(timedelta(hours=1))
        second = send_mail_in(mail(Message_ID="<2@x.example>")).said.ticket
        with transaction.atomic():
            record("ticket.merged", first, actor=ana, into=second.pk)
        settle()
        clock.shift(timedelta(hours=1))
        replying.reply(second, text="Both.", actor=ana)
        settle()
    row = TicketFacts.objects.get(ticket=second.pk)
    assert (row.contacts, row.frt_s) == (2, 7200)
    assert TicketFacts.objects.get(ticket=first.pk).klass == "merged"


def test_the_sweep_finds_what_nobody_told(ticket, ana):
    replying.reply(ticket, text="Here.", actor=ana)
    PendingEvent.objects.all().delete()
    assert not TicketFacts.objects.exists()
    assert sweep.catch_up() == 1
    assert TicketFacts.objects.get().outgoing == 1
    assert sweep.catch_up() == 0


def test_the_sweep_remembers_how_far_it_came_and_still_sees_what_is_new(ticket, ana):
    for _ in range(3):
        sweep.catch_up()
    mark = Bookmark.objects.get(name=sweep.LEDGER_BOOKMARK)
    assert mark.position == Event.objects.latest("id").pk
    replying.reply(ticket, text="Here.", actor=ana)
    PendingEvent.objects.all().delete()
    assert sweep.catch_up() == 1


def _address():
    known = connection.get_connection_params()
    return {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}


@pytest.mark.django_db(transaction=True)
def test_the_sweep_keeps_its_bookmark_where_somebody_is_still_writing(ticket):
    def position():
        for _ in range(3):
            sweep.catch_up()
        return Bookmark.objects.get(name=sweep.LEDGER_BOOKMARK).position

    with psycopg.connect(**_address()) as writer:
        writer.execute("SELECT pg_current_xact_id()")  # its event may get a lower id than those that are there
        assert position() < Event.objects.latest("id").pk
    assert position() == Event.objects.latest("id").pk


def test_changed_opening_hours_are_counted_anew(ticket, ana, calendar, settle):
    with time_machine.travel(START + timedelta(days=365)):
        replying.reply(ticket, text="Late.", actor=ana)
    settle()
    before = TicketFacts.objects.get().frt_business_s
    CalendarVersion.objects.update(weekly={"mon": [["09:00", "10:00"]]})
    assert sweep.catch_up() == 1
    assert 0 < TicketFacts.objects.get().frt_business_s < before
    assert sweep.catch_up() == 0


def test_rebuilding_drops_what_the_ledger_does_not_know(ticket, settle):
    settle()
    stray = TicketFacts.objects.get()
    for number in (ticket.pk + 1000, ticket.pk - 1):
        stray.pk = number
        stray.save(force_insert=True)
    call_command("rebuild_facts", verbosity=0)
    assert [row["ticket"] for row in rows()] == [ticket.pk]


def test_the_command_tells_how_many_events_it_folded(ticket, settle, capsys):
    call_command("rebuild_facts")
    assert "Folded 2 events" in capsys.readouterr().out


def test_rebuilding_leaves_unchanged_rows_unwritten(ticket, settle):
    def version():
        with connection.cursor() as cursor:
            cursor.execute("SELECT xmin::text, ctid::text FROM reports_ticketfacts")
            return cursor.fetchall()

    settle()
    before = version()
    list(rebuilding.rebuild_alone())
    assert version() == before
