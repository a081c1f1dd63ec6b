"""Words by which mail programs mark quotations and signatures, in the languages they speak. Data, no logic.

Every entry is matched without regard to case. Lists go by kind, not by language, because a mail mixes languages: the
program speaks one, the writer another.
"""

# "... wrote": the verb of the line above a quotation.
WROTE = (
    "wrote", "writes", "written by", "said", "a wrote", "schrieb", "hat geschrieben", "geschrieben", "schreibt",
    "a écrit", "a ecrit", "écrit", "écrivait", "vous avez écrit", "escribió", "escribio", "ha escrito", "escribía",
    "ha scritto", "scrisse", "scrive", "schreef", "heeft geschreven", "het volgende geschreven",
    "schreef het volgende", "escreveu", "escreveram", "escreve", "skrev", "skreiv", "skrifaði", "kirjoitti",
    "kirjutas", "napisana przez", "napisał", "napisała", "napisał(a)", "pisze", "napsal", "napsala", "napsal(a)",
    "napísal", "napísala", "napísal(a)", "píše", "napisao", "napisala", "napisao/la", "je napisao", "je napisal",
    "je pisal", "piše", "написал", "написала", "написал(а)", "писал", "писала", "писал(а)", "пишет", "пишете",
    "написав", "написала(в)", "написав(ла)", "пише", "писав", "написа", "напиша", "пишува", "написао", "yazdı",
    "şunu yazdı", "şunları yazdı", "yazmış", "έγραψε", "έγραψες", "γράφει", "írta", "ezt írta", "a következőt írta",
    "a scris", "rašė", "parašė", "rakstīja", "va escriure", "ha escrit", "escribiu", "idatzi du", "menulis",
    "đã viết", "เขียนว่า", "sumulat", "het geskryf", "ysgrifennodd", "scríobh", "כתב", "כתבה", "מאת", "كتب", "كتبت",
    "كتب/كتبت", "نوشت", "ने लिखा", "写道", "寫道", "撰寫", "书写", "さんは書きました", "書きました", "のメッセージ",
    "さんが書きました", "さんからのメール", "작성", "작성함", "님이 작성", "님이 쓴", "썼습니다", "쓰셨습니다",
    "쓰기", "쓴 글",
)  # fmt: skip

# The first word of such a line.
ON = (
    "on", "am", "le", "en", "el", "il", "em", "op", "den", "d.", "dnia", "w dniu", "dne", "dňa", "dana", "no dia",
    "a", "pe", "în data de", "στις", "kl.", "vào", "pada", "pada tanggal", "ons", "quoting", "citando", "zitat von",
    "citat från", "в", "на", "у", "el dia", "ar", "tarihinde", "в сообщении", "在", "於", "בתאריך", "في", "عند", "at",
    "von", "de", "da", "od", "от", "від", "από",
)  # fmt: skip

