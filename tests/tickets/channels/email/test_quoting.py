"""What is new in a reply, whatever program and language wrote it."""

# ruff: noqa: E501 - mails have long lines
import pytest

from tests.tickets.channels.email.mails import html_mail, multipart, text_mail
from tickets.channels.email.parsing import parse

ATTRIBUTIONS = [
    "On Tue, Feb 3, 2026 at 2:05 PM, Ana Agent <ana@desk.test> wrote:",
    "On 3 Feb 2026, at 14:05, Ana Agent <ana@desk.test> wrote:",
    "On 03/02/2026 14:05, Ana Agent wrote:",
    "On Tue, Feb 3, 2026 at 2:05 PM, Ana Agent\n<ana@desk.test> wrote:",
    "On Tuesday, February 3rd, 2026 at 14:05, Ana Agent from the long\nand winding department of customer care <ana@desk.test>\nwrote:",
    "---- On Tue, 03 Feb 2026 14:05:00 +0100 Ana <ana@desk.test> wrote ----",
    "At 14:05 03/02/2026, Ana <ana@desk.test> wrote:",
    "Am 03.02.2026 um 14:05 schrieb Ana Agent <ana@desk.test>:",
    "Am Di., 3. Feb. 2026 um 14:05 Uhr schrieb Ana <\nana@desk.test>:",
    "Ana Agent <ana@desk.test> schrieb am Di., 3. Feb. 2026, 14:05:",
    "Le mar. 3 févr. 2026 à 14:05, Ana Agent <ana@desk.test> a écrit :",
    "Le 03/02/2026 à 14:05, Ana Agent a écrit\u00a0:",
    "El mar, 3 feb 2026 a las 14:05, Ana Agent (<ana@desk.test>) escribió:",
    "Il giorno mar 3 feb 2026 alle ore 14:05 Ana Agent <ana@desk.test> ha scritto:",
    "Op di 3 feb 2026 om 14:05 schreef Ana Agent <ana@desk.test>:",
    "Op 3 feb. 2026 om 14:05 heeft Ana <ana@desk.test> het volgende geschreven:",
    "Em ter., 3 de fev. de 2026 às 14:05, Ana Agent <ana@desk.test> escreveu:",
    "Den tirs. 3. feb. 2026 kl. 14.05 skrev Ana Agent <ana@desk.test>:",
    "Den tis 3 feb. 2026 kl 14:05 skrev Ana Agent <ana@desk.test>:",
    "3. feb. 2026 kl. 14:05 skrev Ana Agent <ana@desk.test>:",
    "ti 3. helmik. 2026 klo 14.05 Ana Agent (ana@desk.test) kirjoitti:",
    "wt., 3 lut 2026 o 14:05 Ana Agent <ana@desk.test> napisał(a):",
    "W dniu 3.02.2026 o 14:05, Ana Agent pisze:",
    "út 3. 2. 2026 v 14:05 odesílatel Ana Agent <ana@desk.test> napsal:",
    "Dňa 3. 2. 2026 o 14:05 Ana Agent napísal(a):",
    "вт, 3 февр. 2026 г. в 14:05, Ana Agent <ana@desk.test>:",
    "3 февраля 2026 г., 14:05, Ana Agent <ana@desk.test> написал(а):",
    "вт, 3 лют. 2026 р. о 14:05 Ana Agent <ana@desk.test> пише:",
    "На вт, 3.02.2026 г. в 14:05 Ana Agent <ana@desk.test> написа:",
    "Ana Agent <ana@desk.test>, 3 Şub 2026 Sal, 14:05 tarihinde şunu yazdı:",
    "Στις Τρί 3 Φεβ 2026 στις 14:05, ο χρήστης Ana Agent <ana@desk.test> έγραψε:",
    "2026年2月3日(火) 14:05 Ana Agent <ana@desk.test>:",
    "2026/02/03 14:05、Ana Agent <ana@desk.test>のメール:",
    "Ana Agent <ana@desk.test> 于2026年2月3日周二 14:05写道：",
    "Ana Agent <ana@desk.test> 於 2026年2月3日 週二 下午2:05寫道：",
    "2026년 2월 3일 (화) 오후 2:05, Ana Agent <ana@desk.test>님이 작성:",
    "في الثلاثاء، 3 فبراير 2026 في 2:05 م تمت كتابة ما يلي بواسطة Ana <ana@desk.test>:",
    "בתאריך יום ג׳, 3 בפבר׳ 2026 ב-14:05 מאת Ana Agent <ana@desk.test>:",
    "Ana Agent <ana@desk.test> ezt írta (időpont: 2026. febr. 3., K, 14:05):",
    "2026. 02. 03. 14:05 keltezéssel, Ana Agent írta:",
    "mar., 3 feb. 2026 la 14:05, Ana Agent <ana@desk.test> a scris:",
    "uto, 3. velj 2026. u 14:05 Ana Agent <ana@desk.test> napisao je:",
    "2026-02-03 14:05 GMT+01:00 Ana Agent <ana@desk.test>:",
    "Vào Th 3, 3 thg 2, 2026 vào lúc 14:05 Ana <ana@desk.test> đã viết:",
    "Pada Sel, 3 Feb 2026 pukul 14.05 Ana Agent <ana@desk.test> menulis:",
]


