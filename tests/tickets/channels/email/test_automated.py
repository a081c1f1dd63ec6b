"""Mail that no person sent to us is recognised, kept and never answered."""

# ruff: noqa: E501 - mails have long lines
import pytest

from tests.tickets.channels.email.mails import mail, multipart, text_mail
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


SUBJECTS = [
    "Dora Example is out of the office (returning 09.02.2026)", "Dora Example is out of the office.", "RE: Out of office: Help",
    "Ich bin bis 9. Februar nicht im Büro", "Dora Beispiel ist nicht im Büro (Rückkehr am 09.02.2026)", "Automatische Antwort: Hilfe",
    "Abwesenheit: Hilfe", "Message d'absence", "Je suis absente jusqu'au 9 février", "Réponse automatique : Aide", "Estoy fuera de la oficina",
    "Risposta automatica: Aiuto", "Sono fuori ufficio", "Ik ben afwezig", "Automatisch antwoord: Hulp", "Resposta automática: Ajuda",
    "Fora do escritório", "Autosvar: Hjælp", "Automatisk svar: Hjelp", "Automatiskt svar: Hjälp", "Jag är inte på kontoret",
    "Automaattinen vastaus: Apua", "Odpowiedź automatyczna: Pomoc", "Nieobecność w biurze", "Automatická odpověď: Pomoc",
    "Automatikus válasz: Segítség", "Автоматический ответ: Помощь", "Сообщение об отсутствии", "Автоматична відповідь: Допомога",
    "Otomatik yanıt: Yardım", "Αυτόματη απάντηση: Βοήθεια", "Răspuns automat: Ajutor", "自動返信: ヘルプ", "不在通知", "自动回复: 帮助",
    "自動回覆: 幫助", "자동 회신: 도움", "[부재중] 메일 확인이 늦습니다", "رد تلقائي: مساعدة", "מענה אוטומטי: עזרה",
]  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_subject_of_an_automatic_reply_is_known_in_any_language(subject):
    assert parse(mail(subject=subject)).is_auto_reply


@pytest.mark.parametrize(
    "subject",
    [
        "I am out of toner", "I'm out of the loop", "Ich bin nicht zufrieden", "Ich bin bis jetzt begeistert", "Jeg er ikke fornøyd",
        "Отсутствует интернет", "Відсутній звук", "休暇中の対応について", "休假申请", "부재중 전화 설정", "Autohaus sucht Hilfe", "Automatic door",
        "The printer is out of paper", "Out of order: lift 2", "Nieobecności pracowników: raport się nie otwiera", "Vacation days are wrong",
        "Fuera de servicio", "Je suis abonné depuis 2020", "Sono fuori di me", "Auto: Ölwechsel",
    ],
)  # fmt: skip
def test_a_subject_that_only_sounds_like_one_is_a_persons(subject):
    read = parse(mail("Please help.", subject=subject))
    assert (read.is_auto_reply, read.automated_reason) == (False, "")


ACKNOWLEDGEMENTS = [
    "We have received your request and will answer within two days.", "Your ticket #4711 has been created.",
    "Ihre Anfrage ist bei uns eingegangen. Die Nummer lautet 4711.", "Wir haben Ihre Nachricht erhalten.",
    "Nous avons bien reçu votre demande.", "Hemos recibido su solicitud.", "Abbiamo ricevuto la sua richiesta.",
    "Wij hebben uw aanvraag goed ontvangen.", "Recebemos o seu pedido.", "Vi har modtaget din henvendelse.",
    "Vi har tagit emot ditt ärende.", "Otrzymaliśmy Twoje zgłoszenie.", "Obdrželi jsme váš požadavek.",
    "Ваше обращение зарегистрировано под номером 4711.", "Ваше звернення зареєстровано.", "Talebiniz alınmıştır.",
    "お問い合わせを受け付けました。", "我们已收到您的邮件。", "我們已收到您的郵件。", "문의가 접수되었습니다.", "I am currently out of the office with limited access to email.",
    "Ich bin vom 3. bis 9. Februar nicht im Büro.", "This is an automated message, please do not reply to this email.",
]  # fmt: skip
WEAK_SIGNS = [
    {"x_auto_response_suppress": "All"},
    {"return_path": "<>"},
    {"precedence": "bulk"},
    {"x_otrs_loop": "support@x.test"},
]


@pytest.mark.parametrize("sentence", ACKNOWLEDGEMENTS)
def test_an_acknowledgement_is_believed_beside_a_sign_in_the_header_and_never_alone(sentence):
    body = f"Hello,\n\n{sentence}\n\nThe team"
    assert not parse(text_mail(body)).is_auto_reply
    for sign in WEAK_SIGNS:
        read = parse(text_mail(body, **sign))
        assert read.is_auto_reply, sign
        assert read.automated_reason


def test_our_own_acknowledgement_quoted_back_makes_no_machine_of_a_person():
    body = "It works now.\n\nOn 03/02/2026 14:05, Support wrote:\n> We have received your request.\n"
    read = parse(text_mail(body, x_auto_response_suppress="All"))
    assert (read.is_auto_reply, read.automated_reason) == (False, "")


@pytest.mark.parametrize(
    "fields",
    [
        {"x_autoreply": "yes", "precedence": "bulk", "subject": "Re: Help"},
        {"auto_submitted": "auto-replied (zimbra; vacation)"},
        {"auto_submitted": 'auto-replied; owner-email="dora@x.test"', "x_auto_response_suppress": "All"},
        {"subject": "Automatic reply: Help", "x_auto_response_suppress": "All", "x_ms_has_attach": ""},
        {"auto_submitted": "auto-generated", "subject": "Dora Example/Example is out of the office"},
    ],
    ids=["gmail", "zimbra", "sieve", "exchange", "notes"],
)
def test_t11_1_programs_that_answer_for_people_are_known(fields):
    assert parse(mail(**fields)).is_auto_reply


@pytest.mark.parametrize(
    "raw",
    [
        text_mail("Please click the link below to confirm that you are human.", subject="Verification required: Re: Help"),
        text_mail("My mailbox is protected by BoxTrapper. Reply to this message to have your message delivered.", subject="Your email requires verification verify#7a3f"),
        text_mail("Your message will not be delivered until you confirm it.", subject="[Spam Arrest] Re: Help"),
        text_mail("Bitte bestätigen Sie mit einem Klick, dass Sie kein Roboter sind.", subject="Bitte bestätigen Sie Ihre E-Mail"),
        text_mail("Confirm that you are a person.", subject="Re: Help", x_auto_response_suppress="All"),
        text_mail("Anything", x_boxtrapper="1"),
    ],
)  # fmt: skip
def test_a_program_that_asks_whether_we_are_people_is_not_answered(raw):
    read = parse(raw)
    assert read.automated_reason == "It asks the sender to prove that they are a person."
    assert (read.is_auto_reply, read.is_bounce) == (False, False)


def test_a_person_who_cannot_pass_such_a_test_is_a_person():
    read = parse(text_mail("Your page asks me to confirm that you are human, and nothing happens.", subject="Login"))
    assert read.automated_reason == ""