# Names of header fields in a quoted header block, by kind.
FROM = (
    "from", "von", "de", "expéditeur", "da", "mittente", "van", "afzender", "fra", "från", "lähettäjä", "od",
    "nadawca", "odesílatel", "odosielateľ", "feladó", "от", "от кого", "отправитель", "від", "від кого", "kimden",
    "gönderen", "από", "de la", "expeditor", "remitente", "remetente", "enviado por", "nuo", "no", "saatja",
    "lähetti", "šalje", "pošiljatelj", "pošiljalac", "dari", "từ", "จาก", "مِن", "من", "المرسل", "מאת", "از",
    "差出人", "送信元", "送信者", "发件人", "發件人", "寄件者", "寄件人", "보낸 사람", "보낸사람", "보낸이", "발신",
    "frå", "kthe", "sender", "absender", "message de", "avsändare", "avsender", "afsender", "ad", "o",
)  # fmt: skip
SENT = (
    "sent", "date", "sent at", "sent on", "gesendet", "datum", "gesendet am", "envoyé", "envoyé le", "date d'envoi",
    "message du", "enviado", "enviado el", "enviado em", "enviada", "enviada em", "fecha", "data", "inviato",
    "inviato il", "data invio", "verzonden", "verzonden op", "sendt", "dato", "skickat", "skickades", "lähetetty",
    "päivämäärä", "päiväys", "pvm", "wysłano", "wysłane", "data wysłania", "odesláno", "odoslané", "dátum", "küldve",
    "küldés ideje", "отправлено", "дата", "дата отправки", "надіслано", "відправлено", "gönderme tarihi",
    "gönderildi", "gönderilme", "tarih", "στάλθηκε", "απεστάλη", "ημερομηνία", "trimis", "data trimiterii",
    "išsiųsta", "nosūtīts", "saadetud", "kuupäev", "poslano", "poslato", "dikirim", "tanggal", "đã gửi", "ngày",
    "ส่งเมื่อ", "วันที่", "تاريخ الإرسال", "التاريخ", "أرسلت", "נשלח", "תאריך", "تاریخ", "送信日時", "送信日", "日時",
    "日付", "发送时间", "发送日期", "发送于", "日期", "寄件日期", "傳送時間", "時間", "时间", "보낸 날짜", "보낸날짜",
    "날짜", "보낸 시간", "sendingsdato", "изпратено", "послато",
)  # fmt: skip
TO = (
    "to", "an", "à", "a", "destinataire", "para", "al", "aan", "til", "till", "vastaanottaja", "kenelle", "do",
    "komu", "címzett", "кому", "к", "kime", "alıcı", "προς", "către", "kam", "saaja", "prima", "za", "untuk",
    "kepada", "đến", "tới", "ถึง", "إلى", "אל", "به", "宛先", "收件人", "收件者", "받는 사람", "받는사람", "받는이",
    "수신", "reply-to", "recipient", "empfänger", "destinatario", "destinatário", "адресат", "получател",
    "recipients",
)  # fmt: skip
COPY = (
    "cc", "bcc", "kopie", "copie", "copie à", "copia", "cópia", "kopi", "kopia", "kopio", "dw", "udw", "копия",
    "копія", "bilgi", "κοιν", "κοινοποίηση", "másolatot kap", "másolat", "抄送", "副本", "참조", "עותק", "نسخة",
    "نسخة إلى", "รหัสอ้างอิง", "สำเนา", "kópia", "kópie", "c.c", "c.c.",
)  # fmt: skip
SUBJECT = (
    "subject", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "emne", "ämne", "aihe", "otsikko",
    "temat", "předmět", "predmet", "tárgy", "тема", "konu", "θέμα", "subiect", "tema", "teema", "zadeva", "naslov",
    "subjek", "perihal", "chủ đề", "tiêu đề", "เรื่อง", "الموضوع", "נושא", "موضوع", "件名", "題名", "主题", "主旨",
    "主題", "标题", "제목", "относно", "предмет", "assumpte", "gaia", "efni",
)  # fmt: skip
OTHER = (
    "importance", "priority", "wichtigkeit", "attachments", "anlagen", "pièces jointes", "importancia", "reply to",
    "antwort an", "organization", "organisation", "in-reply-to", "message-id", "priorität", "prioridad", "важность",
)  # fmt: skip

# "-----Original Message-----": between rules, or alone on a line.
ORIGINAL = (
    "original message", "original email", "original mail", "original appointment", "reply message",
    "previous message", "ursprüngliche nachricht", "originalnachricht", "original-nachricht", "original nachricht",
    "originalmail", "ursprünglicher termin", "urspruengliche nachricht", "originale nachricht", "message d'origine",
    "message d’origine", "message original", "message initial", "mail original", "mensaje original", "mensaje citado",
    "mensagem original", "messaggio originale", "messaggio original", "oorspronkelijk bericht", "origineel bericht",
    "oorspronkelijke bericht", "oprindelig meddelelse", "original meddelelse", "original besked",
    "ursprungligt meddelande", "originalmeddelande", "opprinnelig melding", "opprinnelig e-post", "original melding",
    "alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość", "original wiadomość",
    "wiadomość pierwotna", "původní zpráva", "původní e-mail", "pôvodná správa", "eredeti üzenet", "eredeti levél",
    "исходное сообщение", "оригинальное сообщение", "первоначальное сообщение", "исходное письмо",
    "вихідне повідомлення", "оригінальне повідомлення", "початкове повідомлення", "оригинално съобщение",
    "orijinal mesaj", "özgün ileti", "özgün mesaj", "orijinal ileti", "αρχικό μήνυμα", "mesaj original",
    "mesajul original", "originali žinutė", "sākotnējais ziņojums", "originaalsõnum", "algne teade", "izvorna poruka",
    "izvirno sporočilo", "originalna poruka", "missatge original", "pesan asli", "thư gốc", "ข้อความต้นฉบับ",
    "الرسالة الأصلية", "הודעה מקורית", "ההודעה המקורית", "پیام اصلی", "元のメッセージ", "元メッセージ",
    "オリジナルメッセージ", "原始邮件", "原始郵件", "原始信件", "原始訊息", "回复的原邮件", "回复的邮件", "原邮件",
    "원본 메시지", "원본 메일", "원본메일", "원본 이메일", "원본메시지",
)  # fmt: skip

