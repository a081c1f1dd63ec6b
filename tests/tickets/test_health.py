"""The heartbeat of an inbox: what it notes, what it finds wrong, whom it tells, and that it is over when it is over."""

from datetime import timedelta

import pytest
from django.core import mail as outbox

from helpdesk import clock, measures
from helpdesk.models import Event
from tests.conftest import mail
from tests.smtp_sink import smtp_sink
from tickets.channels.email import diagnosis
from tickets.models import (
    Delivery,
    DeliveryState,
    Inbox,
    InboxHealth,
    Mailbox,
    OutgoingMail,
    OutgoingServer,
    RawMessage,
)
from tickets.operations import health, intake, probing, sending
from tickets.operations.status import NotPossible
from tickets.tasks import deliver, receive_mail, watch_inboxes

MINUTE = timedelta(minutes=1)


@pytest.fixture
def at(monkeypatch):
    """Put the clock to a number of minutes from now."""
    start = clock.now()

    def put(minutes: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: start + minutes * MINUTE)

    return put


def verbs() -> list[str]:
    return list(Event.objects.filter(verb__startswith="inbox.").order_by("id").values_list("verb", flat=True))


def state(inbox) -> InboxHealth:
    return InboxHealth.objects.get(inbox=inbox)


# --- what is noted --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_came_and_went_is_noted_at_most_once_a_minute(inbox, at):
    health.note_received(inbox.pk)
    first = state(inbox).received_at
    at(0.5)
    health.note_received(inbox.pk)
    assert state(inbox).received_at == first, "half a minute later nothing is written"
    at(1.5)
    health.note_received(inbox.pk)
    health.note_sent(inbox.pk)
    assert state(inbox).received_at > first
    assert state(inbox).sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_went_out_is_a_heartbeat(ticket, ana, settings):
    from tickets.operations import replying

    with smtp_sink(settings):
        replying.reply(ticket, text="It ships today.", actor=ana, once="1")
        Delivery.objects.update(due_at=clock.now())
        deliver()
    assert Delivery.objects.get().state == "sent"
    assert state(ticket.inbox).sent_at is not None


def test_a_note_of_a_transaction_that_failed_is_none(inbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as called:
        health.note_received(inbox.pk)
    assert len(called) == 1 and not InboxHealth.objects.exists(), "it waits for the commit"


# --- what is found --------------------------------------------------------------------------------------------------


def make_mailbox(inbox, **more) -> Mailbox:
    return Mailbox.objects.create(inbox=inbox, host="imap.example.org", username="support", **more)


def test_a_sound_inbox_has_no_trouble(inbox):
    make_mailbox(inbox, checked_at=clock.now())
    watch_inboxes()
    assert state(inbox).problem_in == state(inbox).problem_out == ""
    assert verbs() == []


def test_a_refused_password_is_trouble_in_words_and_over_when_it_is_mended(inbox, at):
    words = "imap.example.org refused the user name or password of support."
    mailbox = make_mailbox(inbox, error=words, failing_since=clock.now())
    health.examine(inbox)
    assert verbs() == [], "a server may stumble"
    at(3)
    for _ in range(3):
        health.examine(inbox)
    found = state(inbox)
    assert found.problem_in == words
    assert found.problem_in_since == mailbox.failing_since
    Mailbox.objects.update(error="", failing_since=None, checked_at=clock.now())
    for _ in range(3):
        health.examine(inbox)
    assert (state(inbox).problem_in, state(inbox).problem_in_since) == ("", None)
    assert verbs() == ["inbox.troubled", "inbox.recovered"]
    event = Event.objects.get(verb="inbox.troubled")
    assert (event.subject_id, event.facts["way"], event.facts["cause"]) == (inbox.pk, "in", "mailbox")


def test_f44_the_owner_is_alarmed_within_five_minutes(inbox, admin, at, settings):
    make_mailbox(inbox, error="imap.example.org refused the password.", failing_since=clock.now())
    minute = 0.0
    while not OutgoingMail.objects.filter(purpose="notice").exists():
        assert minute <= 5, "nobody was told"
        minute += 0.5  # as often as the clock asks
        at(minute)
        watch_inboxes()
    notice = OutgoingMail.objects.get(purpose="notice")
    assert notice.to == [admin.email] and "refused the password" in notice.text
    assert "/settings/health/" in notice.text


def test_a_mailbox_nobody_looks_into_is_trouble(inbox, at):
    make_mailbox(inbox, checked_at=clock.now())
    at(14)
    assert health.examine(inbox).problem_in == ""
    at(16)
    assert "manage.py mailroom" in health.examine(inbox).problem_in
    InboxHealth.objects.update(received_at=clock.now())
    assert health.examine(inbox).problem_in == "", "so much comes in at once that it is never done"


def test_mail_nobody_reads_is_trouble_and_a_long_queue_that_moves_is_none(inbox, billing, at):
    intake.store(inbox=inbox, content=mail(), source="test")
    at(11)
    assert "worker" in health.examine(inbox).problem_in
    assert health.examine(billing).problem_in == "", "it is another inbox's"
    RawMessage.objects.update(lease_until=clock.now() + MINUTE)
    assert health.examine(inbox).problem_in == ""


def test_a_server_for_outgoing_mail_that_complains_is_trouble(inbox):
    OutgoingServer.objects.create(inbox=inbox, host="smtp.example.org", error="smtp.example.org refused the password")
    found = health.examine(inbox)
    assert found.problem_out.startswith("smtp.example.org refused the password.") and not found.problem_in


def test_mail_that_cannot_be_handed_over_is_trouble_and_one_greylisted_recipient_is_none(inbox, at):
    queued = sending.enqueue(
        inbox=inbox, ticket=None, to="dora@customer.example", subject="x", text="x", purpose=OutgoingMail.Purpose.SURVEY
    )
    Delivery.objects.filter(mail=queued).update(attempts=1, answer="450 4.2.0 Greylisted, try again later")
    at(30)
    assert health.examine(inbox).problem_out == ""
    Delivery.objects.filter(mail=queued).update(answer="The mail server could not be reached: Connection refused")
    assert "Connection refused" in health.examine(inbox).problem_out
    InboxHealth.objects.update(sent_at=clock.now())
    assert health.examine(inbox).problem_out == "", "other mail goes out"


# --- test mails -----------------------------------------------------------------------------------------------------


@pytest.fixture
def probed(inbox) -> Inbox:
    inbox.probe_minutes = 15
    inbox.save()
    return inbox


def probes() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(purpose="probe").order_by("pk"))


