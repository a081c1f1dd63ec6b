# ruff: noqa: E501 - sentences are as long as they are
"""What people say whatever they write about, in English and German: greetings, thanks, impatience, comments."""

#: what every topic shares: a language's own small change
GREETINGS = {
    "en": (
        "Hello,",
        "Hi,",
        "Hi there,",
        "Dear team,",
        "Good morning,",
        "Hello Larkwheel team,",
        "Dear Sir or Madam,",
        "Hey,",
        "",
    ),
    "de": (
        "Hallo,",
        "Guten Tag,",
        "Liebes Larkwheel-Team,",
        "Sehr geehrte Damen und Herren,",
        "Moin,",
        "Guten Morgen,",
    ),
}
FAREWELLS = {
    "en": (
        "Thanks,",
        "Best regards,",
        "Kind regards,",
        "Many thanks in advance,",
        "Cheers,",
        "Regards,",
        "All the best,",
        "Yours sincerely,",
    ),
    "de": ("Viele Grüße", "Mit freundlichen Grüßen", "Beste Grüße", "Danke und Gruß", "Liebe Grüße", "MfG"),
}
PHONES = {"en": ("Sent from my phone", "Sent from my tablet"), "de": ("Von meinem Telefon gesendet",)}
AGENT_GREETINGS = {
    "en": ("Hello {first},", "Hi {first},", "Good morning {first},", "Dear {first},"),
    "de": ("Hallo {first},", "Guten Tag {name},", "Moin {first},"),
}
AGENT_FAREWELLS = {
    "en": ("Kind regards,", "Best wishes,", "Have a good ride,", "All the best,"),
    "de": ("Viele Grüße", "Freundliche Grüße aus Freiburg", "Gute Fahrt"),
}
EMPATHY = {
    "en": (
        "Thank you for writing.",
        "I am sorry for the trouble.",
        "Thanks for the clear description.",
        "That should not have happened, sorry.",
        "Thank you for your patience.",
        "I understand that this is annoying.",
        "Good that you ask.",
        "",
    ),
    "de": (
        "vielen Dank für Ihre Nachricht.",
        "das tut mir leid.",
        "danke für die genaue Beschreibung.",
        "entschuldigen Sie bitte die Umstände.",
        "",
    ),
}
LATE = {
    "en": (
        "I am sorry that you had to wait so long for an answer; we have far more mail than usual.",
        "Please excuse the late reply, it has been a difficult week here.",
    ),
    "de": ("bitte entschuldigen Sie die späte Antwort, wir haben gerade sehr viel mehr Post als sonst.",),
}
ASKING = {
    "en": (
        "So that I can help you quickly:",
        "Before I go ahead:",
        "One question first.",
        "I need one more thing from you.",
    ),
    "de": ("Damit ich schnell helfen kann:", "Eine Rückfrage vorab.", "Dazu brauche ich noch etwas."),
}
CLOSERS = {
    "en": (
        "If anything is left, just answer this mail.",
        "Please tell me if that does not do the trick.",
        "Is there anything else I can do?",
        "I am here until {weekday}.",
        "",
    ),
    "de": (
        "Wenn noch etwas offen ist, antworten Sie einfach auf diese Mail.",
        "Melden Sie sich gern, falls das nicht hilft.",
        "",
    ),
}
THANKS = {
    "en": (
        "Perfect, thank you so much!",
        "Great, that worked. Thanks!",
        "Thank you, {agent}, very kind.",
        "Brilliant service, thanks a lot.",
        "Thanks for the quick help, have a nice weekend.",
        "It arrived this morning. All good, thank you.",
    ),
    "de": (
        "Perfekt, vielen Dank!",
        "Super, das hat geklappt. Danke!",
        "Danke für die schnelle Hilfe, schönes Wochenende!",
    ),
}
NUDGES = {
    "en": (
        "Did you receive my mail? I have not heard from you yet.",
        "Any news on this?",
        "I still wait for an answer.",
        "It has been several days now. Could somebody please look at this?",
        "Just asking again, since I am a bit worried.",
    ),
    "de": (
        "ist meine Mail angekommen? Ich habe noch nichts gehört.",
        "gibt es schon etwas Neues?",
        "ich warte noch immer auf eine Antwort.",
        "das ist nun einige Tage her. Könnte sich das bitte jemand ansehen?",
    ),
}
COMPLAINTS = {
    "en": (
        "Unfortunately the problem is back.",
        "I am afraid that did not help.",
        "It worked for a day, and now it is the same again.",
        "Sorry, but nothing has happened since your mail.",
    ),
    "de": (
        "leider besteht das Problem weiterhin.",
        "das hat leider nicht geholfen.",
        "es hat einen Tag gehalten, jetzt ist alles wie vorher.",
        "seit Ihrer Mail ist leider nichts passiert.",
    ),
}
AGAIN = {
    "en": ("I am sorry that it was not solved.", "Thank you for coming back to us.", "Then we do it properly now."),
    "de": ("es tut mir leid, dass es noch nicht gelöst ist.", "danke für die Rückmeldung."),
}
WAITING = {
    "en": (
        "I have asked our workshop and come back to you by {weekday}.",
        "I am waiting for an answer from {carrier} and will write as soon as I have it.",
        "Our supplier has to check this; it takes two or three days.",
    ),
    "de": (
        "ich habe unsere Werkstatt gefragt und melde mich bis {weekday}.",
        "ich warte auf eine Antwort von {carrier} und melde mich dann sofort.",
    ),
}
CHECKING_BACK = {
    "en": (
        "I have not heard from you, so I take it that all is well and close this for now. An answer opens it again.",
        "Did that help? If I hear nothing, I will mark it as solved.",
    ),
    "de": (
        "da ich nichts mehr gehört habe, gehe ich davon aus, dass alles in Ordnung ist. Eine Antwort öffnet den Vorgang wieder.",
    ),
}
OUTREACH = {
    "en": (
        (
            "Your {product}: a message from us",
            "we would like to tell you that your order {order} will ship a few days late, on {next_date}. The {part} was late at our supplier's. "
            "If that is a problem for you, answer this mail and we find another way.",
        ),
        (
            "Please check the {part} of your {product}",
            "a few bikes left our workshop with a bolt on the {part} that was not tightened fully. Yours may be one of them. "
            "Please check it with 6 Nm before the next ride; any workshop does it for free and sends us the bill.",
        ),
        (
            "Your test ride in {city}",
            "thank you for your interest in the {product}. Our partner in {city} keeps one in {size} for you until {next_date}. Does that suit you?",
        ),
    ),
    "de": (
        (
            "Ihr {product}: eine Nachricht von uns",
            "Ihre Bestellung {order} verlässt unser Lager leider erst am {next_date}, ein Teil kam verspätet. "
            "Wenn das nicht passt, antworten Sie bitte, wir finden einen Weg.",
        ),
    ),
}
AWAY = {
    "en": (
        "Thank you for your mail. I am out of the office until {next_date} and answer when I am back.",
        "I am on parental leave. In urgent cases please write to my colleagues in {city}.",
    ),
    "de": ("Vielen Dank für Ihre Nachricht. Ich bin bis zum {next_date} nicht im Büro.",),
}
#: the same where nothing went wrong
CALM_EMPATHY = {
    "en": ("Thank you for writing.", "Thanks for your message.", "Good that you ask.", "Gladly.", ""),
    "de": ("vielen Dank für Ihre Nachricht.", "gern.", "schön, dass Sie fragen.", ""),
}
CALM_COMPLAINTS = {
    "en": (
        "One more question, if I may.",
        "Sorry, I have to come back to this.",
        "Thank you, but I am not sure that I understood.",
        "I thought about it and something else came up.",
    ),
    "de": (
        "eine Frage habe ich doch noch.",
        "ich muss leider noch einmal nachhaken.",
        "danke, ganz verstanden habe ich es aber noch nicht.",
    ),
}
CALM_AGAIN = {
    "en": ("Thank you for coming back to us.", "Of course.", "No problem at all."),
    "de": ("danke für die Rückmeldung.", "kein Problem."),
}
#: what customers tell beside the matter
ASIDES = {
    "en": (
        "I have been a customer since {year} and was always happy so far.",
        "I tried to call on {weekday}, but gave up after {small2} minutes in the queue.",
        "My partner says I should simply be patient, but it bothers me.",
        "I looked through your help pages before writing and found nothing that fits.",
        "For completeness: it is the {colour} one in size {size}.",
        "I already wrote about something else in spring, this has nothing to do with that.",
        "We use it every day to bring our daughter to school, so it matters to us.",
        "Sorry for the long mail, I wanted to give you everything at once.",
        "I am at work during the day; mail is best, or the phone after six.",
        "A friend recommended you, which is why I have the {product} in the first place.",
        "The weather has been fine for days, and I can only look at it.",
        "Maybe there is a simple explanation, and I just do not see it.",
        "If you need pictures, tell me; the phone takes decent ones.",
        "I live in {city}, in case that matters.",
        "Please do not send me a list of standard answers, I have read them.",
        "Apart from that I am really fond of the bike.",
        "My order number is {order}, and the invoice has the number {invoice}.",
        "You find everything under order {order}, invoice {invoice}.",
        "The invoice ({invoice}) is from {date}.",
    ),
    "de": (
        "Ich bin seit {year} Kunde und war bisher immer zufrieden.",
        "Telefonisch habe ich es am {weekday} versucht und nach {small2} Minuten Warteschleife aufgegeben.",
        "In Ihren Hilfeseiten habe ich dazu leider nichts gefunden.",
        "Nur zur Vollständigkeit: Es ist das in {colour}, Größe {size}.",
        "Wir brauchen das Rad täglich für den Weg in die Kita.",
        "Tagsüber bin ich bei der Arbeit, am besten erreicht man mich per Mail.",
        "Falls Sie Bilder brauchen, sagen Sie bitte Bescheid.",
        "Ich wohne in {city}, falls das eine Rolle spielt.",
        "Ansonsten bin ich mit dem Rad sehr glücklich.",
        "Es eilt nicht furchtbar, aber bis zum {next_date} hätte ich es gern geklärt.",
        "Sie finden alles unter {order}, Rechnung (invoice) {invoice}.",
    ),
}
#: what agents add to an answer
ADDITIONS = {
    "en": (
        "I have noted it in your order {order}, so that my colleagues know about it, too.",
        "You will get a mail as soon as anything moves.",
        "The details stand in your account under Orders; invoice {invoice} stays as it is.",
        "I checked it with a colleague in the next room to be sure.",
        "For the next time: the help pages have a section about exactly this, with pictures.",
        "It will not cost you anything.",
        "I set myself a reminder for {next_date} and will look at it again then.",
        "Please keep the invoice {invoice}; it is all you need, should there ever be a question.",
        "We have had this question a few times lately, and I have asked for a clearer page in the shop.",
        "If it is more convenient for you, we can also ring you; just send me a number and a time.",
        "The workshop is open on weekdays from eight to six, and you may drop in without an appointment.",
        "And thank you for describing it so clearly; that saved us both a round of questions.",
    ),
    "de": (
        "Ich habe es in Ihrem Auftrag {order} vermerkt, damit alle hier Bescheid wissen.",
        "Sobald sich etwas bewegt, bekommen Sie eine Mail.",
        "Für Sie entstehen keine Kosten.",
        "Ich habe mir für den {next_date} eine Erinnerung gesetzt und schaue dann noch einmal nach.",
        "Bitte bewahren Sie die Rechnung {invoice} auf, mehr brauchen Sie nicht.",
        "Gern rufen wir Sie auch an, schicken Sie mir einfach eine Nummer und eine Uhrzeit.",
    ),
}
RARELY = "By the way, will there be the {product} in zephyrite green again?"
COMMENTS = {
    5: {
        "en": (
            "Quick and friendly.",
            "Could not be better.",
            "{agent} was wonderful.",
            "Solved within the hour!",
            "Finally a shop with people in it.",
            "Top!",
        ),
        "de": ("Schnell und freundlich.", "Besser geht es nicht.", "Sehr kompetent, danke.", "Super!"),
    },
    4: {
        "en": ("Good help, I had to ask twice though.", "All fine in the end.", "Friendly, could be a little faster."),
        "de": ("Gute Hilfe, es hat nur etwas gedauert.", "Alles gut am Ende."),
    },
    3: {
        "en": ("It took a while.", "Problem solved, but I had to explain it three times.", "Okay."),
        "de": ("Hat gedauert.", "In Ordnung."),
    },
    2: {
        "en": (
            "Waited far too long for an answer.",
            "Nobody told me what was going on.",
            "The answer did not match my question.",
        ),
        "de": ("Viel zu lange gewartet.", "Leider keine klare Auskunft."),
    },
    1: {
        "en": (
            "Days without an answer. Never again.",
            "Still not solved, and yet you closed it.",
            "I had to write four mails. Very disappointing.",
            "My money has been gone for weeks.",
        ),
        "de": ("Tagelang keine Antwort. Nie wieder.", "Immer noch nicht gelöst.", "Sehr enttäuschend."),
    },
}