# A forwarded mail is news to us, not history.
FORWARDED = (
    "forwarded message", "forwarded mail", "begin forwarded message", "forwarded by", "forwarded email",
    "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail",
    "message transféré", "début du message transféré", "début du message réexpédié", "message réexpédié",
    "mensaje reenviado", "inicio del mensaje reenviado", "mensagem encaminhada", "início da mensagem reencaminhada",
    "início da mensagem encaminhada", "mensagem reencaminhada", "messaggio inoltrato", "inizio messaggio inoltrato",
    "doorgestuurd bericht", "begin doorgestuurd bericht", "videresendt meddelelse", "videresendt besked",
    "vidarebefordrat meddelande", "vidarebefordrat brev", "videresendt melding", "start på videresendt besked",
    "påbörja vidarebefordrat brev", "videresendt e-post", "edelleenlähetetty viesti", "välitetty viesti",
    "wiadomość przekazana dalej", "przekazana wiadomość", "początek przekazywanej wiadomości", "wiadomość przesłana",
    "přeposlaná zpráva", "preposlaná správa", "továbbított üzenet", "továbbított levél", "пересылаемое сообщение",
    "пересланное сообщение", "начало переадресованного сообщения", "переслане повідомлення", "переслано повідомлення",
    "iletilen mesaj", "yönlendirilmiş ileti", "yönlendirilen mesaj", "προωθημένο μήνυμα", "mesaj redirecționat",
    "رسالة معاد توجيهها", "הודעה שהועברה", "転送されたメッセージ", "転送メッセージ", "转发邮件信息", "转发的邮件",
    "转发邮件", "轉寄的郵件", "轉寄郵件", "전달된 메시지", "전달된 메일", "전달된 이메일",
)  # fmt: skip

# Subject prefixes of a forward.
FORWARD_PREFIXES = (
    "fw", "fwd", "wg", "tr", "rv", "i", "enc", "res enc", "doorst", "vl", "vb", "pd", "přep", "továbbítás", "пересл",
    "fwd.", "转发", "轉寄", "轉發", "転送", "전달", "הועבר", "ilt", "προωθ", "yön", "ynt fw",
)  # fmt: skip

# "Reply above this line", as help desks write it.
REPLY_ABOVE = (
    "reply above this line", "reply above", "type your reply above", "write above this line", "above this line",
    "please reply above", "reply above the line", "reply between these lines", "write your reply above",
    "bitte antworten sie über dieser linie", "antworten sie oberhalb dieser", "oberhalb dieser zeile",
    "über dieser zeile", "über dieser linie", "oberhalb dieser linie", "répondre au-dessus de cette ligne",
    "au-dessus de cette ligne", "répondez au-dessus", "por encima de esta línea", "responda por encima",
    "encima de esta línea", "sopra questa riga", "sopra questa linea", "rispondi sopra", "boven deze lijn",
    "boven deze regel", "acima desta linha", "over denne linje", "over denne linjen", "ovanför denna rad",
    "ovanför den här raden", "tämän rivin yläpuolelle", "powyżej tej linii", "nad tímto řádkem", "nad tento řádek",
    "выше этой строки", "выше этой линии", "вище цього рядка", "bu satırın üzerine", "bu satırın üstüne",
    "πάνω από αυτή τη γραμμή", "この行より上", "この線より上", "この行の上", "在此行上方", "请在此行上方",
    "請在此行上方", "이 줄 위에", "فوق هذا السطر", "מעל שורה זו", "e sor fölé", "deasupra acestei linii",
)  # fmt: skip

