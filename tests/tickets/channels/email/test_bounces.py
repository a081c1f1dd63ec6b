"""What mail servers say about mail we sent, in the standard form and in their own words."""

# ruff: noqa: E501 - mails have long lines
import pytest

from tests.tickets.channels.email.mails import mail, multipart, text_mail
from tickets.channels.email import bounces, machine_phrases
from tickets.channels.email.parsing import RecipientReport, parse

SERVER = {
    "From": "Mail Delivery System <MAILER-DAEMON@mx.test>",
    "return_path": "<>",
    "subject": "Undelivered Mail Returned to Sender",
}
ORIGINAL = "Content-Type: message/rfc822\n\nFrom: support@desk.test\nTo: gone@x.test\nMessage-ID: <ours@desk.test>\nSubject: Re: Help\n\nHi"


def report(*groups: str, explanation: str = "It failed.", **fields: str) -> bytes:
    status = "Reporting-MTA: dns; mx.test\n\n" + "\n\n".join(groups) + "\n"
    return multipart(
        f"Content-Type: text/plain\n\n{explanation}",
        f"Content-Type: message/delivery-status\n\n{status}",
        ORIGINAL,
        **{**SERVER, "content_type": "multipart/report; report-type=delivery-status; boundary=edge", **fields},
    )


def test_a_delivery_report_names_recipient_status_and_original():
    read = parse(report("Final-Recipient: rfc822; gone@x.test\nAction: failed\nStatus: 5.1.1 (no such user)"))
    assert read.is_bounce
    assert read.bounced_addresses == ("gone@x.test",)
    assert (read.bounce_status, read.bounce_action, read.original_message_id) == ("5.1.1", "failed", "ours@desk.test")
    assert read.automated_reason
    assert not read.is_auto_reply


def test_every_recipient_that_failed_is_named_and_no_other():
    read = parse(
        report(
            "Final-Recipient: rfc822; one@x.test\nAction: failed\nStatus: 5.2.2",
            "Final-Recipient: rfc822; <two@x.test>\nAction: FAILED (bounced)\nStatus: 5.1.1",
            "Final-Recipient: rfc822; fine@x.test\nAction: relayed\nStatus: 2.0.0",
        )
    )
    assert read.bounced_addresses == ("one@x.test", "two@x.test")


def test_the_address_we_wrote_to_counts_when_it_was_rewritten_on_the_way():
    read = parse(
        report(
            "Original-Recipient: rfc822; alias@x.test\nFinal-Recipient: rfc822; real@y.test\nAction: failed\nStatus: 5.1.1"
        )
    )
    assert read.bounced_addresses == ("alias@x.test",)


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0"), ("relayed", "2.1.5")])
def test_other_outcomes_keep_their_action(action, status):
    read = parse(
        report(
            f"Final-Recipient: rfc822; a@x.test\nAction: {action}\nStatus: {status}",
            subject="Delivery Status Notification",
        )
    )
    assert (read.bounce_action, read.bounce_status) == (action, status)


def test_a_report_without_recipients_is_read_from_its_words():
    read = parse(report(explanation="The following recipients did not receive your message:\n\n     <gone@x.test>"))
    assert read.bounced_addresses == ("gone@x.test",)


def test_an_x400_recipient_is_no_address():
    read = parse(
        report(
            "Final-Recipient: x400; /c=de/s=gone\nAction: failed\nStatus: 5.1.1",
            explanation="<gone@x.test>: no such user",
        )
    )
    assert read.is_bounce
    assert read.bounced_addresses in ((), ("gone@x.test",))


def test_a_report_in_base64_is_read():
    body = "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGdvbmVAeC50ZXN0CkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4xLjEK"
    raw = multipart(
        f"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{body}",
        **SERVER, content_type="multipart/report; report-type=delivery-status; boundary=edge",
    )  # fmt: skip
    assert parse(raw).bounced_addresses == ("gone@x.test",)


