"""What mail programs write around a reply, by language. All invented, all in the shapes that programs use.

`ANA` wrote the mail that is answered; what the customer adds is the reply of the language.
"""

# ruff: noqa: E501 - mails have long lines
from dataclasses import dataclass

ANA = "Ana Agent <ana@desk.test>"


@dataclass(frozen=True)
class Language:
    """How one language replies, quotes and signs."""

    reply: str
    old: str
    lines: dict[str, str]  # the line above a quotation, by program
    labels: tuple[str, str, str, str]  # From, Sent, To, Subject
    sent: str  # the moment, as Outlook writes it
    original: str  # Original Message
    forwarded: str  # Forwarded message
    phone: tuple[str, ...]
    closing: str


LANGUAGES = {
    "en": Language(
        "It works now, thank you.\nOne more question: when does it ship?", "Have you tried to restart it?",
        {
            "gmail": f"On Tue, Feb 3, 2026 at 2:05 PM {ANA} wrote:",
            "apple": f"On 3 Feb 2026, at 14:05, {ANA} wrote:",
            "thunderbird": "On 03/02/2026 14:05, Ana Agent wrote:",
            "yahoo": f"    On Tuesday, February 3, 2026 at 02:05:00 PM GMT+1, {ANA} wrote:  ",
            "proton": f"On Tuesday, February 3rd, 2026 at 14:05, {ANA} wrote:",
            "spark": f"On 3 Feb 2026 at 14:05 +0100, {ANA}, wrote:",
            "mailspring": f"On Feb 3 2026, at 2:05 pm, {ANA} wrote:",
            "hey": f"On February 3, 2026, {ANA} wrote:",
            "roundcube": "On 2026-02-03 14:05, Ana Agent wrote:",
            "tuta": "Feb 3, 2026, 14:05 by ana@desk.test:",
            "fairemail": f"Feb 3, 2026 14:05:00 {ANA}:",
            "android": f"{ANA} wrote:",
            "mutt": f"On Tue, Feb 03, 2026 at 02:05:06PM +0100, {ANA} wrote:",
        },
        ("From", "Sent", "To", "Subject"), "Tuesday, February 3, 2026 2:05 PM", "Original Message", "Forwarded message",
        ("Sent from my iPhone", "Sent from my Galaxy", "Get Outlook for iOS", "Sent from Yahoo Mail on Android", "Sent with Proton Mail secure email.", "Sent from Proton Mail for iOS"),
        "Kind regards,\nDora",
    ),
    "de": Language(
        "Jetzt geht es, danke.\nNoch eine Frage: wann kommt es?", "Haben Sie es neu gestartet?",
        {
            "gmail": f"Am Di., 3. Feb. 2026 um 14:05 Uhr schrieb {ANA}:",
            "apple": f"Am 03.02.2026 um 14:05 schrieb {ANA}:",
            "thunderbird": "Am 03.02.26 um 14:05 schrieb Ana Agent:",
            "yahoo": f"    Am Dienstag, 3. Februar 2026 um 14:05:00 MEZ hat {ANA} Folgendes geschrieben:  ",
            "proton": f"Am Dienstag, 3. Februar 2026 um 14:05 schrieb {ANA}:",
            "roundcube": "Am 2026-02-03 14:05, schrieb Ana Agent:",
            "k9": f"Am 3. Februar 2026 14:05:00 MEZ schrieb {ANA}:",
            "tuta": "3. Feb. 2026, 14:05 von ana@desk.test:",
            "android": f"{ANA} schrieb:",
            "gmx": f"Am 03.02.26, 14:05 schrieb {ANA}:",
        },
        ("Von", "Gesendet", "An", "Betreff"), "Dienstag, 3. Februar 2026 14:05", "Ursprüngliche Nachricht", "Weitergeleitete Nachricht",
        ("Von meinem iPhone gesendet", "Gesendet von Outlook für iOS", "Von meinem Samsung Galaxy Smartphone gesendet.", "Gesendet mit der WEB.DE Mail App", "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet."),
        "Mit freundlichen Grüßen\nDora Beispiel",
    ),
    "fr": Language(
        "Ça marche maintenant, merci.\nEncore une question : quand arrive-t-il ?", "Avez-vous essayé de redémarrer ?",
        {
            "gmail": f"Le mar. 3 févr. 2026 à 14:05, {ANA} a écrit :",
            "apple": f"Le 3 févr. 2026 à 14:05, {ANA} a écrit :",
            "thunderbird": "Le 03/02/2026 à 14:05, Ana Agent a écrit\u00a0:",
            "yahoo": f"    Le mardi 3 février 2026 à 14:05:00 UTC+1, {ANA} a écrit :  ",
            "roundcube": "Le 2026-02-03 14:05, Ana Agent a écrit :",
        },
        ("De", "Envoyé", "À", "Objet"), "mardi 3 février 2026 14:05", "Message d'origine", "Message transféré",
        ("Envoyé de mon iPhone", "Envoyé depuis mon téléphone Orange", "Envoyé à partir d'Outlook pour iOS", "Obtenir Outlook pour Android"),
        "Cordialement,\nDora",
    ),
    "es": Language(
        "Ahora funciona, gracias.\nOtra pregunta: ¿cuándo llega?", "¿Ha probado a reiniciarlo?",
        {
            "gmail": "El mar, 3 feb 2026 a las 14:05, Ana Agent (<ana@desk.test>) escribió:",
            "apple": f"El 3 feb 2026, a las 14:05, {ANA} escribió:",
            "thunderbird": "El 3/2/26 a las 14:05, Ana Agent escribió:",
            "yahoo": f"    En martes, 3 de febrero de 2026, 14:05:00 CET, {ANA} escribió:  ",
        },
        ("De", "Enviado el", "Para", "Asunto"), "martes, 3 de febrero de 2026 14:05", "Mensaje original", "Mensaje reenviado",
        ("Enviado desde mi iPhone", "Enviado desde Outlook para iOS", "Obtener Outlook para Android"),
        "Un saludo,\nDora",
    ),
    "it": Language(
        "Ora funziona, grazie.\nAncora una domanda: quando arriva?", "Ha provato a riavviare?",
        {
            "gmail": f"Il giorno mar 3 feb 2026 alle ore 14:05 {ANA} ha scritto:",
            "apple": f"Il giorno 3 feb 2026, alle ore 14:05, {ANA} ha scritto:",
            "thunderbird": "Il 03/02/2026 14:05, Ana Agent ha scritto:",
            "yahoo": f"    Il martedì 3 febbraio 2026 alle ore 14:05:00 CET, {ANA} ha scritto:  ",
            "libero": f"Il 3 febbraio 2026 alle 14:05 {ANA} ha scritto:",
        },
        ("Da", "Inviato", "A", "Oggetto"), "martedì 3 febbraio 2026 14:05", "Messaggio originale", "Messaggio inoltrato",
        ("Inviato da iPhone", "Inviato da Outlook per iOS", "Ottieni Outlook per Android"),
        "Cordiali saluti\nDora",
    ),
    "nl": Language(
        "Het werkt nu, bedankt.\nNog een vraag: wanneer komt het?", "Hebt u het opnieuw gestart?",
        {
            "gmail": f"Op di 3 feb 2026 om 14:05 schreef {ANA}:",
            "apple": f"Op 3 feb 2026, om 14:05 heeft {ANA} het volgende geschreven:",
            "thunderbird": "Op 03-02-2026 om 14:05 schreef Ana Agent:",
            "yahoo": f"    Op dinsdag 3 februari 2026 om 14:05:00 CET schreef {ANA}:  ",
        },
        ("Van", "Verzonden", "Aan", "Onderwerp"), "dinsdag 3 februari 2026 14:05", "Oorspronkelijk bericht", "Doorgestuurd bericht",
        ("Verzonden vanaf mijn iPhone", "Verstuurd vanaf mijn iPhone", "Outlook voor Android downloaden"),
        "Met vriendelijke groet,\nDora",
    ),
    "pt": Language(
        "Agora funciona, obrigada.\nMais uma pergunta: quando chega?", "Já tentou reiniciar?",
        {
            "gmail": f"{ANA} escreveu (terça, 3/02/2026 à(s) 14:05):",
            "gmail-br": f"Em ter., 3 de fev. de 2026 às 14:05, {ANA} escreveu:",
            "apple": f"No dia 03/02/2026, às 14:05, {ANA} escreveu:",
            "apple-br": f"Em 3 de fev. de 2026, à(s) 14:05, {ANA} escreveu:",
            "thunderbird": "Em 03/02/2026 14:05, Ana Agent escreveu:",
            "yahoo": f"    Em terça-feira, 3 de fevereiro de 2026 às 14:05:00 BRT, {ANA} escreveu:  ",
        },
        ("De", "Enviado", "Para", "Assunto"), "terça-feira, 3 de fevereiro de 2026 14:05", "Mensagem original", "Mensagem encaminhada",
        ("Enviado do meu iPhone", "Enviado a partir do Outlook para iOS", "Obter o Outlook para Android"),
        "Atenciosamente,\nDora",
    ),
    "da": Language(
        "Det virker nu, tak.\nEt spørgsmål mere: hvornår kommer den?", "Har du prøvet at genstarte?",
        {
            "gmail": f"Den tirs. 3. feb. 2026 kl. 14.05 skrev {ANA}:",
            "apple": f"Den 3. feb. 2026 kl. 14.05 skrev {ANA}:",
            "thunderbird": "Den 03.02.2026 kl. 14.05 skrev Ana Agent:",
        },
        ("Fra", "Sendt", "Til", "Emne"), "3. februar 2026 14:05", "Oprindelig meddelelse", "Videresendt meddelelse",
        ("Sendt fra min iPhone", "Hent Outlook til Android"),
        "Med venlig hilsen\nDora",
    ),
    "sv": Language(
        "Nu fungerar det, tack.\nEn fråga till: när kommer den?", "Har du provat att starta om?",
        {
            "gmail": f"Den tis 3 feb. 2026 kl 14:05 skrev {ANA}:",
            "apple": f"3 feb. 2026 kl. 14:05 skrev {ANA}:",
            "thunderbird": "Den 2026-02-03 kl. 14:05, skrev Ana Agent:",
        },
        ("Från", "Skickat", "Till", "Ämne"), "den 3 februari 2026 14:05", "Ursprungligt meddelande", "Vidarebefordrat meddelande",
        ("Skickat från min iPhone", "Hämta Outlook för Android"),
        "Med vänlig hälsning\nDora",
    ),
    "no": Language(
        "Det virker nå, takk.\nEt spørsmål til: når kommer den?", "Har du prøvd å starte på nytt?",
        {
            "gmail": f"tir. 3. feb. 2026 kl. 14:05 skrev {ANA}:",
            "apple": f"3. feb. 2026 kl. 14:05 skrev {ANA}:",
            "thunderbird": "Den 03.02.2026 14:05, skrev Ana Agent:",
        },
        ("Fra", "Sendt", "Til", "Emne"), "tirsdag 3. februar 2026 14:05", "Opprinnelig melding", "Videresendt melding",
        ("Sendt fra min iPhone", "Hent Outlook for Android"),
        "Med vennlig hilsen\nDora",
    ),
    "pl": Language(
        "Teraz działa, dziękuję.\nJeszcze jedno pytanie: kiedy dotrze?", "Czy próbowała Pani uruchomić ponownie?",
        {
            "gmail": f"wt., 3 lut 2026 o 14:05 {ANA} napisał(a):",
            "apple": f"Wiadomość napisana przez {ANA} w dniu 03.02.2026, o godz. 14:05:",
            "thunderbird": "W dniu 3.02.2026 o 14:05, Ana Agent pisze:",
            "onet": f"Dnia 3 lutego 2026 14:05 {ANA} napisał(a):",
        },
        ("Od", "Wysłano", "Do", "Temat"), "wtorek, 3 lutego 2026 14:05", "Wiadomość oryginalna", "Wiadomość przekazana dalej",
        ("Wysłane z iPhone'a", "Wysłano z mojego iPhone'a", "Pobierz program Outlook dla systemu Android"),
        "Pozdrawiam\nDora",
    ),
    "cs": Language(
        "Teď to funguje, děkuji.\nJeště jedna otázka: kdy to přijde?", "Zkoušela jste restart?",
        {
            "gmail": f"út 3. 2. 2026 v 14:05 odesílatel {ANA} napsal:",
            "apple": f"3. 2. 2026 v 14:05, {ANA}:",
            "thunderbird": "Dne 03. 02. 26 v 14:05 Ana Agent napsal(a):",
        },
        ("Od", "Odesláno", "Komu", "Předmět"), "úterý 3. února 2026 14:05", "Původní zpráva", "Přeposlaná zpráva",
        ("Odesláno z iPhonu", "Získat Outlook pro Android"),
        "S pozdravem\nDora",
    ),
    "ru": Language(
        "Теперь работает, спасибо.\nЕщё вопрос: когда придёт?", "Вы пробовали перезапустить?",
        {
            "gmail": f"вт, 3 февр. 2026 г. в 14:05, {ANA}:",
            "apple": f"3 февр. 2026 г., в 14:05, {ANA} написал(а):",
            "thunderbird": "03.02.2026 14:05, Ana Agent пишет:",
            "mail.ru": f"Вторник, 3 февраля 2026, 14:05 +03:00 от {ANA}:",
            "yandex": '03.02.2026, 14:05, "Ana Agent" <ana@desk.test>:',
        },
        ("От", "Отправлено", "Кому", "Тема"), "вторник, 3 февраля 2026 г. 14:05", "Исходное сообщение", "Пересылаемое сообщение",
        ("Отправлено с iPhone", "Отправлено из мобильной Почты Mail.ru", "Отправлено из Mail.ru для Android"),
        "С уважением,\nДора",
    ),
    "uk": Language(
        "Тепер працює, дякую.\nЩе питання: коли прийде?", "Ви пробували перезапустити?",
        {
            "gmail": f"вт, 3 лют. 2026 р. о 14:05 {ANA} пише:",
            "apple": f"3 лют. 2026 р. о 14:05 {ANA} написав(ла):",
            "thunderbird": "03.02.26 14:05, Ana Agent пише:",
        },
        ("Від", "Надіслано", "Кому", "Тема"), "вівторок, 3 лютого 2026 р. 14:05", "Вихідне повідомлення", "Переслане повідомлення",
        ("Надіслано з iPhone", "Відправлено з iPhone"),
        "З повагою,\nДора",
    ),
    "tr": Language(
        "Şimdi çalışıyor, teşekkürler.\nBir soru daha: ne zaman gelir?", "Yeniden başlatmayı denediniz mi?",
        {
            "gmail": f"{ANA}, 3 Şub 2026 Sal, 14:05 tarihinde şunu yazdı:",
            "apple": f"{ANA} şunları yazdı (3 Şub 2026 14:05):",
            "thunderbird": "3.02.2026 14:05 tarihinde Ana Agent yazdı:",
        },
        ("Kimden", "Gönderildi", "Kime", "Konu"), "3 Şubat 2026 Salı 14:05", "Özgün İleti", "Yönlendirilmiş ileti",
        ("iPhone'umdan gönderildi", "iPhone’umdan gönderildi"),
        "Saygılarımla,\nDora",
    ),
    "fi": Language(
        "Nyt se toimii, kiitos.\nVielä yksi kysymys: milloin se tulee?", "Oletko kokeillut käynnistää uudelleen?",
        {
            "gmail": "ti 3. helmik. 2026 klo 14.05 Ana Agent (ana@desk.test) kirjoitti:",
            "apple": f"{ANA} kirjoitti 3.2.2026 kello 14.05:",
            "thunderbird": "Ana Agent kirjoitti 3.2.2026 klo 14.05:",
        },
        ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"), "tiistai 3. helmikuuta 2026 14.05", "Alkuperäinen viesti", "Edelleenlähetetty viesti",
        ("Lähetetty iPhonesta", "Hanki Outlook for Android"),
        "Ystävällisin terveisin\nDora",
    ),
    "el": Language(
        "Τώρα λειτουργεί, ευχαριστώ πολύ.\nΜια ερώτηση ακόμη: πότε έρχεται;", "Δοκιμάσατε επανεκκίνηση;",
        {
            "gmail": f"Στις Τρί 3 Φεβ 2026 στις 2:05 μ.μ., ο/η {ANA} έγραψε:",
            "apple": f"Στις 3 Φεβ 2026, στις 14:05, ο χρήστης {ANA} έγραψε:",
            "thunderbird": "Στις 3/2/2026 14:05, ο/η Ana Agent έγραψε:",
        },
        ("Από", "Στάλθηκε", "Προς", "Θέμα"), "Τρίτη, 3 Φεβρουαρίου 2026 14:05", "Αρχικό μήνυμα", "Προωθημένο μήνυμα",
        ("Στάλθηκε από το iPhone μου", "Αποκτήστε το Outlook για Android"),
        "Με εκτίμηση,\nΔώρα",
    ),
    "ja": Language(
        "動きました。ありがとうございます。\nもう一つ質問です。いつ届きますか。", "再起動はお試しになりましたか。",
        {
            "gmail": f"2026年2月3日(火) 14:05 {ANA}:",
            "apple": f"2026/02/03 14:05、{ANA}のメール:",
            "thunderbird": "2026/02/03 14:05 に Ana Agent さんは書きました:",
            "thunderbird-en": "On 2026/02/03 14:05, Ana Agent wrote:",
        },
        ("差出人", "送信日時", "宛先", "件名"), "2026年2月3日火曜日 14:05", "元のメッセージ", "転送されたメッセージ",
        ("iPhoneから送信", "Outlook for iOS を入手", "Outlook for iOSから送信"),
        "よろしくお願いいたします。\n土良",
    ),
    "zh-cn": Language(
        "现在可以用了，非常感谢。\n还有一个问题：什么时候到？", "您试过重启吗？",
        {
            "gmail": f"{ANA} 于2026年2月3日周二 14:05写道：",
            "apple": f"2026年2月3日 14:05，{ANA} 写道：",
            "thunderbird": "在 2026/2/3 14:05, Ana Agent 写道:",
            "163": '在 2026-02-03 14:05:00，"Ana Agent" <ana@desk.test> 写道：',
            "163-en": 'At 2026-02-03 14:05:00, "Ana Agent" <ana@desk.test> wrote:',
        },
        ("发件人", "发送时间", "收件人", "主题"), "2026年2月3日 14:05", "原始邮件", "转发的邮件",
        ("发自我的iPhone", "发自我的小米手机", "从我的 iPhone 发送", "获取 Outlook for iOS", "从 Windows 版邮件发送"),
        "此致\n敬礼",
    ),
    "zh-tw": Language(
        "現在可以用了，非常感謝。\n還有一個問題：什麼時候到？", "您試過重新啟動嗎？",
        {
            "gmail": f"{ANA} 於 2026年2月3日週二 下午2:05寫道：",
            "apple": f"{ANA} 於 2026年2月3日 下午2:05 寫道：",
            "thunderbird": "Ana Agent 於 2026/2/3 下午 02:05 寫道:",
            "yahoo": f"    {ANA} 於 2026年2月3日 星期二 下午02:05:00 [GMT+8] 寫道：  ",
        },
        ("寄件者", "寄件日期", "收件者", "主旨"), "2026年2月3日 下午 02:05", "原始郵件", "轉寄的郵件",
        ("從我的 iPhone 傳送", "從我的iPhone傳送", "取得 Outlook for iOS"),
        "謝謝\n朵拉",
    ),
    "ko": Language(
        "이제 작동합니다. 고맙습니다.\n질문이 하나 더 있습니다. 언제 도착하나요?", "다시 시작해 보셨나요?",
        {
            "gmail": f"2026년 2월 3일 (화) 오후 2:05, {ANA}님이 작성:",
            "apple": f"2026. 2. 3. 오후 2:05, {ANA} 작성:",
            "thunderbird": "2026-02-03 오후 2:05에 Ana Agent 이(가) 쓴 글:",
        },
        ("보낸 사람", "보낸 날짜", "받는 사람", "제목"), "2026년 2월 3일 화요일 오후 2:05", "원본 메시지", "전달된 메시지",
        ("나의 iPhone에서 보냄", "내 iPhone에서 보냄", "iOS용 Outlook 다운로드"),
        "감사합니다.\n도라",
    ),
    "ar": Language(
        "إنه يعمل الآن، شكرا لكم.\nسؤال آخر: متى يصل؟", "هل جربت إعادة التشغيل؟",
        {
            "gmail": "\u202bفي الثلاثاء، 3 فبراير 2026 في 2:05 م تمت كتابة ما يلي بواسطة \u202aAna Agent\u202c\u200f <\u202aana@desk.test\u202c\u200f>:\u202c",
            "apple": f"في ٣ فبراير ٢٠٢٦، الساعة ٢:٠٥ م، كتب/كتبت {ANA}:",
            "thunderbird": "في 3/2/2026 14:05، كتب Ana Agent:",
        },
        ("من", "تاريخ الإرسال", "إلى", "الموضوع"), "03/فبراير/2026 02:05 م", "الرسالة الأصلية", "رسالة معاد توجيهها",
        ("أرسلت من الـ iPhone", "تم الإرسال من الـ iPhone", "مرسل من الـ iPhone الخاص بي"),
        "مع التحية\nدورا",
    ),
    "he": Language(
        "עכשיו זה עובד, תודה רבה.\nעוד שאלה: מתי זה מגיע?", "האם ניסית להפעיל מחדש?",
        {
            "gmail": "\u202bבתאריך יום ג׳, 3 בפבר׳ 2026 ב-14:05 מאת \u202aAna Agent\u202c\u200f <\u202aana@desk.test\u202c\u200f>:\u202c",
            "apple": f"ב-3 בפבר׳ 2026, בשעה 14:05, {ANA} כתב/ה:",
            "thunderbird": "בתאריך 03/02/2026 14:05, Ana Agent כתב:",
        },
        ("מאת", "נשלח", "אל", "נושא"), "יום שלישי 3 פברואר 2026 14:05", "הודעה מקורית", "הודעה שהועברה",
        ("נשלח מה-iPhone שלי", "נשלח מהאייפון שלי"),
        "בברכה,\nדורה",
    ),
}  # fmt: skip