# "My answers are below, in red": then what is below is news. Patterns.
ANSWERS_BELOW = (
    r"\b(?:answer(?:s|ed)?|repl(?:y|ies|ied)|comment(?:s|ed)?|responses?)\b.{0,40}\b(?:below|in-?line)\b",
    r"\b(?:answers?|answered|repl(?:y|ies|ied)|comments?|responses?|see)\b.{0,40}\bin (?:red|blue|green|bold)\b",
    r"\b(?:answers?|answered|repl(?:y|ies|ied)|comments?|responses?|see)\b.{0,40}\bin capitals\b",
    r"\bsee (?:my )?(?:answers? |comments? )?in-?line\b",
    r"\b(?:antwort|anmerkung|kommentar)\w*.{0,40}\b(?:unten|im text|darunter|in (?:rot|blau|grün|fett))\b",
    r"\b(?:réponses?|réponds|commentaires?).{0,40}(?:ci-dessous|dans le texte|en (?:rouge|bleu|vert|gras))\b",
    r"\b(?:respuestas?|respondo|contesto|comentarios?).{0,40}\b(?:abajo|debajo|en (?:rojo|azul|verde|negrita))\b",
    r"\b(?:rispost[ae]|rispondo|commenti).{0,40}\b(?:sotto|di seguito|in (?:rosso|blu|verde|grassetto))\b",
    r"\b(?:antwoord|reactie|opmerking)\w*.{0,40}\b(?:hieronder|onderstaand|in (?:het )?(?:rood|blauw|groen|vet))\b",
    r"\b(?:respostas?|respondo|comentários?).{0,40}\b(?:abaixo|em (?:vermelho|azul|verde|negrito))\b",
    r"\b(?:svar|kommentar)\w*.{0,40}\b(?:nedenfor|nedan|herunder|(?:med|i) (?:rødt|blåt|rött|blått|rød|blå))\b",
    r"\b(?:vasta(?:us|uks)|komment)\w*.{0,40}\b(?:alla|punaisella|sinisellä)\b",
    r"\b(?:odpowied|odpowiad|komentarz)\w*.{0,40}\b(?:poniżej|na (?:czerwono|niebiesko))\b",
    r"\b(?:odpověd|odpovíd|komentář)\w*.{0,40}\b(?:níže|červeně|modře)\b",
    r"\b(?:ответ|отвеча|комментари)\w*.{0,40}\b(?:ниже|в тексте|красным|синим)\b",
    r"\b(?:відпові|коментар)\w*.{0,40}\b(?:нижче|в тексті|червоним|синім)\b",
    r"\b(?:cevap|yanıt)\w*.{0,40}\b(?:aşağıda|kırmızı|mavi)",
    r"\b(?:απαντ|σχόλι)\w*.{0,40}(?:παρακάτω|με (?:κόκκινο|μπλε))",
    r"(?:回答|返信|コメント).{0,30}(?:以下|下記|赤字|青字)", r"(?:以下|下記|赤字|青字).{0,30}(?:回答|返信|コメント)",
    r"(?:回复|回答|答复|意见).{0,20}(?:如下|见下|红字|红色|蓝字|蓝色)",
    r"(?:见下|红字|红色|蓝字|蓝色).{0,20}(?:回复|回答|答复)",
    r"(?:回覆|回答|意見).{0,20}(?:如下|見下|紅字|紅色|藍字|藍色)",
    r"(?:見下|紅字|紅色|藍字|藍色).{0,20}(?:回覆|回答)", r"(?:답변|회신).{0,20}(?:아래|빨간|파란)",
    r"(?:아래|빨간|파란).{0,20}(?:답변|회신)", r"(?:إجابات|أجوبت|ردود|ردي)\w*.{0,40}(?:أدناه|بالأحمر|بالأزرق)",
    r"(?:תשובות|תשובת)\w*.{0,40}(?:למטה|בהמשך|באדום|בכחול)",
)  # fmt: skip

