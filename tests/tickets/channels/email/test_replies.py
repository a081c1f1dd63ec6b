"""Replies as twenty-three languages and their programs write them, in text and in HTML: what is new is what was added."""

# ruff: noqa: E501 - mails have long lines
import html
from itertools import pairwise

import pytest

from tests.tickets.channels.email.mails import html_mail, multipart, text_mail
from tests.tickets.channels.email.replies import ANA, LANGUAGES, Language
from tickets.channels.email.parsing import ParsedMail, parse

EACH = [pytest.param(language, id=code) for code, language in LANGUAGES.items()]
LINES = [
    pytest.param(language, line, id=f"{code}-{program}")
    for code, language in LANGUAGES.items()
    for program, line in language.lines.items()
]


def block(language: Language, style: str = "{}: {}", separator: str = "\n") -> str:
    values = (ANA, language.sent, "dora@x.test", "Re: Help")
    return separator.join(style.format(label, value) for label, value in zip(language.labels, values, strict=True))


def paragraphs(text: str) -> str:
    return "".join(f"<div>{html.escape(line)}</div>" for line in text.split("\n"))


def assert_new(read: ParsedMail, language: Language) -> None:
    assert read.new_text == language.reply
    assert language.old in read.text


@pytest.mark.parametrize(("language", "line"), LINES)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["marked", "unmarked"])
def test_a_reply_above_the_mail_it_answers(language, line, mark):
    if not any(char.isdigit() for char in line):
        mark = "> "  # without marks, a line without a date is a sentence like any other
    assert_new(parse(text_mail(f"{language.reply}\n\n{line}\n\n{mark}{language.old}\n{mark}\n{mark}Ana\n")), language)


@pytest.mark.parametrize(("language", "line"), LINES)
def test_a_reply_below_the_mail_it_answers(language, line):
    assert parse(text_mail(f"{line}\n> {language.old}\n> Ana\n\n{language.reply}\n")).new_text == language.reply


@pytest.mark.parametrize(("language", "line"), LINES)
def test_a_reply_between_the_lines_of_the_mail_it_answers(language, line):
    first, second = language.reply.split("\n")
    new = parse(text_mail(f"{line}\n> {language.old}\n\n{first}\n\n> {language.old}\n\n{second}\n")).new_text
    assert [part for part in new.split("\n") if part] == [f"> {language.old}", first, f"> {language.old}", second]


@pytest.mark.parametrize(("language", "line"), LINES)
def test_a_line_that_was_wrapped_is_one_line(language, line):
    words = line.strip().split(" ")
    for cut in range(1, len(words)):
        if len(" ".join(words[:cut])) < 20:
            continue  # no program wraps that early
        wrapped = f"{' '.join(words[:cut])}\n{' '.join(words[cut:])}"
        read = parse(text_mail(f"{language.reply}\n\n{wrapped}\n> {language.old}\n"))
        assert_new(read, language)


@pytest.mark.parametrize(("language", "line"), LINES)
def test_gmail_in_html(language, line):
    body = (
        f'<div dir="ltr">{paragraphs(language.reply)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{html.escape(line)}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div>{language.old}</div></blockquote></div>'
    )
    assert_new(parse(html_mail(body)), language)


@pytest.mark.parametrize(("language", "line"), LINES)
def test_apple_mail_in_html(language, line):
    body = f'{paragraphs(language.reply)}<div><br><blockquote type="cite"><div>{html.escape(line)}</div><br class="Apple-interchange-newline"><div>{language.old}</div></blockquote></div>'
    assert_new(parse(html_mail(body)), language)


@pytest.mark.parametrize(("language", "line"), LINES)
def test_thunderbird_in_html(language, line):
    body = f'{paragraphs(language.reply)}<p><br></p><div class="moz-cite-prefix">{html.escape(line)}<br></div><blockquote type="cite" cite="mid:x@desk.test">{language.old}</blockquote>'
    assert_new(parse(html_mail(body)), language)


