"""Mail that no person sent to us is recognised, kept and never answered."""

import pytest

from tests.tickets.channels.email.mails import mail, multipart
from tickets.channels.email.parsing import parse


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "Auto-Replied (vacation)"},
        {"auto_submitted": "auto-generated; owner-email=x@x.test"},
        {"x_autoreply": "yes"},
        {"x_autorespond": "Out of office"},
        {"precedence": "auto_reply"},
        {"subject": "Automatic reply: your ticket"},
        {"subject": "Out of Office: Re: Help"},
        {"subject": "Abwesenheitsnotiz: Hilfe"},
        {"subject": "Réponse automatique : Aide"},
        {"subject": "Respuesta automática: Ayuda"},
        {"subject": "Risposta automatica: Aiuto"},
        {"subject": "Автоматический ответ: Помощь"},
        {"subject": "自動返信：お問い合わせ"},
        {"subject": "自动回复：帮助"},
    ],
)
def test_t11_1_an_automatic_reply_says_so(fields):
    read = parse(mail(**fields))
    assert read.is_auto_reply
    assert read.automated_reason


@pytest.mark.parametrize("value", ["no", "NO (comment)", "No", " no ; x=y"])
def test_t11_7_auto_submitted_no_is_a_person(value):
    read = parse(mail(auto_submitted=value))
    assert (read.is_auto_reply, read.automated_reason) == (False, "")


@pytest.mark.parametrize("value", ["All", "OOF", "DR, AutoReply"])
def test_a_wish_for_no_answers_does_not_make_a_mail_automatic(value):
    read = parse(mail(x_auto_response_suppress=value))
    assert (read.is_auto_reply, read.automated_reason) == (False, "")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"return_path": "<>"}, "null return-path"),
        ({"list_id": "<friends.x.test>"}, "List-Id"),
        ({"list_unsubscribe": "<mailto:x@x.test>"}, "List-Unsubscribe"),
        ({"precedence": "bulk"}, "Precedence: bulk"),
        ({"precedence": "Junk"}, "Precedence: junk"),
        ({"From": "MAILER-DAEMON@x.test"}, "MAILER-DAEMON@x.test"),
        ({"From": "no-reply@x.test"}, "no-reply@x.test"),
        ({"From": "postmaster@x.test"}, "postmaster@x.test"),
        ({"auto_submitted": "auto-forwarded"}, "Auto-Submitted: auto-forwarded"),
    ],
)
def test_t11_mail_that_must_not_be_answered_says_why(fields, reason):
    read = parse(mail(**fields))
    assert reason in read.automated_reason
    assert not read.is_auto_reply


def test_t11_4_a_report_of_any_kind_is_automated():
    raw = multipart(
        "Content-Type: text/plain\n\nYour message was displayed.",
        "Content-Type: message/disposition-notification\n\nDisposition: manual-action; displayed",
        content_type="multipart/report; report-type=disposition-notification; boundary=edge",
    )
    read = parse(raw)
    assert read.automated_reason.startswith("multipart/report")
    assert not read.is_bounce


def test_a_list_is_a_list():
    assert parse(mail(list_id="<friends.x.test>")).is_list
    assert not parse(mail(precedence="bulk")).is_list


def test_a_person_is_a_person():
    read = parse(mail(return_path="<dora@customer.test>", subject="Automatic door does not open"))
    assert (read.automated_reason, read.is_auto_reply, read.is_list) == ("", False, False)
    assert read.return_path == "dora@customer.test"