# The line a phone or a program adds. Patterns: `{device}` stands for a few words.
SENT_FROM = (
    r"(?:sent|send) (?:from|via|by|with|using) {device}", r"get outlook for {device}",
    r"download outlook for {device}", r"sent with sparrow{device}", r"von meinem {device} gesendet",
    r"von meiner {device} gesendet", r"gesendet (?:von|mit|über|via) {device}",
    r"diese nachricht wurde von meinem {device} gesendet", r"holen sie sich outlook {device}",
    r"outlook für {device} (?:beziehen|herunterladen)",
    r"(?:envoyé|envoyée) (?:de|depuis|à partir|avec|par) {device}", r"obtenir outlook pour {device}",
    r"télécharger outlook pour {device}", r"(?:enviado|enviada) (?:desde|de|do|da|a partir|pelo|con|via) {device}",
    r"obtener outlook para {device}", r"obter o outlook para {device}", r"inviato (?:da|dal|con|tramite) {device}",
    r"scarica outlook per {device}", r"ottieni outlook per {device}",
    r"(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via|van) {device}", r"outlook voor {device} (?:downloaden|ophalen)",
    r"download outlook voor {device}", r"sendt fra {device}", r"hent outlook (?:til|for) {device}",
    r"(?:skickat|skickades) från {device}", r"hämta outlook för {device}", r"skaffa outlook för {device}",
    r"lähetetty {device}", r"hanki outlook {device}", r"(?:wysłano|wysłane) z {device}",
    r"pobierz (?:program )?outlook dla {device}", r"odesláno z {device}", r"odoslané z {device}",
    r"získat outlook pro {device}", r"získajte outlook pre {device}",
    r"(?:отправлено|отправлен) (?:с|из|от) {device}", r"скачать outlook для {device}",
    r"(?:надіслано|відправлено) (?:з|із|від) {device}",
    r"{device}(?:'|’)?(?:dan|den|tan|ten|ımdan|umdan|imden) gönderildi",
    r"{device} (?:uygulamasından|cihazımdan) gönderildi", r"(?:εστάλη|στάλθηκε|απεστάλη) από {device}",
    r"az? {device} (?:készülékemről|készülékről) küldve", r"{device} küldve", r"trimis (?:de pe|din|de la) {device}",
    r"poslano (?:s|iz|z) {device}", r"poslato sa {device}", r"išsiųsta iš {device}", r"nosūtīts no {device}",
    r"saadetud minu {device}", r"enviat (?:des de|des del) {device}", r"dikirim dari {device}",
    r"(?:được gửi|đã gửi) từ {device}", r"ส่งจาก{device}", r"(?:أُ?رسلت?|تم الإرسال) من {device}", r"נשלח מ{device}",
    r"ارسال شده از {device}", r"{device}から送信", r"{device} から送信", r"{device}より送信", r"发自我?的? ?{device}",
    r"從我的 ?{device} ?(?:傳送|寄出)", r"寄自我的 ?{device}", r"从我的 ?{device} ?发送", r"傳送自 ?{device}",
    r"获取 outlook for {device}", r"取得 outlook {device}", r"나의 {device}에서 보냄", r"내 {device}에서 보냄",
    r"{device}에서 보냄", r"(?:få|last ned) outlook (?:for|til) {device}",
    r"(?:descargar|obtén) outlook para {device}", r"obtenez outlook pour {device}",
    r"(?:obtenha|baixar) o outlook para {device}", r"(?:pobierz|uzyskaj) aplikację outlook dla {device}",
    r"stáhnout outlook pro {device}", r"(?:получить|загрузить) outlook для {device}",
    r"(?:отримати|завантажити) outlook для {device}", r"{device} için outlook(?:'|’)?u edinin",
    r"outlook for {device} edinin", r"αποκτήστε το outlook για {device}",
    r"(?:outlook for {device}|{device} ?版 outlook) ?を入手",
    r"(?:取得|下載|获取|下载)适?適?用(?:于|於) {device} ?的 outlook", r"从 {device}发送", r"從 {device}傳送",
    r"{device}용 outlook (?:다운로드|받기|가져오기)", r"(?:مرسل|أُ?رسل) من {device}", r"الحصول على outlook {device}",
    r"(?:קבל|הורד) את outlook {device}", r"yahoo mail: search, organi[sz]e, conquer",
)  # fmt: skip