DIALECTS = {
    "qmail": ("failure notice", "Hi. This is the qmail-send program at mx.test.\nI'm afraid I wasn't able to deliver your message.\n\n<gone@x.test>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 unknown user\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <support@desk.test>\nTo: someone-else@x.test\n"),
    "exim": ("Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  gone@x.test\n    SMTP error from remote mail server after RCPT TO: 550 No such user\n\n------ This is a copy of the message, including all the headers. ------\n\nFrom: support@desk.test\nTo: someone-else@x.test\n"),
    "postfix": ("Undelivered Mail Returned to Sender", "This is the mail system at host mx.test.\n\nI'm sorry to have to inform you that your message could not\nbe delivered.\n\n<gone@x.test>: host mail.x.test[192.0.2.1] said: 550 5.1.1 User unknown (in\n    reply to RCPT TO command)\n"),
    "sendmail": ("Returned mail: User unknown", "The original message was received at Mon, 1 Jan 2026\n\n   ----- The following addresses had permanent fatal errors -----\n<gone@x.test>\n\n   ----- Transcript of session follows -----\n... while talking to mail.x.test.:\n>>> RCPT To:<gone@x.test>\n<<< 550 5.1.1 <gone@x.test>... User unknown\n"),
    "gmail": ("Delivery Status Notification (Failure)", "Delivery to the following recipient failed permanently:\n\n     gone@x.test\n\nTechnical details of permanent failure:\nThe error that the other server returned was: 550 5.1.1 unknown\n\n----- Original message -----\n\nFrom: support@desk.test\nTo: someone-else@x.test\n"),
    "exchange": ("Undeliverable: Re: Help", "Your message\n\n  To:      support@desk.test\n  Subject: Re: Help\n\ndid not reach the following recipient(s):\n\ngone@x.test on Mon, 1 Jan 2026 16:51:51 -0500\n    The recipient name is not recognized\n"),
    "notes": ("Undeliverable message", "------- Failure Reasons  --------\n\nUser not listed in the directory\ngone@x.test\n\n------- Returned Message --------\nReceived: from desk.test\nTo: someone-else@x.test\n"),
    "imail": ("Undeliverable Mail", "Unknown user: gone@x.test\n\n\nOriginal message follows.\n\nReceived: from desk.test\nTo: someone-else@x.test\n"),
    "ezweb": ("Mail System Error - Returned Mail", "Each of the following recipients was rejected by a remote\nmail server.\n\n    Recipient: <gone@x.test>\n    >>> RCPT TO:<gone@x.test>\n    <<< 550 <gone@x.test>: User unknown\n"),
    "mailmarshal": ("Undeliverable Mail: \"Help\"", "Your message:\n   From:    support@desk.test\n   Subject: Help\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected: \n    gone@x.test\n\nAdditional Information\nOriginal Sender:    <support@desk.test>\n"),
    "yahoo": ("Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<gone@x.test>:\n550: Requested mail action not taken: mailbox unavailable\n\n--- Below this line is a copy of the message.\n\nTo: someone-else@x.test\n"),
    "german": ("Mail delivery failed", "Ihre Nachricht konnte nicht zugestellt werden.\n\ngone@x.test:\nUser unknown\n\n--- The header of the original message is following. ---\n\nTo: someone-else@x.test\n"),
    "o365": ("Undeliverable: Help", "Delivery has failed to these recipients or groups:\n\ngone@x.test (gone@x.test)\nThe email address you entered couldn't be found.\n"),
    "mailbox-full": ("Warning: message delivery failure", "The user's mailbox is full.\n\nTo: <gone@x.test>\n550 5.2.2 mailbox full\n"),
    "google-groups": ("Delivery Status Notification (Failure)", "Hello support@desk.test,\n\nAddress not found: your message wasn't delivered to gone@x.test because the address couldn't be found.\n"),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "body"), DIALECTS.values(), ids=DIALECTS.keys())
def test_servers_that_write_prose_are_understood(subject, body):
    read = parse(text_mail(body, **{**SERVER, "subject": subject}))
    assert read.is_bounce
    assert read.bounced_addresses == ("gone@x.test",)
    assert read.bounce_action == "failed"