@pytest.mark.parametrize(("language", "line"), LINES)
def test_yahoo_and_proton_in_html(language, line):
    yahoo = f'{paragraphs(language.reply)}<div id="ydp7yahoo_quoted_1" class="ydp7yahoo_quoted"><div>{html.escape(line)}</div><div>{language.old}</div></div>'
    proton = f'{paragraphs(language.reply)}<div class="protonmail_quote">{html.escape(line)}<br><blockquote class="protonmail_quote" type="cite">{language.old}</blockquote></div>'
    for body in (yahoo, proton):
        assert_new(parse(html_mail(body)), language)


STYLES = {
    "outlook": "{}: {}", "bold": "*{}:* {}", "french": "{} : {}", "wide": "{}：{}", "notes": "{}:\t{}", "markdown": "**{}:** {}",
    "bold-outside": "*{}*: {}",
}  # fmt: skip


@pytest.mark.parametrize("language", EACH)
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize(
    "above", ["", "________________________________\n", "-----{}-----\n", "-------- {} --------\n"]
)
def test_outlook_in_text(language, style, above):
    rule = above.format(language.original)
    assert_new(parse(text_mail(f"{language.reply}\n\n{rule}{block(language, style)}\n\n{language.old}\n")), language)


@pytest.mark.parametrize("language", EACH)
def test_outlook_in_html(language):
    web = f'{paragraphs(language.reply)}<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{block(language, "<b>{}:</b> {}", "<br>").replace(" <ana@desk.test>", " &lt;ana@desk.test&gt;")}</font></div><div>{language.old}</div>'
    desktop = f'<div class="WordSection1">{paragraphs(language.reply)}<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{block(language, "<b><span>{}:</span></b> {}", "<br>").replace(" <ana@desk.test>", " &lt;ana@desk.test&gt;")}</p></div></div><p class="MsoNormal">{language.old}</p></div>'
    mobile = f'<div dir="auto">{paragraphs(language.reply)}</div><div id="ms-outlook-mobile-signature"></div><hr><div id="divRplyFwdMsg">{block(language, "<b>{}:</b> {}", "<br>").replace(" <ana@desk.test>", "")}</div>{language.old}'
    for body in (web, desktop, mobile):
        assert_new(parse(html_mail(f"<html><body>{body}</body></html>")), language)


@pytest.mark.parametrize("language", EACH)
def test_phones_in_text_and_html(language):
    samsung = f"{language.reply}\n\n-------- {language.original} --------\n{block(language)}\n\n{language.old}\n"
    assert_new(parse(text_mail(samsung)), language)
    body = f'{paragraphs(language.reply)}<div><br></div><div style="font-size:100%;color:#000000"><div>-------- {language.original} --------</div>{"".join(f"<div>{html.escape(line)}</div>" for line in block(language).split(chr(10)))}</div><div>{language.old}</div>'
    assert_new(parse(html_mail(body)), language)
    for signature in language.phone:
        for line in language.lines.values():
            raw = text_mail(f"{language.reply}\n\n{signature}\n\n{line}\n> {language.old}\n")
            assert (parse(raw).new_text, signature) == (language.reply, signature)


@pytest.mark.parametrize("language", EACH)
def test_closing_words_and_what_phones_add_are_signature(language):
    for signature in (language.closing, f"-- \n{language.closing}", *language.phone):
        read = parse(text_mail(f"{language.reply}\n\n{signature}\n"))
        assert (read.new_text, signature) == (language.reply, signature)
        assert read.new_text_with_signature == f"{language.reply}\n\n{signature}"


@pytest.mark.parametrize("language", EACH)
def test_a_forwarded_mail_is_kept_whole(language):
    for rule in ("---------- {} ---------", "-------- {} --------", "{}:"):
        body = f"{language.reply}\n\n{rule.format(language.forwarded)}\n{block(language)}\n\n{language.old}\n"
        new = parse(text_mail(body)).new_text
        assert language.old in new
        assert language.reply in new


@pytest.mark.parametrize("language", EACH)
def test_text_without_marks_is_read_by_the_html_beside_it(language):
    line = language.lines["gmail"]
    raw = multipart(
        f"Content-Type: text/plain; charset=utf-8\n\n{language.reply}\n\n{line}\n\n{language.old}",
        f'Content-Type: text/html; charset=utf-8\n\n{paragraphs(language.reply)}<div class="gmail_quote"><div class="gmail_attr">{html.escape(line)}</div><blockquote class="gmail_quote">{language.old}</blockquote></div>',
        kind="alternative",
    )
    assert_new(parse(raw), language)


