"""The log of what came in: everything is in it, found again, explained, and decided by whoever may."""

from datetime import timedelta

import pytest

from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail, make_agent
from tickets import mail_log, watching
from tickets.mail_log import Asked
from tickets.models import Message, RawMessage, RawState
from tickets.operations import intake, mail_desk
from tickets.operations.status import NotPossible
from tickets.tasks import receive_mail

FAILED = "mx.demo.localhost; dmarc=fail header.from=customer.example"


@pytest.fixture
def forged(send_mail_in, settings):
    """A mail of which Dora's domain says that it is not theirs, so it waits."""
    settings.TRUSTED_AUTHSERV_ID = "mx.demo.localhost"
    raw = send_mail_in(mail(subject="Whose is it?", Authentication_Results=FAILED))
    assert raw.state == "quarantined"
    return raw


@pytest.fixture
def parked(send_mail_in):
    raw = send_mail_in(b" ")
    assert raw.state == "parked"
    return raw


def rows(count: int, inbox, **more) -> list[RawMessage]:
    """So many mails as they lie in the log."""
    blank = {"source": "smtp", "content": b"x", "size": 1, "sha256": b"x" * 32, "state": RawState.DONE}
    return RawMessage.objects.bulk_create(
        [RawMessage(inbox=inbox, source_key=f"{clock.now()} {n}", **{**blank, **more}) for n in range(count)]
    )


def subjects(found: mail_log.Found) -> list[str]:
    return [one.subject for one in found.mails]


# --- looking --------------------------------------------------------------------------------------------------------


def test_a_mail_is_found_by_sender_subject_message_id_recipient_and_envelope(inbox, ana):
    (raw,) = rows(
        1, inbox, subject="Where is my Lamp?", sender="dora@customer.example", message_id="abc.1@customer.example",
        envelope_from="bounce+7@lists.example", envelope_to=["support+x@demo.localhost"],
    )  # fmt: skip
    rows(3, inbox, subject="Something else", sender="emil@stranger.example")
    for words in (
        "lamp", "WHERE lamp", "dora@", "<abc.1@customer.example>", "bounce+7", "support+x@",
        "lamp dora@customer.example",
    ):  # fmt: skip
        assert [one.pk for one in mail_log.page(ana, Asked(words=words)).mails] == [raw.pk], words
    assert not mail_log.page(ana, Asked(words="lamp emil")).mails, "all words, not any"
    assert not mail_log.page(ana, Asked(words="100% _")).mails, "signs of patterns are signs"


def test_state_inbox_way_and_reason_narrow_the_list(inbox, billing, admin):
    rows(1, inbox, subject="1", state="parked", reason_code="too_complex")
    rows(1, inbox, subject="2", state="quarantined", reason_code="forged", source="imap")
    rows(1, billing, subject="3")
    for asked, expected in (
        (Asked(), ["3", "2", "1"]), (Asked(state="parked"), ["1"]), (Asked(state="waiting"), ["2", "1"]),
        (Asked(inbox=billing.pk), ["3"]), (Asked(source="imap"), ["2"]), (Asked(reason="too_complex"), ["1"]),
    ):  # fmt: skip
        assert subjects(mail_log.page(admin, asked)) == expected, asked
    assert mail_log.reasons(admin) == ["forged", "too_complex"]


def test_a_day_is_found_by_the_time_of_arrival(inbox, ana):
    start = clock.now() - timedelta(days=10)
    for day in range(10):
        rows(1, inbox, subject=str(day), received_at=start + timedelta(days=day))
    asked = Asked(since=start + timedelta(days=3), until=start + timedelta(days=6))
    assert subjects(mail_log.page(ana, asked)) == ["5", "4", "3"]
    assert mail_log.page(ana, Asked(until=start)).mails == []


def test_pages_follow_one_another_without_gap_or_repetition(inbox, ana):
    rows(120, inbox)
    seen, before = [], None
    for _ in range(3):
        found = mail_log.page(ana, Asked(), before=before)
        seen += [one.pk for one in found.mails]
        before = found.before
    assert len(seen) == len(set(seen)) == 120 and before is None
    assert seen == sorted(seen, reverse=True)


def test_a_search_looks_at_a_bounded_number_of_mails_and_goes_on_from_there(inbox, ana, monkeypatch):
    monkeypatch.setattr(mail_log, "WINDOW", 10)
    (needle,) = rows(1, inbox, subject="needle")
    rows(25, inbox, subject="hay")
    found, pages = mail_log.page(ana, Asked(words="needle")), 1
    while not found.mails:
        assert found.before is not None
        found, pages = mail_log.page(ana, Asked(words="needle"), before=found.before), pages + 1
    assert [one.pk for one in found.mails] == [needle.pk] and pages == 3


def test_the_first_page_costs_the_same_however_many_there_are(inbox, ana, django_assert_num_queries):
    rows(60, inbox)
    with django_assert_num_queries(2):
        mail_log.page(ana, Asked())