@pytest.mark.parametrize("line", ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["marked", "unmarked"])
def test_the_line_above_a_quotation_ends_what_is_new(line, mark):
    quoted = "\n".join(f"{mark}{one}".rstrip() for one in ("Hello Dora,", "", "Have you tried this?"))
    read = parse(text_mail(f"It works now.\n\n{line}\n\n{quoted}\n"))
    assert read.new_text == "It works now."
    assert "Have you tried this?" in read.text


BLOCKS = [
    ("From", "Sent", "To", "Subject"),
    ("Von", "Gesendet", "An", "Betreff"),
    ("De", "Envoyé", "À", "Objet"),
    ("De", "Enviado el", "Para", "Asunto"),
    ("Da", "Inviato", "A", "Oggetto"),
    ("Van", "Verzonden", "Aan", "Onderwerp"),
    ("De", "Enviado", "Para", "Assunto"),
    ("Fra", "Sendt", "Til", "Emne"),
    ("Från", "Skickat", "Till", "Ämne"),
    ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    ("Od", "Wysłano", "Do", "Temat"),
    ("Od", "Odesláno", "Komu", "Předmět"),
    ("От", "Отправлено", "Кому", "Тема"),
    ("Від", "Надіслано", "Кому", "Тема"),
    ("Kimden", "Gönderildi", "Kime", "Konu"),
    ("Από", "Στάλθηκε", "Προς", "Θέμα"),
    ("差出人", "送信日時", "宛先", "件名"),
    ("发件人", "发送时间", "收件人", "主题"),
    ("寄件者", "寄件日期", "收件者", "主旨"),
    ("보낸 사람", "보낸 날짜", "받는 사람", "제목"),
    ("من", "تاريخ الإرسال", "إلى", "الموضوع"),
    ("מאת", "נשלח", "אל", "נושא"),
    ("Feladó", "Küldve", "Címzett", "Tárgy"),
    ("De la", "Trimis", "Către", "Subiect"),
]


@pytest.mark.parametrize("labels", BLOCKS, ids=lambda labels: "-".join(labels))
@pytest.mark.parametrize("style", ["{0}: {1}", "*{0}:* {1}", "**{0}:** {1}", "{0} : {1}", "{0}：{1}", "{0}:\t{1}"])
def test_a_block_of_headers_ends_what_is_new(labels, style):
    values = ("Ana Agent <ana@desk.test>", "Tuesday, 3 February 2026 14:05", "Dora", "Your question")
    block = "\n".join(style.format(label, value) for label, value in zip(labels, values, strict=True))
    read = parse(text_mail(f"It works now.\n\n________________________________\n{block}\n\nHave you tried this?\n"))
    assert read.new_text == "It works now."


@pytest.mark.parametrize(
    "line",
    [
        "-----Original Message-----",
        "----- Original message -----",
        "-------- Ursprüngliche Nachricht --------",
        "-----Message d'origine-----",
        "-----Message d\u2019origine-----",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "-----Mensagem original-----",
        "-----Oprindelig meddelelse-----",
        "-----Ursprungligt meddelande-----",
        "-----Opprinnelig melding-----",
        "-----Alkuperäinen viesti-----",
        "-----Wiadomość oryginalna-----",
        "-----Původní zpráva-----",
        "-----Исходное сообщение-----",
        "-----Özgün İleti-----",
        "-----Αρχικό μήνυμα-----",
        "------------------ 原始邮件 ------------------",
        "-----元のメッセージ-----",
        "-----원본 메시지-----",
        "-----الرسالة الأصلية-----",
        "-----הודעה מקורית-----",
        "##- Please type your reply above this line -##",
        "--- Reply above this line ---",
        "=== Bitte antworten Sie oberhalb dieser Zeile ===",
        "*** Répondre au-dessus de cette ligne ***",
    ],
)
def test_a_separator_ends_what_is_new(line):
    assert parse(text_mail(f"It works now.\n\n{line}\nHave you tried this?\n")).new_text == "It works now."


@pytest.mark.parametrize("name", ["Re: Help", "Hello"])
def test_answers_between_the_quoted_lines_are_kept_with_their_questions(name):
    body = "On Tue, Feb 3, 2026 at 2:05 PM, Ana <ana@desk.test> wrote:\n> Which model?\n\nThe blue one.\n\n> Since when?\n\nMonday.\n"
    new = parse(text_mail(body, subject=name)).new_text
    assert "The blue one." in new
    assert "Since when?" in new
    assert new.endswith("Monday.")


def test_an_answer_below_the_quotation_is_what_is_new():
    assert (
        parse(text_mail("On 03/02/2026 14:05, Ana wrote:\n> Which model?\n> Which colour?\n\nThe blue one.")).new_text
        == "The blue one."
    )


def test_a_quoted_line_that_was_wrapped_stays_quoted():
    body = "Yes.\n\nOn 03/02/2026 14:05, Ana wrote:\n> This is quite a long line that a program had to break in the mid\ndle of it\n> end"
    assert parse(text_mail(body)).new_text == "Yes."