@pytest.mark.parametrize(("first", "second"), list(pairwise(LANGUAGES.values())))
def test_programs_and_their_users_need_not_speak_one_language(first, second):
    line = second.lines["apple"]
    read = parse(text_mail(f"{first.reply}\n\n{second.phone[0]}\n\n{line}\n\n> {first.old}\n"))
    assert_new(read, first)


PROVIDERS = {
    "samsung": "-------- Original message --------\nFrom: Ana Agent <ana@desk.test> \nDate: 03/02/2026  14:05  (GMT+01:00) \nTo: dora@x.test \nSubject: Re: Help ",
    "outlook-mac": "From: Ana Agent <ana@desk.test>\nDate: Tuesday, 3 February 2026 at 14:05\nTo: dora@x.test <dora@x.test>\nSubject: Re: Help",
    "outlook-no-blank": "From: Ana Agent <ana@desk.test>\nSent: 03 February 2026 14:05\nTo: dora@x.test\nCc: Bob <b@x.test>; Carl\n <c@x.test>\nSubject: Re: Help\nImportance: High",
    "gmx": 'Gesendet: Dienstag, 03. Februar 2026 um 14:05 Uhr\nVon: "Ana Agent" <ana@desk.test>\nAn: dora@x.test\nBetreff: Re: Help',
    "t-online": '-----Original-Nachricht-----\nBetreff: Re: Help\nDatum: 2026-02-03T14:05:00+0100\nVon: "Ana Agent" <ana@desk.test>\nAn: "dora@x.test" <dora@x.test>',
    "zimbra": 'Von: "Ana Agent" <ana@desk.test>\nAn: "dora" <dora@x.test>\nGesendet: Dienstag, 3. Februar 2026 14:05:00\nBetreff: Re: Help',
    "zimbra-fr": '----- Mail original -----\nDe: "Ana Agent" <ana@desk.test>\nÀ: dora@x.test\nEnvoyé: Mardi 3 Février 2026 14:05:00\nObjet: Re: Help',
    "em-client": '------ Original Message ------\nFrom "Ana Agent" <ana@desk.test>\nTo dora@x.test\nDate 03.02.2026 14:05:00\nSubject Re: Help',
    "proton-original": "-------- Original Message --------\nOn 2/3/26 14:05, Ana Agent <ana@desk.test> wrote:\n",
    "qq": '------------------&nbsp;原始邮件&nbsp;------------------\n发件人: "Ana Agent" <ana@desk.test>;\n发送时间: 2026年2月3日(星期二) 下午2:05\n收件人: "dora"<dora@x.test>;\n主题: Re: Help'.replace("&nbsp;", " "),
    "naver": '-----Original Message-----\nFrom: "Ana Agent"<ana@desk.test>\nTo: <dora@x.test>\nCc:\nSent: 2026-02-03 (화) 14:05:00 (UTC+09:00)\nSubject: Re: Help',
    "seznam": "---------- Původní e-mail ----------\nOd: Ana Agent <ana@desk.test>\nKomu: dora@x.test\nDatum: 3. 2. 2026 14:05:00\nPředmět: Re: Help",
    "notes": 'From:\tAna Agent <ana@desk.test>\nTo:\tdora@x.test\nDate:\t03.02.2026 14:05\nSubject:\tRe: Help',
    "zoho": "---- On Tue, 03 Feb 2026 14:05:00 +0100 Ana Agent <ana@desk.test> wrote ----",
    "zoho-de": "---- Am Di, 03 Feb 2026 14:05:00 +0100 Ana Agent <ana@desk.test> schrieb ----",
    "our-own": "##- Please type your reply above this line -##",
    "our-own-de": "##- Bitte antworten Sie über dieser Zeile -##",
    "our-own-fr": "##- Veuillez répondre au-dessus de cette ligne -##",
    "our-own-ja": "##- この行より上に返信してください -##",
    "infomaniak": "Le 2026-02-03T14:05:00.000+01:00, Ana Agent <ana@desk.test> a écrit :",
    "gmail-old": "2026-02-03 14:05 GMT+01:00 Ana Agent <ana@desk.test>:",
    "mobileme": "On Feb 3, 2026, at 14:05, Ana Agent <ana@desk.test> wrote:",
    "exchange-de": "Am 03.02.2026 um 14:05 schrieb \"Ana Agent\" <ana@desk.test<mailto:ana@desk.test>>:",
    "owa-links": "From: Ana Agent<mailto:ana@desk.test>\nSent: Tuesday, February 3, 2026 2:05 PM\nTo: dora@x.test<mailto:dora@x.test>\nSubject: Re: Help",
}  # fmt: skip