def test_the_log_shows_the_agent_s_inboxes_only(forged, ben, ana, as_agent):
    assert "Whose is it?" in as_agent(ana).get("/intake/").content.decode()
    browser = as_agent(ben)
    assert "Whose is it?" not in browser.get("/intake/").content.decode()
    for part in ("", "source", "raw"):
        assert browser.get(f"/intake/{forged.pk}/{part}").status_code == 404
    for part in ("replay", "dismissal", "ticket"):
        assert browser.post(f"/intake/{forged.pk}/{part}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["q=%00", "since=never&until=9999-99-99", "inbox=999999", "inbox=x", "source=x&reason=y&state=z", "before=-1",
     "before=99999999999999999999", "since=0001-01-01", "q=" + "x+" * 3000],
)  # fmt: skip
def test_whatever_is_asked_a_page_comes_out(forged, ana, as_agent, query):
    assert as_agent(ana).get(f"/intake/?{query}").status_code == 200


def test_an_empty_log_and_a_fruitless_search_say_what_they_are(inbox, ana, as_agent):
    assert "usually good news" in as_agent(ana).get("/intake/?state=parked").content.decode()
    rows(1, inbox, subject="hay")
    assert "Nothing fits" in as_agent(ana).get("/intake/?q=needle").content.decode()


# --- one mail -------------------------------------------------------------------------------------------------------


def test_a_mail_s_page_says_what_it_is_what_became_of_it_and_why(ticket, ana, as_agent):
    raw = RawMessage.objects.get()
    text = as_agent(ana).get(f"/intake/{raw.pk}/").content.decode()
    for words in (
        "My order", "dora@customer.example", "Where is my order?", "On a ticket", f"Ticket #{ticket.pk}",
        "It answers no message we know, so it opened this ticket.", "&lt;first@customer.example&gt;", "Message-ID",
    ):  # fmt: skip
        assert words in text, words


def test_hostile_mail_stays_text_on_every_page(send_mail_in, ana, as_agent):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    raw = send_mail_in(mail(subject=evil, text=evil, X_Evil=evil))
    for page in ("/intake/", f"/intake/{raw.pk}/", f"/intake/{raw.pk}/source"):
        answer = as_agent(ana).get(page)
        assert "<script>alert" not in answer.content.decode() and "<img src=x" not in answer.content.decode()
        assert "&lt;script&gt;alert(1)" in answer.content.decode()
        assert "script-src 'self'" in answer["Content-Security-Policy"]
    saved = as_agent(ana).get(f"/intake/{raw.pk}/raw")
    assert saved.content == bytes(raw.content) and saved["Content-Disposition"].startswith("attachment")
    assert "sandbox" in saved["Content-Security-Policy"]


def test_what_cannot_be_read_is_shown_all_the_same(parked, inbox, ana, as_agent):
    assert "It is empty." in as_agent(ana).get(f"/intake/{parked.pk}/").content.decode()
    damaged = intake.store(
        inbox=inbox, content=b"\x00\xff no header\r\n \tfolded\r\n:x\r\n\x80: y\r\n\r\n\x00", source="t"
    )
    assert damaged is not None
    assert as_agent(ana).get(f"/intake/{damaged.pk}/").status_code == 200
    assert as_agent(ana).get(f"/intake/{damaged.pk}/source").status_code == 200


def test_a_very_large_mail_is_cut_on_pages_and_whole_to_save(inbox, ana, as_agent):
    content = mail(text="x" * 70 + "\n") + b"y" * 11_000_000
    raw = intake.store(inbox=inbox, content=content, source="test")
    assert raw is not None
    page = as_agent(ana).get(f"/intake/{raw.pk}/")
    assert "too large" in page.content.decode() and len(page.content) < 100_000
    shown = as_agent(ana).get(f"/intake/{raw.pk}/source")
    assert "The beginning is shown" in shown.content.decode() and len(shown.content) < 400_000
    assert len(as_agent(ana).get(f"/intake/{raw.pk}/raw").content) == len(content)


def test_header_rows_are_bounded_and_unfolded():
    flood = b"".join(b"X-%d: y\r\n" % n for n in range(5000))
    assert len(mail_log.header_rows(flood)) == 200
    assert mail_log.header_rows(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n you\r\nnonsense\r\n\r\nX: body") == [
        ("Subject", "Grüße you"), ("", "nonsense"),
    ]  # fmt: skip


# --- deciding -------------------------------------------------------------------------------------------------------


def house_events() -> list[tuple[str, dict]]:
    return list(Event.objects.filter(verb__startswith="mail.").order_by("id").values_list("verb", "facts"))


def test_a_quarantined_mail_is_let_in_and_it_is_known_by_whom(forged, ana, as_agent):
    assert as_agent(ana).post(f"/intake/{forged.pk}/replay").status_code == 302
    receive_mail()
    forged.refresh_from_db()
    assert forged.state == "done" and forged.said is not None
    event = Event.objects.get(verb="mail.released")
    assert (event.actor_id, event.subject_type, event.subject_id) == (ana.pk, "inbox", forged.inbox_id)
    assert event.facts["raw"] == forged.pk and event.facts["was"] == "quarantined"
    text = as_agent(ana).get(f"/intake/{forged.pk}/").content.decode()
    assert "Let in" in text and "Ana Silva" in text