def test_a_forwarded_mail_is_news():
    body = "Please see below.\n\n---------- Forwarded message ---------\nFrom: Shop <shop@x.test>\nDate: Tue, 3 Feb 2026\nSubject: Order\nTo: Dora\n\nYour order is late."
    assert "Your order is late." in parse(text_mail(body)).new_text


def test_a_forward_named_in_the_subject_is_news():
    body = (
        "Please see below.\n\nFrom: Shop <shop@x.test>\nSent: Tuesday\nTo: Dora\nSubject: Order\n\nYour order is late."
    )
    assert "Your order is late." in parse(text_mail(body, subject="FW: Order")).new_text
    assert "Your order is late." not in parse(text_mail(body, subject="Re: Order")).new_text


@pytest.mark.parametrize(
    "body",
    [
        "On Monday I wrote:\n\nplease restart the server.",
        "Here is what the page said:\n\nFrom: nobody\nplease help",
        "The options are:\n- one\n- two\n\nWhich one: this or that?",
        "I see this at 10:30:\n\n  Error 5: no disk\n\nWhat now?",
        "Section one\n---\nSection two",
        "To: do\nSubject: none",
        ">From the start it was broken.",
        "On your remote host, run this:\n\n    date 10:00",
    ],
)
def test_what_only_looks_like_a_quotation_is_kept(body):
    assert parse(text_mail(body)).new_text == body


def test_a_mail_that_is_all_quotation_keeps_its_text_whole():
    read = parse(text_mail("> only\n> quoted"))
    assert read.text == "> only\n> quoted"
    assert read.new_text == ""


def test_a_mail_that_begins_with_headers_is_not_emptied():
    body = "From: Shop <shop@x.test>\nSent: Tuesday\nTo: Dora\nSubject: Order\n\nYour order is late."
    assert "Your order is late." in parse(text_mail(body)).new_text


HTML_REPLIES = {
    "gmail": '<div dir="ltr">It works.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Tue, Feb 3, 2026 at 2:05 PM Ana &lt;<a href="mailto:ana@desk.test">ana@desk.test</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div>Old words</div></blockquote></div>',
    "outlook": '<div>It works.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b>From:</b> Ana<br><b>Sent:</b> Tuesday<br></div><div>Old words</div>',
    "outlook-desktop": '<p class="MsoNormal">It works.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> Ana &lt;ana@desk.test&gt; <br><b>Sent:</b> Tuesday<br><b>To:</b> Dora<br><b>Subject:</b> Help</p></div><p>Old words</p>',
    "apple": '<div>It works.</div><div><br><blockquote type="cite"><div>On 3 Feb 2026, at 14:05, Ana &lt;ana@desk.test&gt; wrote:</div><br><div>Old words</div></blockquote></div>',
    "thunderbird": '<p>It works.</p><div class="moz-cite-prefix">Am 03.02.2026 um 14:05 schrieb Ana:<br></div><blockquote type="cite" cite="mid:x"><p>Old words</p></blockquote>',
    "yahoo": '<div>It works.</div><div id="ydp1yahoo_quoted_2" class="ydp1yahoo_quoted"><div>On Tuesday, February 3, 2026, 2:05 PM, Ana &lt;ana@desk.test&gt; wrote:</div><div>Old words</div></div>',
    "yahoo-class": '<div>It works.</div><div class="yahoo_quoted"><div>Old words</div></div>',
    "proton": '<div>It works.</div><div class="protonmail_quote">On Tuesday, February 3rd, 2026 at 14:05, Ana &lt;ana@desk.test&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">Old words</blockquote></div>',
    "zoho": '<div>It works.</div><div class="zmail_extra"><div>---- On Tue, 03 Feb 2026 14:05:00 +0100 <b>Ana</b> wrote ----</div><blockquote>Old words</blockquote></div>',
}


@pytest.mark.parametrize("body", HTML_REPLIES.values(), ids=HTML_REPLIES.keys())
def test_html_that_marks_history_is_understood(body):
    read = parse(html_mail(f"<html><body>{body}</body></html>"))
    assert read.new_text == "It works."
    assert "Old words" in read.text


def test_an_indented_paragraph_is_not_a_quotation():
    body = '<p>Do this:</p><blockquote style="margin:0 0 0 40px;border:none;padding:0px">restart</blockquote>'
    assert "restart" in parse(html_mail(body)).new_text


def test_marks_in_the_html_help_where_the_text_has_none():
    raw = multipart(
        "Content-Type: text/plain; charset=utf-8\n\nIt works.\n\nOld words",
        "Content-Type: text/html; charset=utf-8\n\n<div>It works.</div><blockquote type=cite>Old words</blockquote>",
        kind="alternative",
    )
    assert parse(raw).new_text == "It works."
    assert parse(raw).text == "It works.\n\nOld words"


def test_what_follows_the_first_64_kb_is_kept():
    body = "line of text\n" * 10_000 + "the end"
    assert parse(text_mail(body)).new_text == body