# "Kind regards", on a line of its own.
CLOSINGS = (
    "regards", "kind regards", "best regards", "best", "all the best", "many thanks", "thanks", "thank you", "cheers",
    "sincerely", "yours sincerely", "yours faithfully", "yours truly", "sincerely yours", "respectfully",
    "warm regards", "warmest regards", "with kind regards", "with best regards", "kindest regards", "rgds", "br",
    "kr", "best wishes", "thanks and regards", "thanks & regards", "thanks in advance", "thx", "ta", "cordially",
    "take care", "mit freundlichen grüßen", "mit freundlichem gruß", "mit freundlichen grüssen", "freundliche grüße",
    "freundliche grüsse", "beste grüße", "viele grüße", "liebe grüße", "schöne grüße", "herzliche grüße", "mfg", "lg",
    "vg", "gruß", "grüße", "hochachtungsvoll", "besten dank", "vielen dank", "danke", "mit besten grüßen", "bg",
    "cordialement", "bien cordialement", "bien à vous", "salutations", "sincères salutations",
    "meilleures salutations", "merci", "merci d'avance", "cdlt", "cordiales salutations", "respectueusement",
    "très cordialement", "saludos", "un saludo", "saludos cordiales", "atentamente", "cordialmente", "gracias",
    "muchas gracias", "un cordial saludo", "atte", "saludos atentos", "atenciosamente", "cumprimentos",
    "com os melhores cumprimentos", "melhores cumprimentos", "obrigado", "obrigada", "att", "abraços", "grato",
    "grata", "cordiali saluti", "distinti saluti", "saluti", "un saluto", "grazie", "grazie mille",
    "un cordiale saluto", "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet",
    "vriendelijke groeten", "mvg", "groet", "groeten", "groetjes", "hartelijke groet", "bedankt", "dank u",
    "alvast bedankt", "med venlig hilsen", "venlig hilsen", "mvh", "hilsen", "mange hilsner", "tak", "på forhånd tak",
    "vh", "kh", "de bedste hilsner", "bedste hilsner", "bedste hilsen", "med vänlig hälsning",
    "med vänliga hälsningar", "vänliga hälsningar", "hälsningar", "vänligen", "tack", "vänlig hälsning",
    "med vennlig hilsen", "vennlig hilsen", "takk", "beste hilsen", "på forhånd takk", "ystävällisin terveisin",
    "terveisin", "yst. terv", "kiitos", "parhain terveisin", "t", "pozdrawiam", "z poważaniem",
    "serdecznie pozdrawiam", "pozdrowienia", "dziękuję", "z wyrazami szacunku", "s pozdravem", "s pozdravom",
    "děkuji", "ďakujem", "s úctou", "hezký den", "üdvözlettel", "tisztelettel", "köszönöm", "üdv", "с уважением",
    "с наилучшими пожеланиями", "спасибо", "всего доброго", "з повагою", "дякую", "с уважение", "поздрави",
    "saygılarımla", "saygılar", "teşekkürler", "teşekkür ederim", "iyi çalışmalar", "selamlar", "με εκτίμηση",
    "ευχαριστώ", "φιλικά", "cu stimă", "cu respect", "mulțumesc", "o zi bună", "pagarbiai", "ar cieņu",
    "lugupidamisega", "lijep pozdrav", "srdačan pozdrav", "s poštovanjem", "lep pozdrav", "hvala", "salutacions",
    "salutacions cordials", "gràcies", "agur bero bat", "hormat saya", "salam", "terima kasih", "trân trọng",
    "ขอแสดงความนับถือ", "مع التحية", "تحياتي", "مع أطيب التحيات", "شكرا", "وتفضلوا بقبول فائق الاحترام", "בברכה",
    "תודה", "با احترام", "با تشکر", "よろしくお願いします", "よろしくお願いいたします", "宜しくお願い致します",
    "以上、よろしくお願いいたします", "敬具", "此致", "此致敬礼", "祝好", "谢谢", "謝謝", "감사합니다", "드림",
)  # fmt: skip

# The small print under a mail, and what scanners and lists put there.
FOOTERS = (
    "this email and any", "this e-mail and any", "this message and any", "this email may contain",
    "this e-mail may contain", "this message may contain", "the information contained in this",
    "this email is confidential", "this e-mail is confidential", "confidentiality notice", "disclaimer:",
    "diese e-mail enthält", "diese nachricht enthält", "diese e-mail kann vertrauliche", "der inhalt dieser e-mail",
    "ce message et ", "ce courriel ", "les informations contenues dans ce", "este mensaje y ",
    "este correo electrónico ", "la información contenida en", "le informazioni contenute", "questo messaggio ",
    "questa e-mail ", "dit bericht kan", "dit e-mailbericht ", "de informatie in dit", "esta mensagem ",
    "este e-mail ", "as informações contidas", "denna e-post ", "denne e-mail ", "denne e-post", "ta wiadomość ",
    "niniejsza wiadomość", "данное сообщение ", "это сообщение и ", "avast logo", "virus-free.", "virenfrei.",
    "sans virus.", "libre de virus.", "this email has been checked for viruses", "this email has been scanned",
    "to unsubscribe from this group", "you received this message because", "please consider the environment",
    "think before you print",
)  # fmt: skip