def test_a_mail_without_a_sender_is_not_offered_what_cannot_be(send_mail_in, ana, as_agent):
    raw = send_mail_in(mail(sender="a@customer.example, b@customer.example", subject="Whose is it?"))
    assert (raw.state, raw.sender) == ("quarantined", "")
    text = as_agent(ana).get(f"/intake/{raw.pk}/").content.decode()
    assert "It names no sender" in text and "Let it in" not in text and "It belongs to ticket" not in text
    assert "Let it in" not in as_agent(ana).get("/intake/").content.decode()
    with pytest.raises(NotPossible):
        mail_desk.let_in(raw, actor=ana)


def test_a_parked_mail_is_read_again(parked, ana):
    mail_desk.read_again(parked, actor=ana)
    parked.refresh_from_db()
    assert parked.state == "received"
    assert [verb for verb, _facts in house_events()] == ["mail.replayed"]
    with pytest.raises(NotPossible):
        mail_desk.read_again(parked, actor=ana)
    with pytest.raises(NotPossible):
        mail_desk.let_in(parked, actor=ana)


def test_a_dismissed_mail_waits_no_more_and_can_be_read_again(forged, ana, as_agent):
    as_agent(ana).post(f"/intake/{forged.pk}/dismissal")
    as_agent(ana).post(f"/intake/{forged.pk}/dismissal")
    forged.refresh_from_db()
    assert forged.state == "dismissed" and forged.reason, "why it had waited stays there"
    assert [verb for verb, _facts in house_events()] == ["mail.dismissed"], "twice is as once"
    assert watching.waiting_for(ana) == 0
    as_agent(ana).post(f"/intake/{forged.pk}/replay")
    receive_mail()
    forged.refresh_from_db()
    assert forged.state == "quarantined", "it was not let in, only read"


def test_a_mail_that_does_not_wait_cannot_be_dismissed(ticket, ana, as_agent):
    raw = RawMessage.objects.get()
    page = as_agent(ana).post(f"/intake/{raw.pk}/dismissal", follow=True).content.decode()
    assert "Only a mail that waits for a person can be dismissed." in page
    raw.refresh_from_db()
    assert raw.state == "done"


def test_a_waiting_mail_is_put_on_the_ticket_an_agent_names(forged, ticket, ana, as_agent):
    as_agent(ana).post(f"/intake/{forged.pk}/ticket", {"ticket": f" #{ticket.pk} "})
    receive_mail()
    forged.refresh_from_db()
    assert forged.said is not None and forged.said.ticket_id == ticket.pk
    assert Message.objects.filter(ticket=ticket).count() == 2


@pytest.mark.parametrize("named", ["", "x", "999999", "-1", "9" * 40])
def test_a_ticket_that_is_not_there_is_said_so(forged, ana, as_agent, named):
    page = as_agent(ana).post(f"/intake/{forged.pk}/ticket", {"ticket": named}, follow=True).content.decode()
    assert "There is no such ticket, or none that you see." in page
    forged.refresh_from_db()
    assert forged.state == "quarantined"


def test_a_ticket_the_agent_does_not_see_is_not_there(forged, send_mail_in, billing, ana, as_agent):
    foreign = send_mail_in(mail(subject="Invoice"), to=billing).said.ticket
    page = as_agent(ana).post(f"/intake/{forged.pk}/ticket", {"ticket": str(foreign.pk)}, follow=True)
    assert "There is no such ticket" in page.content.decode()


def test_a_light_collaborator_looks_and_decides_nothing(forged, lou, as_agent):
    browser = as_agent(lou)
    text = browser.get(f"/intake/{forged.pk}/").content.decode()
    assert "Let it in" not in text and "It needs nothing" not in text and "It belongs to ticket" not in text
    for part in ("replay", "dismissal", "ticket"):
        assert browser.post(f"/intake/{forged.pk}/{part}").status_code == 403
    for act in (mail_desk.let_in, mail_desk.read_again, mail_desk.dismiss):
        with pytest.raises(NotPossible):
            act(forged, actor=lou)


# --- what waits is seen ---------------------------------------------------------------------------------------------


def test_how_many_wait_stands_above_the_queue_and_at_the_settings(forged, parked, ana, ben, as_agent):
    watching.forget()
    assert "2 mails wait for a person to decide" in as_agent(ana).get("/").content.decode()
    settings_page = as_agent(ana).get("/settings/").content.decode()
    assert 'data-tone="warn">2<' in settings_page
    assert "for a person to decide" not in as_agent(ben).get("/").content.decode()
    assert 'data-tone="warn">' not in as_agent(ben).get("/settings/").content.decode()


def test_counting_what_waits_costs_one_query_for_many_pages(inbox, billing, forged, django_assert_num_queries):
    both = make_agent("eve@demo.localhost", "Eve", "agent", *inbox.teams.all(), *billing.teams.all())
    watching.forget()
    watching.waiting_for(both, [inbox.pk])
    with django_assert_num_queries(0):
        assert watching.waiting_for(both, [inbox.pk, billing.pk]) == 1