def test_the_header_of_gmail_and_exim_names_the_recipients():
    read = parse(text_mail("It failed.", x_failed_recipients="gone@x.test, other@x.test", **SERVER))
    assert read.bounced_addresses == ("gone@x.test", "other@x.test")


def test_a_delay_is_a_delay():
    read = parse(
        text_mail(
            "Your message to <slow@x.test> has been delayed and we will keep trying.\n451 4.4.1 timeout",
            **{**SERVER, "subject": "Delivery Status Notification (Delay)"},
        )
    )
    assert (read.is_bounce, read.bounce_action) == (True, "delayed")


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("My delivery failed", "The parcel was returned to sender. My address is dora@customer.test."),
        ("Undeliverable mail", "Every mail to my colleague is undeliverable, what does 550 5.1.1 user unknown mean?"),
        ("Fwd: failure notice", "I get this when I write to sales@desk.test: unable to deliver."),
        ("Returned mail", "I returned the mail server you sent me."),
    ],
)
def test_a_person_who_writes_about_bounces_is_a_person(subject, body):
    read = parse(text_mail(body, subject=subject))
    assert not read.is_bounce
    assert read.automated_reason == ""


def test_a_person_who_attaches_a_report_is_a_person():
    raw = multipart(
        "Content-Type: text/plain\n\nI got the attached, please help.",
        "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; gone@x.test\nAction: failed\nStatus: 5.1.1\n",
    )
    assert not parse(raw).is_bounce


def test_a_mail_without_anything_of_a_bounce_is_none():
    assert not parse(mail("Hello")).is_bounce


def test_an_autoresponder_that_quotes_the_mail_is_no_bounce():
    read = parse(
        text_mail(
            "I am away until Monday.\n\n----- Original message -----\nFrom: support@desk.test",
            return_path="<>",
            subject="Out of office: Re: Help",
            auto_submitted="auto-replied",
        )
    )
    assert (read.is_bounce, read.is_auto_reply) == (False, True)


def test_a_filter_that_calls_itself_a_mail_system_is_no_bounce():
    raw = multipart(
        "Content-Type: text/plain\n\nA file was removed.",
        ORIGINAL,
        From="Mail Delivery System <filter@x.test>",
        subject="Notice",
    )
    assert not parse(raw).is_bounce


def test_t11_4_one_report_settles_each_of_its_recipients():
    read = parse(
        report(
            "Final-Recipient: rfc822; one@x.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n  <one@x.test>: unknown user",
            "Original-Recipient: rfc822; two@x.test\nFinal-Recipient: rfc822; II@y.test\nAction: delayed\nStatus: 4.4.1",
            "Final-Recipient: rfc822; three@x.test\nAction: relayed\nStatus: 2.0.0",
        )
    )
    assert read.bounces == (
        RecipientReport("one@x.test", "failed", "5.1.1", "550 5.1.1 <one@x.test>: unknown user"),
        RecipientReport("two@x.test", "delayed", "4.4.1"),
        RecipientReport("three@x.test", "relayed", "2.0.0"),
    )
    assert (read.bounced_addresses, read.bounce_action, read.is_delay) == (("one@x.test",), "failed", False)


@pytest.mark.parametrize(
    ("group", "action", "status"),
    [
        ("Action: delayed\nStatus: 4.4.7", "delayed", "4.4.7"),
        ("Action: Delayed (still trying)\nStatus: 4.0.0", "delayed", "4.0.0"),
        ("Status: 4.4.7", "delayed", "4.4.7"),
        ("Status: 4.4.7\nWill-Retry-Until: Tue, 3 Feb 2026 10:00:00 +0000", "delayed", "4.4.7"),
        ("Action: failed\nStatus: 4.4.7", "failed", "4.4.7"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.7.1 no", "failed", "5.7.1"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 451 4.7.1 no", "failed", "5.0.0"),
        ("Action: failed\nDiagnostic-Code: smtp; 550 5.2.2 full", "failed", "5.2.2"),
        ("Action: fehlgeschlagen\nStatus: 5.1.1", "failed", "5.1.1"),
        ("Action: zugestellt\nStatus: 2.0.0", "delivered", "2.0.0"),
    ],
)
def test_the_action_of_a_recipient_is_what_the_standard_calls_it(group, action, status):
    read = parse(report(f"Final-Recipient: rfc822; a@x.test\n{group}"))
    assert [(one.action, one.status) for one in read.bounces] == [(action, status)]
    assert read.is_delay == (action == "delayed")


