"""Words by which mail servers give themselves away, as patterns. Data, no logic.

Every entry is a regular expression, matched without regard to case.
"""

# Who a server writes as: the part before the @.
DAEMONS = (
    r"mailer[-_.]?daemon", r"mail[-_.]?daemon", r"mdaemon", r"postmaster", r"post[-_.]?office",
    r"mail[-_.]?delivery(?:[-_.]?(?:system|subsystem))?", r"mailer", r"smtpd?", r"bounces?",
    r"system[-_.]?administrator", r"maildaemon", r"mailsystem", r"mail-system", r"daemon", r"uucp", r"mmdf",
    r"undeliverable", r"microsoftexchange[0-9a-f]{32}",
)  # fmt: skip

# What a server calls itself in From.
DAEMON_NAMES = (
    r"mail(?:er)?[ -]?(?:delivery|daemon|system)", r"delivery subsystem", r"postmaster", r"system administrator",
    r"internet mail delivery", r"mail administrator", r"microsoft outlook", r"delivery status",
)  # fmt: skip

# What the subject of a report says.
BOUNCE_SUBJECTS = (
    r"undeliver(?:able|ed)", r"undelivered mail", r"returned mail", r"mail returned", r"returned to sender",
    r"return to sender", r"delivery (?:status )?(?:notification|failure|failed|error|problem|report)",
    r"delivery (?:has failed|incomplete|delayed|unsuccessful)", r"failure notice",
    r"mail (?:delivery )?(?:failed|failure|error|system error)", r"mail delivery", r"non[- ]?delivery",
    r"nondeliverable", r"message (?:not delivered|status - undeliverable|undeliverable|delivery|could not be)",
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
    r"zustellung (?:verzögert|nicht möglich)", r"verzögerte zustellung", r"remise (?:retardée|différée)",
    r"entrega (?:retrasada|atrasada|adiada)", r"mancata consegna", r"consegna (?:non riuscita|ritardata)",
    r"aflevering (?:mislukt|vertraagd)", r"bezorging (?:mislukt|vertraagd)",
    r"levering(?:en)? (?:mislykkedes|forsinket)", r"leverans(?:en)? (?:misslyckades|försenad)", r"leveransfel",
    r"dostarczenie (?:nie powiodło się|opóźnione)", r"zwrot (?:poczty|wiadomości)",
    r"doručení (?:selhalo|se nezdařilo|zpožděno)", r"доставка (?:не удалась|задержана)", r"ошибка доставки",
    r"отложенная доставка", r"помилка доставки", r"не доставлено", r"teslimat (?:başarısız|gecik)", r"iade edildi",
    r"αποτυχία παράδοσης", r"η παράδοση απέτυχε", r"kézbesítési hiba", r"livrare(?:a)? (?:eșuată|a eșuat)",
    r"配信(?:エラー|失敗|遅延)", r"メールが届きませんでした", r"投递(?:失败|延迟)", r"投遞(?:失敗|延遲)", r"傳送失敗",
    r"전송(?:이)? (?:실패|지연)", r"فشل (?:التسليم|في التسليم)", r"لم يتم التسليم", r"המסירה נכשלה", r"כשל במסירה",
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
    r"(?:konnte|konnten|kann) (?:leider )?nicht (?:an .{1,80} )?(?:zugestellt|ausgeliefert|übermittelt)",
    r"(?:ist|bleibt) unzustellbar", r"(?:empfänger|benutzer|adresse|postfach) (?:ist )?(?:unbekannt|existiert nicht)",
    r"postfach (?:ist )?voll", r"n'a pas (?:pu être|été) (?:remis|distribué|délivré|livré)",
    r"impossible de (?:remettre|livrer)", r"destinataire inconnu", r"boîte (?:aux lettres )?pleine",
    r"no (?:ha podido|pudo|se ha podido) (?:ser )?entreg", r"no se (?:ha podido|pudo|puede) entregar",
    r"(?:usuario|destinatario|buzón) (?:desconocido|no existe|lleno)", r"impossibile (?:recapitare|consegnare)",
    r"non (?:può essere|è stat[oa]) (?:recapitat|consegnat)", r"(?:utente|destinatario) sconosciuto",
    r"casella (?:di posta )?piena", r"kon niet (?:worden )?(?:afgeleverd|bezorgd)",
    r"(?:onbekende gebruiker|gebruiker onbekend|postvak (?:is )?vol)", r"não (?:pôde|foi possível) (?:ser )?entreg",
    r"(?:usuário|utilizador|destinatário) desconhecido", r"caixa (?:de correio )?cheia",
    r"kunne ikke (?:leveres|afleveres)", r"kunde inte levereras", r"okänd (?:mottagare|användare)",
    r"ukendt (?:modtager|bruger)", r"ukjent (?:mottaker|bruker)", r"ei voitu toimittaa",
    r"tuntematon (?:vastaanottaja|käyttäjä)",
    r"nie (?:mogła|może|można|udało się) (?:zostać |być |jej )?(?:dostarcz|doręcz)",
    r"nieznany (?:użytkownik|odbiorca|adresat)", r"(?:nelze|nebylo možné|se nepodařilo) (?:doručit|dodat)",
    r"neznámý (?:uživatel|příjemce)", r"nem (?:volt|lehet|sikerült) kézbesíte", r"ismeretlen (?:címzett|felhasználó)",
    r"не (?:может быть|было|удалось) доставл?", r"(?:пользователь|получатель) (?:не найден|неизвестен)",
    r"неизвестный (?:пользователь|получатель)", r"не (?:вдалося|може бути) достав", r"teslim edilemedi",
    r"kullanıcı (?:bulunamadı|bilinmiyor)", r"δεν (?:ήταν δυνατή η παράδοση|παραδόθηκε|μπόρεσε να παραδοθεί)",
    r"nu a putut fi livrat", r"destinatar necunoscut", r"配信できません", r"配送できません",
    r"届けることができません", r"宛先が(?:不明|見つかりません)", r"无法(?:送达|发送到|传递)",
    r"無法(?:投遞|傳遞|送達)", r"(?:收件人|用户)不存在", r"(?:收件者|使用者)不存在",
    r"(?:배달|전달|전송)(?:할 수 없|하지 못했|되지 않았)", r"수신자를 찾을 수 없", r"تعذر (?:تسليم|توصيل)",
    r"لم (?:يتم|نتمكن من) (?:تسليم|توصيل)", r"לא ניתן היה למסור", r"לא נמסרה",
)  # fmt: skip