@pytest.mark.parametrize("history", PROVIDERS.values(), ids=PROVIDERS.keys())
def test_what_other_programs_and_providers_write_ends_what_is_new(history):
    read = parse(text_mail(f"It works now.\nThank you all.\n\n{history}\n\nHave you tried to restart it?\n"))
    assert read.new_text == "It works now.\nThank you all."


OWN_WORDS = [
    "On Monday I wrote to you:\n\nmy printer is broken.\n\nWhy does nobody answer?",
    "On Monday, 2 February 2026 I wrote to you and got no answer. Please look at it.",
    "On 3 February 2026 at 14:05 your colleague wrote that it would come.\nIt did not.",
    "In your mail of 3 February 2026 you wrote:\nit will come tomorrow.\nIt did not come.",
    "Am Montag habe ich Ihnen geschrieben:\n\nDer Drucker ist kaputt.\n\nWarum antwortet niemand?",
    "Am 3. Februar 2026 schrieb Ihr Kollege, es komme morgen.\nEs kam nicht.",
    "Le 3 février, vous m'avez écrit que tout était réglé.\nCe n'est pas le cas.",
    "El lunes les escribí:\n\nla impresora no funciona.\n\n¿Por qué nadie contesta?",
    "В понедельник я вам писал:\n\nпринтер сломан.\n\nПочему никто не отвечает?",
    "月曜日に次のように書きました：\n\nプリンターが壊れています。\n\nなぜ返事がないのですか。",
    "This is the list:\n------------------------------\none\ntwo\n------------------------------\nIs it complete?",
    "-----\nFirst part\n-----\nSecond part",
    "=====\nFirst part\n=====\nSecond part",
    "From: the beginning\nTo: the end\nit was a bad experience.",
    "From: nobody knows\nI got a strange letter.",
    "Subject: complaint\n\nI want my money back.",
    "To: support\nDate: today\n\nPlease help.",
    "Von: Berlin\nNach: Hamburg\nWann: morgen\n\nIst noch ein Platz frei?",
    "From: Berlin\nTo: Hamburg\nDate: tomorrow\n\nIs there a seat left?",
    "Steps:\n> open the shop\n> click on pay\n\nThen it says:\n> error 5\n\nWhat now?",
    "My settings:\n\nServer: mail.x.test\nPort: 993\nUser: dora\n\nWhat is wrong?",
    "I typed \"Sent from my desk\" and it crashed.",
    "We met at 10:30:\n- Ana\n- Bob",
    "The error is at 2026-02-03 14:05:06:\n\n  E: disk full",
    "The message he wrote said: come tomorrow.\nNobody was there.",
    "He wrote:\nplease pay.\nIs that from you?",
    "Thanks\n\nOne question remains: is the blue one available in a larger size as well, and what does it cost?",
    "Best regards are in order for your team.\nThey were very kind.",
    "Hi,\n\n--verbose does not work, and --quiet neither.\n\n--dry-run does.",
    "Original message in the shop: \"sold out\".\nIs it?",
    "Table:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nRight?",
]  # fmt: skip


@pytest.mark.parametrize("body", OWN_WORDS, ids=[body.split("\n")[0][:40] for body in OWN_WORDS])
def test_a_customers_own_sentences_are_not_cut(body):
    assert parse(text_mail(body)).new_text == body