FAILURES = [
    (
        "Undelivered Mail Returned to Sender",
        "I'm sorry to have to inform you that your message could not be delivered to one recipient.\n\n<gone@x.test>: host mx.x.test said: 550 5.1.1 no such user",
    ),
    (
        "Unzustellbar: Ihre Frage",
        "Ihre Nachricht konnte nicht zugestellt werden:\n\ngone@x.test\nDer Empfänger ist unbekannt.",
    ),
    ("Zustellung fehlgeschlagen", "Die Nachricht an den folgenden Empfänger ist unzustellbar:\n<gone@x.test>"),
    ("Non remis : Votre question", "Votre message n'a pas pu être remis au destinataire suivant :\n\ngone@x.test"),
    ("Échec de la remise", "Impossible de remettre votre message.\n<gone@x.test>: destinataire inconnu"),
    ("No se puede entregar: Su pregunta", "No se ha podido entregar su mensaje:\n\ngone@x.test"),
    ("Notifica di mancato recapito", "Impossibile recapitare il messaggio al seguente destinatario:\n\ngone@x.test"),
    ("Onbestelbaar: Uw vraag", "Uw bericht kon niet worden afgeleverd:\n\ngone@x.test"),
    ("Não entregue: A sua pergunta", "Não foi possível entregar a mensagem:\n\ngone@x.test"),
    ("Kan ikke leveres: Dit spørgsmål", "Din besked kunne ikke leveres:\n\ngone@x.test"),
    ("Ej levererat: Din fråga", "Ditt meddelande kunde inte levereras:\n\ngone@x.test"),
    ("Kunne ikke leveres: Spørsmålet", "Meldingen kunne ikke leveres:\n\ngone@x.test"),
    ("Toimittaminen epäonnistui", "Viestiä ei voitu toimittaa:\n\ngone@x.test"),
    ("Niedostarczona: Twoje pytanie", "Nie udało się dostarczyć wiadomości:\n\ngone@x.test"),
    ("Nedoručitelné: Váš dotaz", "Zprávu nebylo možné doručit:\n\ngone@x.test"),
    ("Не доставлено: Ваш вопрос", "Ваше письмо не может быть доставлено:\n\ngone@x.test"),
    ("Не вдалося доставити: Ваше питання", "Лист не вдалося доставити:\n\ngone@x.test"),
    ("Teslim edilemedi: Sorunuz", "İletiniz teslim edilemedi:\n\ngone@x.test"),
    ("Αποτυχία παράδοσης", "Δεν ήταν δυνατή η παράδοση του μηνύματος:\n\ngone@x.test"),
    ("Kézbesíthetetlen: Kérdés", "Az üzenetet nem sikerült kézbesíteni:\n\ngone@x.test"),
    ("配信不能: お問い合わせ", "次の宛先にメールを配信できませんでした。\n\ngone@x.test"),
    ("系统退信", "抱歉，您的邮件无法送达以下收件人：\n\ngone@x.test"),
    ("無法傳遞: 您的問題", "您的郵件無法傳遞給下列收件者：\n\ngone@x.test"),
    ("배달되지 않음: 질문", "다음 받는 사람에게 메일을 배달하지 못했습니다.\n\ngone@x.test"),
    ("تعذر التسليم: سؤالك", "تعذر تسليم رسالتك إلى:\n\ngone@x.test"),
    ("לא ניתן למסירה: שאלתך", "לא ניתן היה למסור את ההודעה:\n\ngone@x.test"),
]


@pytest.mark.parametrize(("subject", "body"), FAILURES, ids=[subject for subject, _ in FAILURES])
def test_a_failure_told_in_prose_is_a_failure_in_any_language(subject, body):
    read = parse(text_mail(body, **{**SERVER, "subject": subject}))
    assert (read.is_bounce, read.bounce_action, read.is_delay) == (True, "failed", False)
    assert [(one.address, one.action) for one in read.bounces] == [("gone@x.test", "failed")]
    assert read.automated_reason