def test_a_test_mail_says_what_it_is_and_carries_its_token_three_times(probed):
    probe = probing.send_if_due(probed)
    assert probe is not None and probe.to == ["support@demo.localhost"]
    assert probe.subject == "Test mail of the helpdesk"
    assert probe.headers["Auto-Submitted"] == "auto-generated"
    token = state(probed).probe_token
    assert probe.message_id.startswith(f"{token}@") and token in probe.text
    assert probe.reply_to == f"support+p-{token}@demo.localhost"
    for survived in (
        {"message_id": probe.message_id}, {"message_id": "rewritten@ses.example", "addresses": [probe.reply_to]},
        {"message_id": "", "text": f"> {probe.text}"},
    ):  # fmt: skip
        assert health.probe_token(**survived) == token
    assert health.probe_token(message_id="a@b.example", addresses=["support@demo.localhost"], text="Hello") == ""


def test_test_mails_go_as_often_as_asked_and_two_clocks_send_one(probed, billing, at):
    for minute in (0, 0, 5, 14):
        at(minute)
        watch_inboxes()
    assert len(probes()) == 1
    Delivery.objects.update(state=DeliveryState.SENT, sent_at=clock.now())
    health.probe_came_back(probed, state(probed).probe_token)
    at(16)
    watch_inboxes()
    watch_inboxes()
    assert len(probes()) == 2, "and an inbox that wants none sends none"


def test_while_one_is_on_its_way_or_has_not_left_no_other_follows(probed, at):
    probed.probe_minutes = 1
    probed.save()
    watch_inboxes()
    at(5)
    watch_inboxes()
    assert len(probes()) == 1
    at(60)
    watch_inboxes()
    assert len(probes()) == 1, "a queue that stands still gets no longer"
    Delivery.objects.update(state=DeliveryState.SENT, sent_at=clock.now())
    watch_inboxes()
    assert len(probes()) == 2


