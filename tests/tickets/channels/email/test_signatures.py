"""Signatures are set apart from what is new, and never lost."""

import pytest

from tests.tickets.channels.email.mails import text_mail
from tickets.channels.email.parsing import parse


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nDora Example\nExample Ltd, 1 Street",
        "--\nDora",
        "Sent from my iPhone",
        "Sent from Outlook for iOS<https://aka.ms/o0ukef>",
        "Sent from Mail for Windows 10",
        "Sent via BlackBerry by AT&T",
        "Get Outlook for Android",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Envoyé de mon iPhone",
        "Envoyé depuis mon téléphone",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
        "Sendt fra min iPhone",
        "Skickat från min iPhone",
        "Lähetetty iPhonesta",
        "Wysłane z iPhone'a",
        "Odesláno z iPhonu",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "iPhone'umdan gönderildi",
        "Στάλθηκε από το iPhone μου",
        "iPhoneから送信",
        "发自我的iPhone",
        "從我的 iPhone 傳送",
        "나의 iPhone에서 보냄",
        "נשלח מה-iPhone שלי",
        "Az iPhone készülékemről küldve",
        "Trimis de pe iPhone-ul meu",
        "Kind regards,\nDora Example\nHead of Things\n+44 20 7946 0000",
        "Best,\nDora",
        "Thanks!\nDora",
        "Mit freundlichen Grüßen\n\nDora Example",
        "Viele Grüße, Dora",
        "Cordialement,\nDora",
        "Saludos,\nDora",
        "Cordiali saluti\nDora",
        "Met vriendelijke groet,\nDora",
        "Med vänlig hälsning\nDora",
        "Med venlig hilsen\nDora",
        "Ystävällisin terveisin\nDora",
        "Pozdrawiam\nDora",
        "S pozdravem\nDora",
        "С уважением,\nДора",
        "З повагою,\nДора",
        "Saygılarımla,\nDora",
        "Με εκτίμηση,\nΔώρα",
        "よろしくお願いいたします。\n土良",
        "此致\n敬礼",
        "감사합니다.\n도라",
        "Üdvözlettel:\nDóra",
        "בברכה,\nדורה",
        "مع التحية\nدورا",
        "-Dora",
        "________________________________\nFriends mailing list\nfriends@lists.test",
    ],
)
def test_a_signature_is_not_news(signature):
    read = parse(text_mail(f"The printer is broken.\nPlease help.\n\n{signature}\n"))
    assert read.new_text == "The printer is broken.\nPlease help."
    assert read.new_text_with_signature.startswith("The printer is broken.\nPlease help.\n\n")
    assert signature.split("\n")[0].strip() in read.text


@pytest.mark.parametrize(
    "body",
    [
        "Thanks for the quick answer.\nIt does not help though.",
        "Thanks\n\nBut the printer is still broken, could you look at it again please?",
        "Best way to reach me is by phone.",
        "Regards to your team, and a question: when is it due?",
        "- apples\n- pears",
        "Sent from the warehouse yesterday, it has not arrived. Where is it?",
        "Thanks!",
        "Section\n\n-----\n\nMore",
    ],
)
def test_words_that_only_sound_like_a_signature_stay(body):
    assert parse(text_mail(body)).new_text == body


def test_a_signature_between_answer_and_quotation_is_set_apart():
    read = parse(
        text_mail("Yes.\n\n-- \nDora\n\nOn Tue, Feb 3, 2026 at 2:05 PM, Ana <ana@desk.test> wrote:\n> Well?\n")
    )
    assert read.new_text == "Yes."
    assert read.new_text_with_signature == "Yes.\n\n-- \nDora"


def test_a_postscript_is_news():
    assert "the colour is blue" in parse(text_mail("Broken.\n\nRegards,\nDora\n\nPS: the colour is blue")).new_text


def test_a_mail_that_is_all_signature_is_not_emptied():
    assert parse(text_mail("Sent from my iPhone")).new_text == "Sent from my iPhone"