@pytest.mark.parametrize("body", OWN_WORDS, ids=[body.split("\n")[0][:40] for body in OWN_WORDS])
def test_a_customers_own_sentences_are_not_cut_above_a_real_quotation(body):
    read = parse(text_mail(f"{body}\n\nOn Tue, Feb 3, 2026 at 2:05 PM {ANA} wrote:\n\n> Have you tried?\n"))
    kept = [line for line in body.split("\n") if line.strip() and not line.startswith(">")]
    assert [line for line in read.new_text.split("\n") if line in kept] == kept
    assert "Have you tried?" not in read.new_text


ANNOUNCED = [
    "Please see my answers below in red.", "I have answered your questions below.", "Answers inline.", "See my comments in-line.",
    "Meine Antworten finden Sie unten in Rot.", "Siehe meine Anmerkungen im Text.", "Mes réponses sont ci-dessous.",
    "Te respondo abajo en azul.", "Le mie risposte sono qui sotto.", "Mijn antwoorden staan hieronder.", "Minhas respostas estão abaixo.",
    "Mine svar står nedenfor.", "Mina svar finns nedan.", "Vastaukseni ovat alla.", "Moje odpowiedzi są poniżej.", "Odpovědi jsou níže.",
    "Мои ответы ниже.", "Мої відповіді нижче.", "Cevaplarım aşağıda.", "Οι απαντήσεις μου είναι παρακάτω.", "回答は以下に赤字で記入しました。",
    "我的回复如下，请看红字。", "我的回覆如下。", "답변은 아래에 적었습니다.", "إجاباتي أدناه.", "התשובות שלי בהמשך.",
]  # fmt: skip


@pytest.mark.parametrize("words", ANNOUNCED)
def test_answers_written_into_the_mail_below_are_kept_where_they_are_announced(words):
    history = f"{block(LANGUAGES['en'])}\n\nWhich colour do you want?\nThe blue one.\nSince when?\nMonday."
    new = parse(text_mail(f"{words}\n\n{history}\n")).new_text
    assert new.startswith(words)
    assert "The blue one." in new
    assert new.endswith("Monday.")


@pytest.mark.parametrize(
    "words",
    ["I see it below my desk.", "The answer is no.", "Your reply came late.", "The red one is better.", "Die Antwort war gut.", "Inline skates, size 40."],
)  # fmt: skip
def test_other_sentences_announce_nothing(words):
    read = parse(text_mail(f"{words}\n\n{block(LANGUAGES['en'])}\n\nWhich colour do you want?\n"))
    assert read.new_text == words


def test_answers_between_quotations_in_html_are_kept_with_their_questions():
    body = (
        '<div class="gmail_quote"><div class="gmail_attr">On Tue, Feb 3, 2026 at 2:05 PM Ana &lt;ana@desk.test&gt; wrote:</div>'
        '<blockquote class="gmail_quote">Which colour?</blockquote><div>The blue one.</div>'
        '<blockquote class="gmail_quote">Since when?</blockquote><div>Monday.</div></div>'
    )
    lines = [line for line in parse(html_mail(body)).new_text.split("\n") if line]
    assert lines == ["> Which colour?", "The blue one.", "> Since when?", "Monday."]


@pytest.mark.parametrize("signature", ["-- \nDora Example\nExample Ltd", "Kind regards,\nDora", "Sent from my iPhone"])
@pytest.mark.parametrize("subject", ["FW: Order", "Order"])
def test_a_signature_above_a_forwarded_mail_does_not_swallow_it(signature, subject):
    body = f"Please see this.\n\n{signature}\n\n---------- Forwarded message ---------\n{block(LANGUAGES['en'])}\n\nYour order is late.\n"
    new = parse(text_mail(body, subject=subject)).new_text
    assert new.startswith("Please see this.")
    assert new.endswith("Your order is late.")
    assert signature.split("\n")[-1] not in new


def test_a_signature_above_answers_that_were_announced_does_not_swallow_them():
    body = f"My answers are below.\n\nKind regards,\nDora\n\n{block(LANGUAGES['en'])}\n\nWhich colour\nThe blue one."
    new = parse(text_mail(body)).new_text
    assert new.startswith("My answers are below.")
    assert new.endswith("The blue one.")