def test_a_test_mail_that_comes_back_by_the_ordinary_way_is_noted_and_no_ticket(probed, settings):
    with smtp_sink(settings) as sink:
        watch_inboxes()
        deliver()
    ((recipients, content),) = sink.accepted
    assert recipients == ["support@demo.localhost"]
    raw = intake.store(inbox=probed, content=content, source="test", envelope_to=recipients)
    receive_mail()
    raw.refresh_from_db()
    assert (raw.state, raw.reason_code, raw.said) == ("recorded", "probe", None)
    seen = state(probed).probe_seen_at
    assert seen is not None
    assert health.probe_came_back(probed, state(probed).probe_token) is True
    assert state(probed).probe_seen_at == seen, "twice is as once"


def test_a_token_that_is_not_of_this_inbox_is_nothing(probed, billing):
    watch_inboxes()
    token = state(probed).probe_token
    assert not health.probe_came_back(billing, token)
    assert not health.probe_came_back(probed, token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert not health.probe_came_back(probed, "")
    survey = sending.enqueue(
        inbox=probed, ticket=None, to="dora@customer.example", subject="x", text="x",
        purpose=OutgoingMail.Purpose.SURVEY,
    )  # fmt: skip
    assert not health.probe_came_back(probed, survey.message_id.partition("@")[0])
    assert state(probed).probe_seen_at is None


@pytest.mark.parametrize(
    "other_mail, mailbox, words",
    [(True, False, "taken for spam"), (False, False, "forwarding"), (False, True, "nothing was fetched since")],
)
def test_one_that_does_not_come_back_is_trouble_with_the_likely_cause(probed, at, other_mail, mailbox, words):
    watch_inboxes()
    Delivery.objects.update(state=DeliveryState.SENT, sent_at=clock.now())
    at(9)
    assert health.examine(probed).problem_in == ""
    if other_mail:
        InboxHealth.objects.update(received_at=clock.now())
    at(11)
    if mailbox:
        make_mailbox(probed, checked_at=clock.now())
    found = health.examine(probed)
    assert words in found.problem_in and found.problem_out == ""
    health.probe_came_back(probed, found.probe_token)
    assert health.examine(probed).problem_in == ""


def test_one_that_never_left_is_the_other_way_s_trouble(probed, at):
    watch_inboxes()
    at(11)
    found = health.examine(probed)
    assert found.problem_in == "" and "“delivery”" in found.problem_out
    Delivery.objects.update(state=DeliveryState.FAILED, answer="554 5.7.1 Relay access denied")
    assert "554 5.7.1 Relay access denied." in health.examine(probed).problem_out


def test_somebody_may_want_to_know_now(inbox, ana, lou):
    assert probing.send_now(inbox, actor=ana) is not None
    assert probing.send_now(inbox, actor=ana) is None, "not twice within a minute"
    with pytest.raises(NotPossible):
        probing.send_now(inbox, actor=lou)
    assert len(probes()) == 1


# --- who is told ----------------------------------------------------------------------------------------------------


def notices() -> int:
    return OutgoingMail.objects.filter(purpose="notice").count()


def test_admins_are_told_once_a_problem_and_once_a_day(inbox, billing, admin, ana, at):
    server = OutgoingServer.objects.create(inbox=inbox, error="refused")
    for minute in (0, 1, 60, 23 * 60):
        at(minute)
        watch_inboxes()
    assert notices() == 1
    at(24 * 60 + 1)
    watch_inboxes()
    assert notices() == 2
    notice = OutgoingMail.objects.filter(purpose="notice").first()
    assert (notice.inbox, notice.to) == (billing, [admin.email]), "an inbox that is well carries it"
    server.error = ""
    server.save()
    at(24 * 60 + 10)
    watch_inboxes()
    server.error = "refused again"
    server.save()
    at(24 * 60 + 20)
    watch_inboxes()
    assert notices() == 2, "one that comes and goes is not a new one every minute"
    at(25 * 60 + 2)
    watch_inboxes()
    assert notices() == 3


@pytest.mark.django_db(transaction=True)
def test_where_no_inbox_can_send_the_server_of_the_house_is_asked(inbox, admin, settings):
    OutgoingServer.objects.create(inbox=inbox, error="refused")
    watch_inboxes()
    (letter,) = outbox.outbox
    assert letter.to == [admin.email] and "Support is not sending mail" in letter.subject
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated" and notices() == 0


def test_nobody_whose_address_is_an_inbox_is_told_by_mail(inbox, billing, admin):
    admin.email = "support@demo.localhost"
    admin.save()
    OutgoingServer.objects.create(inbox=billing, error="refused")
    watch_inboxes()
    assert notices() == 0, "the notice would become a ticket"


def test_an_inbox_that_cannot_be_looked_after_does_not_keep_the_others_waiting(inbox, billing, admin, monkeypatch):
    OutgoingServer.objects.create(inbox=billing, error="refused")
    real = diagnosis.incoming

    def broken(one, *more):
        if one == inbox:
            raise RuntimeError("a defect of ours")
        return real(one, *more)

    monkeypatch.setattr(diagnosis, "incoming", broken)
    watch_inboxes()
    assert state(billing).problem_out


# --- what is shown --------------------------------------------------------------------------------------------------


@pytest.fixture
def troubled(inbox):
    InboxHealth.objects.create(
        inbox=inbox, problem_in="The password was refused. What to do: enter it anew.", problem_in_since=clock.now()
    )
    return inbox


def test_every_page_tells_the_agents_of_that_inbox_and_nobody_else(troubled, ana, ben, lou, admin, as_agent):
    for agent, is_told in ((ana, True), (lou, True), (admin, True), (ben, False)):
        for page in ("/", "/settings/", "/intake/", "/banners/"):
            text = as_agent(agent).get(page).content.decode()
            assert ("Support is not receiving mail" in text) is is_told, (agent, page)
            assert ("The password was refused." in text) is is_told


def test_the_banner_leads_to_where_it_can_be_mended(troubled, ana, admin, as_agent):
    assert '/settings/health/">' in as_agent(ana).get("/banners/").content.decode()
    assert f'/settings/inboxes/{troubled.pk}/in/">' in as_agent(admin).get("/banners/").content.decode()


def test_the_banner_costs_nothing_while_all_is_well_and_one_query_when_not(
    inbox, ana, django_assert_max_num_queries, django_assert_num_queries
):
    from tickets import watching

    with django_assert_max_num_queries(3):
        assert watching.banners(ana) == []
    with django_assert_num_queries(0):
        assert watching.banners(ana) == []
    InboxHealth.objects.create(inbox=inbox, problem_out="x", problem_out_since=clock.now())
    watching.forget()
    watching.banners(ana)
    with django_assert_num_queries(1):
        assert len(watching.banners(ana)) == 1


def test_unread_mail_is_told_although_no_worker_runs_that_could_tell(inbox, ana, as_agent, at):
    intake.store(inbox=inbox, content=mail(), source="test")
    at(11)
    assert "Support is not receiving mail" in as_agent(ana).get("/").content.decode()


def test_the_health_page_says_it_all(troubled, billing, ana, ben, as_agent):
    InboxHealth.objects.update(
        received_at=clock.now() - 5 * MINUTE, probe_sent_at=clock.now() - 3 * MINUTE,
        probe_seen_at=clock.now() - 2.5 * MINUTE,
    )  # fmt: skip
    intake.store(inbox=troubled, content=mail(), source="test")
    text = as_agent(ana).get("/settings/health/").content.decode()
    for words in ("The password was refused.", "in trouble", "5 min", "came back", "after 30 s"):
        assert words in text, words
    assert "Billing" not in text
    assert "well" in as_agent(ben).get("/settings/health/").content.decode()


def test_an_agent_without_inboxes_is_told_why_the_page_is_empty(db, as_agent):
    from tests.conftest import make_agent

    nobody = make_agent("new@demo.localhost", "Nora New", "agent")
    assert "You see no inbox yet" in as_agent(nobody).get("/settings/health/").content.decode()


def test_a_test_mail_is_sent_from_the_page(inbox, ana, as_agent):
    page = as_agent(ana).post(f"/settings/health/{inbox.pk}/probe", follow=True).content.decode()
    assert "A test mail is on its way" in page and "on its way" in page
    assert len(probes()) == 1


def test_figures_for_whoever_watches_the_machines(troubled, at):
    troubled.probe_minutes = 5
    troubled.save()
    InboxHealth.objects.update(probe_sent_at=clock.now())
    intake.store(inbox=troubled, content=mail(), source="test")
    at(2)
    page = measures.page().decode()
    for line in ("helpdesk_inboxes_not_receiving 1.0", "helpdesk_inboxes_not_sending 0.0"):
        assert line in page
    seconds = {
        name: float(value)
        for name, value in (row.split() for row in page.splitlines() if not row.startswith("#") and " " in row)
        if name in ("helpdesk_raw_mail_oldest_seconds", "helpdesk_probe_seconds")
    }
    assert all(115 < value < 180 for value in seconds.values()) and len(seconds) == 2
