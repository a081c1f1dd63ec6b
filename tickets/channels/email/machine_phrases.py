"""Words by which servers and autoresponders give themselves away, as patterns. Data, no logic.

Every entry is a regular expression, matched without regard to case.
"""

# Who a server writes as: the part before the @.
DAEMONS = (
    r"mailer[-_.]?daemon", r"mail[-_.]?daemon", r"mdaemon", r"postmaster", r"post[-_.]?office",
    r"mail[-_.]?delivery(?:[-_.]?(?:system|subsystem))?", r"mailer", r"smtpd?", r"bounces?",
    r"system[-_.]?administrator", r"maildaemon", r"mailsystem", r"mail-system", r"daemon", r"uucp", r"mmdf",
    r"undeliverable",
)  # fmt: skip

# What the subject of a report says.
BOUNCE_SUBJECTS = (
    r"undeliver(?:able|ed)", r"undelivered mail", r"returned mail", r"mail returned", r"returned to sender",
    r"return to sender",
    r"delivery (?:status )?(?:notification|failure|failed|error|problem|report)",
    r"delivery (?:has failed|incomplete|delayed|unsuccessful)",
    r"failure notice", r"mail (?:delivery )?(?:failed|failure|error|system error)", r"mail delivery",
    r"non[- ]?delivery", r"nondeliverable",
    r"message (?:not delivered|status - undeliverable|undeliverable|delivery|could not be)",
    r"could not (?:be delivered|deliver)", r"delayed mail", r"warning: (?:could not send|message)", r"message delay",
    r"mail could not be", r"user unknown", r"unknown (?:user|address)", r"mailbox (?:full|unavailable|quota)",
    r"undelivered", r"can't be delivered", r"failed mail", r"\bndr\b", r"\bndn\b", r"unzustellbar",
    r"nicht zugestellt", r"zustellung fehlgeschlagen", r"unzustellbarkeitsbericht", r"nicht zustellbar", r"non remis",
    r"échec de (?:la )?remise", r"non distribué", r"notification d'échec", r"no se (?:ha podido|puede) entregar",
    r"no se puede entregar", r"error de entrega", r"fallo de entrega", r"devuelto", r"mancato recapito",
    r"impossibile recapitare", r"notifica di mancato", r"messaggio non recapitato", r"onbestelbaar",
    r"niet (?:afgeleverd|bezorgd)", r"não entregue", r"falha na entrega", r"não foi possível entregar",
    r"kan ikke leveres", r"ikke leveret", r"går inte att leverera", r"ej levererat", r"kunne ikke leveres",
    r"ei voitu toimittaa", r"toimittaminen epäonnistui", r"niedostarczona", r"nie można dostarczyć", r"niedoręczon",
    r"nedoručiteln", r"nedoručen", r"kézbesíthetetlen", r"не доставлено", r"недоставлен", r"невозможно доставить",
    r"не может быть доставлен", r"не вдалося доставити", r"teslim edilemedi", r"iletilemedi", r"δεν παραδόθηκε",
    r"nelivrat", r"配信不能", r"配信できません", r"送信できませんでした", r"未达", r"退信", r"无法投递", r"無法傳遞",
    r"未傳遞", r"系统退信", r"배달되지", r"반송", r"전송 실패", r"تعذر التسليم", r"לא ניתן למסירה",
)  # fmt: skip

# Sentences that only a mail server writes.
BOUNCE_SENTENCES = (
    r"qmail-send program", r"couldn't be delivered", r"could not be delivered", r"cannot be delivered",
    r"was not delivered to", r"unable to deliver", r"undeliverable",
    r"delivery (?:has |to the following recipients? )?failed", r"permanent(?:ly)? (?:fatal )?(?:error|failure)",
    r"did not reach the following recipient", r"user unknown", r"no such user", r"unknown user",
    r"mailbox (?:is )?(?:full|unavailable|not found)", r"recipient (?:address )?(?:rejected|unknown|not found)",
    r"address not found", r"host unknown", r"does(?:n't| not) exist", r"delivery temporarily suspended",
    r"will be returned to you", r"returned to sender", r"message could not be", r"wasn't able to deliver",
    r"(?:has|have) been returned", r"non-?delivery report", r"not receive your message", r"unreachable",
    r"has been delayed", r"have not been able to deliver", r"over quota", r"quota exceeded", r"not our customer",
    r"konnte nicht zugestellt", r"n'a pas pu être", r"no se pudo entregar", r"non è stato possibile", r"недоставлен",
    r"не удалось доставить", r"无法投递", r"投递失败",
)  # fmt: skip

# The line after which a report quotes the mail it speaks of.
ORIGINAL_BELOW = (
    r"(?:below this line|this) is a copy", r"(?:included is|here follows|following is) (?:a|the) (?:copy|message)",
    r"(?:your |the )?original (?:message|mail|text)\b", r"unsent message", r"message (?:header|text) follows",
    r"returned (?:message|mail)", r"(?:your|undelivered|old|bounced|failed) (?:message|mail) (?:follows|headers?)",
    r"old message:", r"transcript of (?:session|message) follows: headers", r"(?:the )?headers? of",
    r"message headers?", r"received: (?:from|by)", r"return-path:", r"\[?message body",
)  # fmt: skip

# What the subject of an automatic reply begins with.
AUTOMATIC_SUBJECTS = (
    r"auto(?:matic)?[- ]?(?:reply|response|answer|svar|antwort)", r"auto[- ]?responder", r"autoreply",
    r"automated (?:reply|response)", r"out of (?:the )?office", r"out-of-office", r"ooo:", r"i am out of",
    r"on vacation", r"vacation (?:reply|response|message)", r"away from (?:my )?(?:mail|office)",
    r"automatische antwort", r"autom\. antwort", r"abwesenheit", r"abwesend", r"nicht im büro", r"abwesenheitsnotiz",
    r"réponse automatique", r"absence du bureau", r"absent du bureau", r"respuesta automática",
    r"fuera de (?:la )?oficina", r"ausente", r"risposta automatica", r"fuori sede", r"fuori ufficio",
    r"automatisch(?:e)? (?:antwoord|beantwoording)", r"afwezigheid", r"niet aanwezig", r"resposta automática",
    r"ausência", r"fora do escritório", r"autosvar", r"automatisk svar", r"automatiskt svar", r"frånvaro",
    r"ikke til ?stede", r"fraværende", r"automaattinen vastaus", r"poissa", r"odpowiedź automatyczna",
    r"automatyczna odpowiedź", r"automatická odpověď", r"automatická odpoveď", r"mimo kancelář",
    r"automatikus válasz", r"автоматический ответ", r"автоответ", r"автоматична відповідь", r"otomatik yanıt",
    r"otomatik cevap", r"αυτόματη απάντηση", r"răspuns automat", r"automatinis atsakymas", r"automātiskā atbilde",
    r"automaatvastus", r"رد تلقائي", r"מענה אוטומטי", r"תשובה אוטומטית", r"自動返信", r"自動応答", r"自动回复",
    r"自動回覆", r"자동 회신", r"자동응답", r"자동 응답",
)  # fmt: skip
