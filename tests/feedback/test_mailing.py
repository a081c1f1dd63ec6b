"""The mail of a survey: what it says, in which language, once; and how it fared."""

import threading
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
import time_machine
from django.db import connection
from django.utils import translation

from feedback import mail as letters
from feedback import tasks
from feedback.models import Invitation, InvitationState, Reason
from feedback.operations import mailing
from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail
from tickets.channels.email.composing import compose
from tickets.models import ContactPoint, Customer, Delivery, Inbox, OutgoingMail, Ticket
from tickets.operations import sending


def written(invitation: Invitation, delivery: Delivery):  # type: ignore[no-untyped-def]
    """The mail as it leaves, its plain text and its HTML."""
    message = message_from_bytes(compose(delivery), policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text and html
    return message, text.get_content().replace("\r\n", "\n"), html.get_content()


def test_the_mail_has_five_links_in_words_in_text_and_html(asked: Invitation, survey_mail, settings) -> None:  # type: ignore[no-untyped-def]
    _message, text, html = written(asked, survey_mail(asked))
    for score, words in [
        (5, "very satisfied"), (4, "satisfied"), (3, "neither satisfied nor dissatisfied"), (2, "dissatisfied"),
        (1, "very dissatisfied"),
    ]:  # fmt: skip
        url = f"{settings.BASE_URL}/s/{asked.token}/?score={score}"
        assert f"{score} – {words}\n{url}\n" in text
        assert f'href="{url}"' in html and f">{score} – {words}</a>" in html
    assert "How satisfied were you with the help you got?" in text
    assert "My order" in text and "#" + str(asked.ticket_id) in html
    assert "<img" not in html and "<script" not in html


def test_the_mail_says_that_a_machine_wrote_it_and_how_to_get_no_more(asked: Invitation, survey_mail) -> None:  # type: ignore[no-untyped-def]
    message, text, html = written(asked, survey_mail(asked))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = letters.link("survey_unsubscribe", asked)
    assert survey_mail(asked).mail.headers["List-Unsubscribe"] == f"<{url}>"
    assert url in text and url in html
    assert message["To"] == "dora@customer.example" and message["Cc"] is None
    assert asked.token not in message["Subject"]


def test_whoever_answers_the_mail_in_words_goes_on_with_the_ticket(
    asked: Invitation,
    survey_mail,
    send_mail_in,
    resolved: Ticket,  # type: ignore[no-untyped-def]
) -> None:
    survey = survey_mail(asked).mail
    raw = send_mail_in(
        mail(
            subject=f"Re: {survey.subject}", text="It came without the cable.",
            In_Reply_To=f"<{survey.message_id}>", References=f"{survey.headers['References']} <{survey.message_id}>",
        )
    )  # fmt: skip
    assert raw.said and raw.said.ticket_id == resolved.pk
    resolved.refresh_from_db()
    assert resolved.status == "open"


def test_the_mail_is_in_the_customers_language(invitation: Invitation) -> None:
    invitation.language = "de"
    with translation.override("de"):
        question, best = invitation.survey.words, str(invitation.survey.scale[5])
    with translation.override("en"):
        letter = letters.write(invitation)
    assert f"5 – {best}" in letter.text and f"5 – {best}" in letter.html
    assert question in letter.text and question in letter.html
    assert '<html lang="de"' in letter.html
    invitation.survey.question = "Zufrieden?"
    assert "Zufrieden?" in letters.write(invitation).text


@pytest.mark.parametrize(("spoken", "written_in"), [("de", "de"), ("de-AT", "de"), ("tlh", "en"), ("", "en")])
def test_a_language_we_do_not_speak_becomes_ours(dora: Customer, spoken: str, written_in: str) -> None:
    from feedback.operations.inviting import language_of

    dora.language = spoken
    assert language_of(dora) == written_in


def test_what_customers_wrote_cannot_break_out_of_the_mail(invitation: Invitation, resolved: Ticket) -> None:
    resolved.subject = "<script>alert(1)</script>\r\nBcc: everybody@example.org"
    resolved.save()
    invitation.refresh_from_db()
    letter = letters.write(invitation)
    assert "<script>" not in letter.html and "\n" not in letter.subject
    invitation.survey.question = "<b>Happy?</b>"
    assert "&lt;b&gt;Happy?" in letters.write(invitation).html


def test_a_due_survey_is_sent_once(invitation: Invitation) -> None:
    assert tasks.send_due_invitations() == 1
    assert tasks.send_due_invitations() == 0
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.QUEUED and invitation.mail is not None
    assert invitation.mail.purpose == OutgoingMail.Purpose.SURVEY
    assert Delivery.objects.filter(mail__purpose="survey").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(invitation: Invitation) -> None:
    together = threading.Barrier(4)
    counts = []

    def work() -> None:
        together.wait()
        try:
            counts.append(mailing.send_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 1
    assert OutgoingMail.objects.filter(purpose="survey").count() == 1


def test_one_that_cannot_be_written_does_not_hold_up_the_others(
    invitation: Invitation, monkeypatch: pytest.MonkeyPatch, inbox: Inbox
) -> None:
    other = Customer.objects.create(name="Olga")
    point = ContactPoint.objects.create(customer=other, address="olga@customer.example")
    second = Ticket.objects.create(inbox=inbox, customer=other, status="resolved", resolved_at=clock.now())
    second.messages.create(kind="incoming", text="Hello", sender=point)
    now = clock.now()
    Invitation.objects.create(
        survey=invitation.survey, ticket=second, customer=other, occasion_id=1, occasion_at=now,
        recipient=point.address, language="en", due_at=now,
    )  # fmt: skip
    real = letters.write

    def broken(one: Invitation, **how: object):  # type: ignore[no-untyped-def]
        if one.pk == invitation.pk:
            raise RuntimeError("no such template")
        return real(one, **how)

    monkeypatch.setattr(letters, "write", broken)
    assert mailing.send_due() == 1
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.WAITING and invitation.due_at > clock.now()


def test_the_next_servers_yes_is_recorded_once(asked: Invitation, verbs, survey_mail) -> None:  # type: ignore[no-untyped-def]
    assert asked.state == InvitationState.SENT and asked.sent_at is not None
    assert asked.expires_at == asked.sent_at + timedelta(days=30)
    assert verbs(asked.ticket)[-1] == "survey.sent"
    mailing.sent(survey_mail(asked).mail_id, at=clock.now())
    assert Event.objects.filter(verb="survey.sent").count() == 1


def test_a_refused_mail_is_no_survey_sent(invitation: Invitation, settle, verbs) -> None:  # type: ignore[no-untyped-def]
    mailing.send_due()
    for delivery in sending.claim(10):
        sending.refused(delivery, "550 no such user", for_good=True)
    settle()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.reason) == (InvitationState.FAILED, Reason.NOT_DELIVERED)
    assert verbs(invitation.ticket)[-1] == "survey.bounced"
    assert Event.objects.filter(verb="survey.bounced").count() == 1


def test_a_mail_whose_fate_nobody_knows_is_not_sent_again(invitation: Invitation, settle) -> None:  # type: ignore[no-untyped-def]
    mailing.send_due()
    for delivery in sending.claim(10):
        sending.unknowable(delivery, "the connection broke")
    settle()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.reason) == (InvitationState.QUEUED, Reason.UNCERTAIN)
    assert mailing.send_due() == 0