# What a server says that still tries.
DELAYS = (
    r"delivery (?:has been |is |was )?delayed", r"(?:has been|was|is being|is) delayed", r"delayed mail",
    r"message delay", r"delayed delivery", r"\(delay(?:ed)?\)", r"^delayed?:",
    r"will (?:keep|continue) (?:trying|to try|attempting)", r"still trying", r"not yet (?:been )?(?:delivered|sent)",
    r"warning message only", r"do not need to resend", r"will be retried", r"delivery incomplete",
    r"(?:will|to) (?:try|retry) (?:again|delivery)", r"attempts to deliver .{0,60}will continue",
    r"could not send message for past", r"verzöger", r"noch nicht zugestellt",
    r"(?:weiterhin|weiter|erneut) (?:versucht|versuchen)", r"retardé", r"différée",
    r"continuer(?:a|ons|ont) (?:à|d')", r"retrasad", r"retraso", r"demorad", r"seguir(?:á|emos) intentando",
    r"ritardo", r"ritardat", r"continuer(?:à|emo) a (?:tentare|provare)", r"vertraagd", r"vertraging", r"atrasad",
    r"adiad[ao]", r"continuar(?:á|emos) (?:a )?tenta", r"forsinke", r"försen", r"fördröj", r"viivästy", r"opóźni",
    r"zpožd", r"odložen", r"omešk", r"késlelt", r"késik", r"задерж", r"отложен", r"повторн\w+ попыт", r"затрим",
    r"відкладен", r"gecik", r"ertelen", r"καθυστέρ", r"întârzi", r"遅延", r"遅れて", r"再試行", r"再送", r"延迟",
    r"延遲", r"延误", r"将继续尝试", r"將繼續嘗試", r"지연", r"다시 시도", r"تأخ[رّ]", r"تأخير", r"עיכוב", r"התעכב",
)  # fmt: skip

# What a server says that has stopped trying, whatever the status it quotes.
GAVE_UP = (
    r"giving up", r"g(?:ave|iven) up", r"has expired", r"message expired", r"timeout exceeded", r"queue too long",
    r"not going to try again", r"no (?:further|more) (?:delivery )?attempts", r"will not be (?:retried|tried again)",
    r"(?<!not a )permanent(?:ly)? (?:fatal )?(?:error|failure|rejected)", r"failed permanently", r"\(failure\)",
    r"failure notice", r"return(?:ed|ing) (?:mail|message|to sender)", r"mail delivery failed", r"undeliverable",
    r"endgültig", r"aufgegeben", r"abandonn", r"définitivement", r"definitivamente", r"definitivo", r"opgegeven",
    r"opgivet", r"ostatecz", r"окончательно", r"退信", r"配信不能",
)  # fmt: skip

# The line after which a report quotes the mail it speaks of.
ORIGINAL_BELOW = (
    r"(?:below this line|this) is a copy", r"(?:included is|here follows|following is) (?:a|the) (?:copy|message)",
    r"(?:your |the )?original (?:message|mail|text)\b", r"unsent message", r"message (?:header|text) follows",
    r"returned (?:message|mail)", r"(?:your|undelivered|old|bounced|failed) (?:message|mail) (?:follows|headers?)",
    r"old message:", r"transcript of (?:session|message) follows: headers", r"(?:the )?headers? of",
    r"message headers?", r"received: (?:from|by)", r"return-path:", r"\[?message body",
)  # fmt: skip