DELAYS = [
    (
        "Delivery Status Notification (Delay)",
        "There was a temporary problem delivering your message to gone@x.test. We will retry for 46 more hours.",
    ),
    (
        "Warning: could not send message for past 4 hours",
        "THIS IS A WARNING MESSAGE ONLY.\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n<gone@x.test>... Deferred: timeout",
    ),
    (
        "Delayed Mail (still being retried)",
        "Your message could not be delivered for more than 4 hours. It will be retried until it is 5 days old.\n<gone@x.test>: connect timed out",
    ),
    (
        "Zustellung verzögert: Ihre Frage",
        "Die Zustellung an folgenden Empfänger hat sich verzögert, es wird weiterhin versucht:\n\ngone@x.test",
    ),
    ("Remise retardée : Votre question", "La remise au destinataire suivant est retardée :\n\ngone@x.test"),
    ("Entrega retrasada: Su pregunta", "La entrega se ha retrasado y se seguirá intentando:\n\ngone@x.test"),
    ("Consegna ritardata", "La consegna al seguente destinatario è in ritardo:\n\ngone@x.test"),
    ("Bezorging vertraagd", "De bezorging van uw bericht is vertraagd:\n\ngone@x.test"),
    ("Entrega atrasada", "A entrega da mensagem está atrasada:\n\ngone@x.test"),
    ("Levering forsinket", "Leveringen af din besked er forsinket:\n\ngone@x.test"),
    ("Leverans försenad", "Leveransen av ditt meddelande är försenad:\n\ngone@x.test"),
    ("Dostarczenie opóźnione", "Dostarczenie wiadomości jest opóźnione:\n\ngone@x.test"),
    ("Доставка задержана", "Доставка письма задерживается:\n\ngone@x.test"),
    ("配信遅延のお知らせ", "次の宛先への配信が遅れています。\n\ngone@x.test"),
    ("投递延迟", "您的邮件投递延迟，系统将继续尝试：\n\ngone@x.test"),
]


@pytest.mark.parametrize(("subject", "body"), DELAYS, ids=[subject for subject, _ in DELAYS])
def test_a_delay_never_looks_like_a_failure(subject, body):
    read = parse(text_mail(body, **{**SERVER, "subject": subject}))
    assert (read.is_bounce, read.bounce_action, read.is_delay) == (True, "delayed", True)
    assert [(one.address, one.action) for one in read.bounces] == [("gone@x.test", "delayed")]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (
            "failure notice",
            "Hi. This is the qmail-send program.\n<gone@x.test>:\nConnected but greeting failed: 421 busy.\nI'm not going to try again; this message has been in the queue too long.",
        ),
        (
            "Mail delivery failed: returning message to sender",
            "A message could not be delivered:\n  gone@x.test\n    451 4.4.1 retry timeout exceeded",
        ),
    ],
)
def test_a_server_that_gave_up_has_failed_whatever_it_was_told_last(subject, body):
    read = parse(text_mail(body, **{**SERVER, "subject": subject}))
    assert (read.bounce_action, read.bounced_addresses) == ("failed", ("gone@x.test",))


def test_what_the_other_server_said_is_kept_for_people():
    read = parse(
        text_mail(
            "Sorry, it could not be delivered.\n\n<gone@x.test>: host mx.x.test said: 550 5.1.1 no such user here",
            **SERVER,
        )
    )
    assert read.bounces == (
        RecipientReport("gone@x.test", "failed", "5.1.1", "<gone@x.test>: host mx.x.test said: 550 5.1.1 no such user here"),
    )  # fmt: skip


def test_no_subject_in_ascii_is_passed_over_by_the_quick_look():
    plain = [one for one in machine_phrases.BOUNCE_SUBJECTS if one.isascii()]
    assert len(plain) > 30
    assert [one for one in plain if not any(hint in one for hint in bounces._SUBJECT_HINTS)] == []