def test_a_survey_that_is_reported_to_have_come_back_did_not_arrive(
    asked: Invitation, survey_mail, settle, verbs
) -> None:  # type: ignore[no-untyped-def]
    ticket = asked.ticket
    for _ in range(2):
        sending.reported(survey_mail(asked), action="failed", status_code="5.1.1", words="550 no such user")
        settle()
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, asked.reason) == (InvitationState.FAILED, Reason.NOT_DELIVERED)
    assert verbs(ticket)[-2:] == ["message.bounced", "survey.bounced"]
    # what nobody wrote by hand is nothing an agent has to look after
    assert not ticket.has_undelivered


def test_a_mail_that_came_back_later_did_not_arrive(asked: Invitation, dora: Customer) -> None:
    mailing.bounced_back(asked.ticket)
    asked.refresh_from_db()
    assert asked.state == InvitationState.SENT
    dora.contact_points.update(is_bouncing=True)
    mailing.bounced_back(asked.ticket)
    mailing.bounced_back(asked.ticket)
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == (InvitationState.FAILED, Reason.BOUNCING)
    assert Event.objects.filter(verb="survey.bounced").count() == 1


def test_unanswered_surveys_run_out(asked: Invitation, verbs) -> None:  # type: ignore[no-untyped-def]
    assert asked.expires_at
    with time_machine.travel(asked.expires_at, tick=False):
        assert tasks.expire_invitations() == 0
    with time_machine.travel(asked.expires_at + timedelta(seconds=1), tick=False):
        assert tasks.expire_invitations() == 1
        assert tasks.expire_invitations() == 0
    asked.refresh_from_db()
    assert asked.state == InvitationState.EXPIRED
    assert verbs(asked.ticket)[-1] == "survey.expired"


def test_a_survey_without_delay_rings_the_bell(
    resolved: Ticket, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    from feedback import subscribers

    rung: list[object] = []
    monkeypatch.setattr(subscribers, "ring", rung.append)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        subscribers.invite_to_rate(Event.objects.get(verb="ticket.resolved"))
    assert rung == [tasks.send_due_invitations]
