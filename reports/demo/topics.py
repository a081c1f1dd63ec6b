# ruff: noqa: E501 - sentences are as long as they are
"""What people write to a bicycle maker about, in English and German: the sentences `words` makes messages of."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """The sentences of one topic in one language. Names in braces are filled in by `words`."""

    subjects: tuple[str, ...]
    tells: tuple[str, ...]  # the customer says what happened
    details: tuple[str, ...]
    asks: tuple[str, ...]
    questions: tuple[str, ...]  # the agent needs to know more
    answers: tuple[str, ...]  # the customer says it
    solutions: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of matter: how common, how much work, how urgent."""

    key: str
    inbox: str
    weight: float
    tags: tuple[str, ...]
    effort: float  # the chance that one answer is not enough
    urgency: float  # the chance that somebody raises its priority
    workshop: float  # the chance that the mechanics have to look at it
    scripts: Mapping[str, Script]
    crisis: float = 1.0  # how much more of it there is in the bad week
    is_calm: bool = False  # nothing went wrong: nobody is upset, and nobody has to be sorry


TOPICS = (
    Topic(
        "delivery",
        "support",
        16,
        ("delivery",),
        0.28,
        0.08,
        0.0,
        crisis=5.0,
        scripts={
            "en": Script(
                subjects=(
                    "Where is my order {order}?",
                    "Order {order} has not arrived",
                    "Tracking stuck since {weekday}",
                    "Delivery of my {product}",
                    "Parcel seems to be lost",
                    "No news about {order}",
                ),
                tells=(
                    "I ordered a {product} on {date} and it still has not arrived.",
                    'The tracking page for order {order} has said "in transit" since {weekday}.',
                    "My {product} was supposed to be here by {date}, but nothing came.",
                    "{carrier} claims that my parcel was delivered on {weekday}. It was not, and none of my neighbours has it.",
                    "Your shipping mail for {order} came on {date}. Since then I have heard nothing at all.",
                ),
                details=(
                    "I was at home all day and nobody rang.",
                    "The depot in {city} says it never reached them.",
                    "The tracking number ends in {digits}.",
                    "We leave for our tour on {next_date}, so it is getting tight.",
                    "It is a birthday present, which makes it awkward.",
                    "On the phone {carrier} told me that only the sender can start a search.",
                ),
                asks=(
                    "Could you find out where it is?",
                    "Can you please chase the carrier?",
                    "When can I realistically expect it?",
                    "If it is lost, please send another one.",
                    "Please tell me what happens now.",
                ),
                questions=(
                    "Could you confirm the delivery address, please? We have {street} in {city}.",
                    "Did you find a card from {carrier} in the letterbox, or perhaps a note about a parcel shop?",
                    'Could you look whether a neighbour signed for it? The scan says "left with neighbour".',
                ),
                answers=(
                    "Yes, {street} in {city} is right.",
                    "No card, no note, nothing. I asked both neighbours.",
                    "I checked again this morning: it is not at the parcel shop either.",
                ),
                solutions=(
                    "I have opened a search with {carrier}; the parcel sits in their hub in {city} and goes out again tomorrow.",
                    "{carrier} has confirmed the loss, so a new {product} leaves our warehouse today, order {order2}. You need not do anything.",
                    "The parcel was scanned again this morning in {city}. Delivery is planned for {next_date}; I will keep an eye on it.",
                    "The label had come off in the depot. We have sent the driver your address again, and it should be with you by {next_date}.",
                ),
                notes=(
                    "{carrier} search opened, reference {digits}.",
                    "Third case this week from the {city} hub. Telling logistics.",
                    "Replacement agreed with the warehouse, stock is fine.",
                ),
            ),
            "de": Script(
                subjects=(
                    "Wo bleibt meine Bestellung {order}?",
                    "Paket nicht angekommen",
                    "Sendungsverfolgung steht seit {weekday}",
                    "Lieferung {product}",
                    "Nachfrage zu {order}",
                ),
                tells=(
                    "ich habe am {date} ein {product} bestellt, und bis heute ist nichts angekommen.",
                    'die Sendungsverfolgung zu {order} steht seit {weekday} unverändert auf "in Zustellung".',
                    "laut {carrier} wurde mein Paket am {weekday} zugestellt. Hier ist aber nichts angekommen.",
                    "die Lieferung meines {product} war für den {date} angekündigt, gekommen ist niemand.",
                ),
                details=(
                    "Ich war den ganzen Tag zu Hause.",
                    "Die Nachbarn haben auch nichts angenommen.",
                    "Die Sendungsnummer endet auf {digits}.",
                    "Am {next_date} wollen wir in den Urlaub, es wird langsam knapp.",
                    "Bei {carrier} sagt man mir, nur der Absender könne einen Nachforschungsauftrag stellen.",
                ),
                asks=(
                    "Können Sie bitte nachforschen, wo es steckt?",
                    "Wann kann ich damit rechnen?",
                    "Bitte schicken Sie mir notfalls Ersatz.",
                    "Was passiert jetzt?",
                ),
                questions=(
                    "Stimmt die Lieferadresse {street} in {city} noch?",
                    "Lag vielleicht eine Karte von {carrier} im Briefkasten?",
                ),
                answers=(
                    "Ja, {street} in {city} ist richtig.",
                    "Nein, es lag keine Karte im Briefkasten, auch im Paketshop ist nichts.",
                ),
                solutions=(
                    "ich habe bei {carrier} eine Nachforschung beauftragt; das Paket liegt im Verteilzentrum {city} und geht morgen wieder raus.",
                    "{carrier} hat den Verlust bestätigt. Ein neues {product} verlässt heute unser Lager, Auftrag {order2}. Sie müssen nichts tun.",
                    "das Paket wurde heute früh in {city} gescannt, die Zustellung ist für den {next_date} geplant.",
                ),
                notes=(
                    "Nachforschung bei {carrier} läuft, Nummer {digits}.",
                    "Schon der dritte Fall aus {city} diese Woche.",
                ),
            ),
        },
    ),
    Topic(
        "damaged",
        "returns",
        8,
        ("damage", "delivery"),
        0.45,
        0.1,
        0.05,
        crisis=1.8,
        scripts={
            "en": Script(
                subjects=(
                    "{product} arrived damaged",
                    "Box crushed, {part} bent",
                    "Transport damage, order {order}",
                    "Scratches on a brand-new {product}",
                    "Damaged on arrival",
                ),
                tells=(
                    "My {product} came today and the box had clearly been dropped.",
                    "I unpacked order {order} just now: the {part} is bent.",
                    "The {colour} frame has a deep scratch of about {small} cm on the down tube.",
                    "The driver from {carrier} left the box in the rain, and the {part} already shows rust.",
                ),
                details=(
                    "I took photos before unpacking and can send them.",
                    "Everything else looks fine.",
                    "The driver noted the damage on his handheld.",
                    "I have not ridden it, of course.",
                    "The box still stands in the hall, with all the padding.",
                ),
                asks=(
                    "How do we go on from here?",
                    "Can you send me a new {part}?",
                    "I would keep it for a fair discount.",
                    "Please have it picked up and send me a sound one.",
                ),
                questions=(
                    "Could you send us two photos: one of the box and one of the {part}?",
                    "May I ask for the frame number? It is under the bottom bracket and starts with LW.",
                    "Is the {part} only scratched, or does it no longer turn freely?",
                ),
                answers=(
                    "The frame number is LW{digits}. The photos follow from my phone.",
                    "It does not turn freely, it rubs at one point.",
                    "Only the paint, as far as I can tell.",
                ),
                solutions=(
                    "a new {part} leaves our warehouse today. Fitting it takes ten minutes; if you prefer, a workshop near you does it and we pay.",
                    "we take the {product} back and send you a new one. {carrier} picks it up on {next_date} between 8 and 14.",
                    "as agreed we pay you {amount} back for the scratch. It will be on your account in two or three days.",
                    "I have put a pot of touch-up paint in {colour} in the post, together with a {part} at no charge.",
                ),
                notes=(
                    "Photos clear, packaging too thin on the {product}. Tell the warehouse.",
                    "Claim at {carrier} filed, {amount}.",
                    "Second damaged {product} from this pallet.",
                ),
            ),
            "de": Script(
                subjects=(
                    "{product} beschädigt angekommen",
                    "Transportschaden bei {order}",
                    "Karton zerdrückt, {part} verbogen",
                ),
                tells=(
                    "mein {product} kam heute an, der Karton war sichtlich gefallen.",
                    "beim Auspacken von {order} habe ich gesehen, dass die Lieferung beschädigt ist: {part}, deutlich verbogen.",
                    "der Rahmen in {colour} hat einen tiefen Kratzer von etwa {small} cm.",
                ),
                details=(
                    "Fotos habe ich gemacht.",
                    "Der Fahrer hat den Schaden vermerkt.",
                    "Gefahren bin ich damit natürlich nicht.",
                    "Der Karton steht noch im Flur.",
                ),
                asks=(
                    "Wie gehen wir weiter vor?",
                    "Bitte schicken Sie mir Ersatz.",
                    "Mit einem Nachlass würde ich es behalten.",
                ),
                questions=(
                    "Könnten Sie uns bitte zwei Fotos schicken, vom Karton und vom Schaden?",
                    "Wie lautet die Rahmennummer? Sie steht unter dem Tretlager und beginnt mit LW.",
                ),
                answers=(
                    "Die Rahmennummer ist LW{digits}, Fotos kommen gleich vom Handy.",
                    "Es ist nur der Lack, soweit ich sehe.",
                ),
                solutions=(
                    "das Ersatzteil geht heute raus. Der Einbau dauert zehn Minuten, gern übernehmen wir auch die Rechnung einer Werkstatt.",
                    "wir nehmen das {product} zurück und schicken ein neues; {carrier} holt es am {next_date} zwischen 8 und 14 Uhr ab.",
                    "wie besprochen erstatten wir {amount} für den Kratzer.",
                ),
                notes=("Fotos eindeutig, Verpackung zu dünn.", "Schaden bei {carrier} gemeldet, {amount}."),
            ),
        },
    ),
    Topic(
        "wrong-item",
        "returns",
        5,
        ("wrong item",),
        0.3,
        0.05,
        0.0,
        crisis=1.4,
        scripts={
            "en": Script(
                subjects=(
                    "Wrong item in order {order}",
                    "You sent me size {size2} instead of {size}",
                    "This is not my {part}",
                    "Missing {part} in the parcel",
                ),
                tells=(
                    "I ordered a {part} and got something else entirely.",
                    "Order {order} came today, but the {product} is size {size2}; I ordered {size}.",
                    "The {part} is missing although the packing slip lists it.",
                    "The colour is wrong: I chose {colour} and got {colour2}.",
                ),
                details=(
                    "The article number on the bag is {digits}.",
                    "The packing slip is right, the content is not.",
                    "I have not opened the inner bag.",
                    "Somebody else is probably wondering where theirs is.",
                ),
                asks=("Please send me the right one.", "Do I have to send this one back first?", "How do we swap it?"),
                questions=(
                    "Could you tell me the number on the sticker of the bag? It begins with two letters.",
                    "Would you keep it if we paid you {amount} back, or shall we swap it?",
                ),
                answers=("It says KT-{digits}.", "I would rather swap it, please."),
                solutions=(
                    "the right {part} leaves today. The label for the wrong one is attached; drop it off whenever you pass a parcel shop.",
                    "sorry, two shelves were mixed up. A {product} in {size} goes out today, and {carrier} takes the other one along.",
                    "please keep the wrong {part} or give it to a friend. The right one is on its way.",
                ),
                notes=("Shelf C{small} mixed up again, warehouse told.", "Picking error, no fault of the customer."),
            ),
        },
    ),
    Topic(
        "return",
        "returns",
        10,
        ("return",),
        0.25,
        0.02,
        0.0,
        is_calm=True,
        scripts={
            "en": Script(
                subjects=(
                    "I would like to return my {product}",
                    "Return of order {order}",
                    "Return label, please",
                    "Sending back the {part}",
                    "Withdrawal, order {order}",
                ),
                tells=(
                    "I would like to send back the {product} from order {order}.",
                    "The {part} does not fit my bike after all.",
                    "I ordered the {product} in {size} and {size2} and keep only one of them.",
                    "After two weeks I have to admit that the {product} is not for me.",
                ),
                details=(
                    "It is unused and in its box.",
                    "I rode it once around the block, it is spotless.",
                    "The label you enclosed has expired.",
                    "I no longer have the big carton.",
                    "I am within the 30 days, as it came on {date}.",
                ),
                asks=(
                    "Could you send me a label?",
                    "How does this work?",
                    "Who pays for the shipping?",
                    "Can it be picked up at {street} in {city}?",
                ),
                questions=(
                    "Do you still have the carton? If not, we send you one.",
                    "Which day suits you for the pick-up, {next_date} or the day after?",
                ),
                answers=("{next_date} is fine, from 9 o'clock on.", "No carton, so please send one."),
                solutions=(
                    "the return label is on its way to you by mail. As soon as the {product} is here we refund {amount}.",
                    "{carrier} picks it up on {next_date}. Please leave the pedals off and the front wheel in its slot.",
                    "no problem at all. Label attached; the refund comes two days after we have checked it.",
                ),
                notes=("Label sent, RMA {digits}.", "Within 30 days, all fine."),
            ),
            "de": Script(
                subjects=(
                    "Rücksendung {order}",
                    "Ich möchte mein {product} zurückgeben",
                    "Widerruf zu Bestellung {order}",
                    "Retourenschein",
                ),
                tells=(
                    "ich möchte das {product} aus der Bestellung {order} zurückgeben.",
                    "das bestellte Teil ({part}) passt leider doch nicht an mein Rad.",
                    "hiermit widerrufe ich die Bestellung {order} vom {date}.",
                ),
                details=(
                    "Es ist unbenutzt und originalverpackt.",
                    "Ich bin nur einmal um den Block gefahren.",
                    "Den großen Karton habe ich leider nicht mehr.",
                ),
                asks=(
                    "Könnten Sie mir ein Etikett schicken?",
                    "Wie läuft das ab?",
                    "Kann es in {city} abgeholt werden?",
                ),
                questions=(
                    "Haben Sie den Karton noch? Sonst schicken wir Ihnen einen.",
                    "Welcher Tag passt für die Abholung, vielleicht der {next_date}?",
                ),
                answers=("Der {next_date} passt, ab 9 Uhr.", "Nein, der Karton ist leider weg."),
                solutions=(
                    "das Etikett ist per Mail zu Ihnen unterwegs. Sobald alles hier ist, erstatten wir {amount}.",
                    "{carrier} holt das Rad am {next_date} ab. Bitte die Pedale abschrauben.",
                ),
                notes=("Etikett verschickt, RMA {digits}.",),
            ),
        },
    ),
    Topic(
        "refund",
        "billing",
        8,
        ("refund",),
        0.35,
        0.12,
        0.0,
        crisis=2.0,
        scripts={
            "en": Script(
                subjects=(
                    "Refund for {order} still missing",
                    "When do I get my money back?",
                    "Refund of {amount}",
                    "Returned three weeks ago, no refund",
                ),
                tells=(
                    "I sent the {product} back on {date}, and the refund of {amount} has not come.",
                    "According to {carrier} you received my return on {weekday}.",
                    "You promised {amount} within five days. That was on {date}.",
                    "Only part of the refund arrived: {amount} is missing.",
                ),
                details=(
                    "I paid by card.",
                    "I paid with PayPal.",
                    "The invoice is {invoice}.",
                    "My bank says that nothing is pending.",
                    "The return receipt has the number {digits}.",
                ),
                asks=(
                    "Could you check, please?",
                    "When will it be on my account?",
                    "Please settle this now.",
                    "Who can tell me more?",
                ),
                questions=(
                    "Did you pay by card or by bank transfer? For a transfer I need the IBAN's last four digits.",
                    "Could you send me the number on the return receipt?",
                ),
                answers=("By transfer; it ends in {digits4}.", "The receipt says {digits}."),
                solutions=(
                    "I have released the refund of {amount} myself. With cards it takes two to five days to show.",
                    "your return had been booked on another order. I have put it right, and {amount} is on its way.",
                    "the missing {amount} were the shipping costs, which of course you get back too. Done today.",
                ),
                notes=(
                    "Return booked on the wrong order, corrected.",
                    "Refund {amount} released, invoice {invoice}.",
                    "Payment provider had a delay on {date}.",
                ),
            ),
            "de": Script(
                subjects=(
                    "Erstattung zu {order} fehlt",
                    "Wann bekomme ich mein Geld zurück?",
                    "Gutschrift über {amount}",
                ),
                tells=(
                    "ich habe das {product} am {date} zurückgeschickt, die Erstattung über {amount} steht noch aus.",
                    "laut {carrier} ist meine Rücksendung am {weekday} bei Ihnen eingegangen.",
                    "es kam nur ein Teil der Erstattung, {amount} fehlen.",
                ),
                details=(
                    "Bezahlt habe ich per Überweisung.",
                    "Die Rechnungsnummer ist {invoice}.",
                    "Meine Bank sieht keinen Eingang.",
                ),
                asks=("Könnten Sie das bitte prüfen?", "Wann ist das Geld auf meinem Konto?"),
                questions=(
                    "Mit welcher Zahlungsart haben Sie bezahlt? Bei einer Überweisung bitte die letzten vier Ziffern der IBAN.",
                ),
                answers=("Per Überweisung, die IBAN endet auf {digits4}.",),
                solutions=(
                    "ich habe die Erstattung über {amount} selbst freigegeben, sie ist in zwei bis drei Tagen da.",
                    "Ihre Rücksendung war einem falschen Auftrag zugeordnet. Das ist korrigiert, {amount} sind unterwegs.",
                ),
                notes=("Gutschrift {amount} freigegeben.",),
            ),
        },
    ),
    Topic(
        "invoice",
        "billing",
        9,
        ("invoice",),
        0.15,
        0.02,
        0.0,
        is_calm=True,
        scripts={
            "en": Script(
                subjects=(
                    "Invoice for order {order}",
                    "Copy of invoice {invoice}",
                    "Wrong address on the invoice",
                    "VAT number on invoice {invoice}",
                ),
                tells=(
                    "I need the invoice for order {order} for my tax return.",
                    "Invoice {invoice} shows my private address, but it must name the company.",
                    "Our accounting department cannot book invoice {invoice} without a VAT number.",
                    "I cannot download the invoice in my account, the page stays empty.",
                ),
                details=(
                    "The order was placed on {date}.",
                    "The right address is {street}, {city}.",
                    "It is about {amount}.",
                    "Our employer pays half of the bike, so it has to be formally right.",
                ),
                asks=(
                    "Could you send it as a PDF?",
                    "Please correct it and send it again.",
                    "Is there a way to get it in the shop?",
                ),
                questions=(
                    "What exactly should stand in the address block?",
                    "Could you give me the VAT number, please?",
                ),
                answers=("Please put {street}, {city}, without my first name.", "The number is DE{digits}{small}."),
                solutions=(
                    "the invoice {invoice} is attached as a PDF.",
                    "here is the corrected invoice; the old one is cancelled.",
                    "the download works again. To be safe I have attached invoice {invoice} as well.",
                ),
                notes=("Address corrected in the customer record.", "PDF job was stuck, IT restarted it."),
            ),
            "de": Script(
                subjects=("Rechnung zu {order}", "Rechnungskopie {invoice}", "Falsche Anschrift auf der Rechnung"),
                tells=(
                    "ich benötige die Rechnung zu {order} für meine Steuererklärung.",
                    "auf der Rechnung {invoice} steht meine private Anschrift, es muss aber die Firma sein.",
                    "die Rechnung (invoice {invoice}) lässt sich im Kundenkonto nicht herunterladen.",
                ),
                details=("Bestellt wurde am {date}.", "Richtig wäre: {street}, {city}.", "Es geht um {amount}."),
                asks=("Könnten Sie sie mir als PDF schicken?", "Bitte korrigieren Sie das."),
                questions=("Was genau soll im Adressfeld stehen?",),
                answers=("Bitte {street}, {city}, ohne Vornamen.",),
                solutions=(
                    "die Rechnung {invoice} finden Sie im Anhang.",
                    "anbei die korrigierte Rechnung, die alte ist storniert.",
                ),
                notes=("Anschrift im Kundenstamm geändert.",),
            ),
        },
    ),
    Topic(
        "payment",
        "billing",
        6,
        ("payment",),
        0.3,
        0.15,
        0.0,
        crisis=1.5,
        scripts={
            "en": Script(
                subjects=(
                    "Charged twice for {order}",
                    "Payment failed, but money is gone",
                    "Card refused at checkout",
                    "Reminder although I paid",
                ),
                tells=(
                    "My card was charged twice for order {order}, {amount} each time.",
                    'The checkout said "payment failed", and yet {amount} left my account.',
                    "I got a payment reminder for invoice {invoice}, which I paid on {date}.",
                    "Your checkout refuses my card, which works everywhere else.",
                ),
                details=(
                    "My bank statement shows both.",
                    "It happened on {weekday} evening.",
                    "I tried two browsers.",
                    "The reference I used was {digits}.",
                ),
                asks=(
                    "Please pay one of them back.",
                    "Did my order go through?",
                    "Can I pay by transfer instead?",
                    "Please stop the reminders.",
                ),
                questions=(
                    "Could you tell me the exact time of the second charge?",
                    "Which reference did you put on the transfer?",
                ),
                answers=("Both at 20:{small2}, a few seconds apart.", "I wrote {digits}, as it stood on the invoice."),
                solutions=(
                    "the second charge was only a reservation; your bank releases it by {next_date}.",
                    "your transfer had no order number, so we could not match it. It is settled now, and the reminder is void.",
                    "I have turned order {order} into payment by invoice; you need not do anything else.",
                    "we refunded {amount} just now. I am sorry for the fright.",
                ),
                notes=("Double authorisation, void sent to the provider.", "Transfer matched by hand to {invoice}."),
            ),
        },
    ),
    Topic(
        "warranty",
        "returns",
        7,
        ("warranty",),
        0.6,
        0.15,
        0.45,
        scripts={
            "en": Script(
                subjects=(
                    "Warranty: {part} broken after {small} months",
                    "Crack in the frame?",
                    "{product}: {part} failed",
                    "Is this covered by the warranty?",
                ),
                tells=(
                    "After {km} km the {part} of my {product} gave up.",
                    "I noticed a fine line near the head tube and do not know whether it is only the paint.",
                    "The {part} has had play from the beginning, and now it knocks.",
                    "On the way to work the {part} simply broke.",
                ),
                details=(
                    "I bought it on {date}, order {order}.",
                    "It has been serviced in {city} every year.",
                    "I weigh {weight} kg and ride on roads only.",
                    "I stopped riding it, to be safe.",
                    "The frame number is LW{digits}.",
                ),
                asks=("Is that a case for the warranty?", "Can I still ride it?", "What do you need from me?"),
                questions=(
                    "Please do not ride it for now. Could you send a close photo of the spot, with a coin beside it?",
                    "Does it knock under load only, or also when you push the bike?",
                    "Could you send us the invoice of the last service?",
                ),
                answers=(
                    "It only knocks uphill.",
                    "Photos attached, with a 2 euro coin.",
                    "The service was on {date} in {city}, {amount}.",
                ),
                solutions=(
                    "our mechanics are sure that it is only the paint. You can ride on; we note it in the bike's file.",
                    "that is covered. A new {part} goes to the workshop of your choice in {city}, and we pay the fitting.",
                    "we replace the frame. Please bring the bike to our partner in {city} on {next_date}; it takes two days.",
                    "the {part} is a wearing part, but after only {km} km we send you a new one as a gesture.",
                ),
                notes=(
                    "Workshop says: paint only, seen from the angle of the line.",
                    "Known batch, see bulletin {digits4}.",
                    "Covered. Frame swap {size} {colour}, in stock.",
                    "Customer stopped riding. Please look today.",
                ),
            ),
            "de": Script(
                subjects=("Garantiefall {product}", "Riss im Rahmen?", "{part} nach {small} Monaten defekt"),
                tells=(
                    "nach {km} km gibt es an meinem {product} ein Problem: {part}, nicht mehr zu gebrauchen.",
                    "ich habe eine feine Linie am Steuerrohr entdeckt und weiß nicht, ob es nur der Lack ist.",
                    "auf dem Weg zur Arbeit ist etwas gebrochen: {part}.",
                ),
                details=(
                    "Gekauft am {date}, Bestellung {order}.",
                    "Gewartet wurde jedes Jahr in {city}.",
                    "Die Rahmennummer ist LW{digits}.",
                    "Ich fahre vorsichtshalber nicht mehr damit.",
                ),
                asks=("Ist das ein Garantiefall?", "Darf ich damit noch fahren?"),
                questions=(
                    "Bitte fahren Sie vorerst nicht. Könnten Sie ein nahes Foto schicken, mit einer Münze daneben?",
                ),
                answers=("Foto anbei, mit einer 2-Euro-Münze.", "Es knackt nur bergauf."),
                solutions=(
                    "unsere Mechaniker sind sicher, dass es nur der Lack ist. Sie können weiterfahren.",
                    "das ist gedeckt. Das Ersatzteil geht an eine Werkstatt Ihrer Wahl in {city}, den Einbau zahlen wir.",
                ),
                notes=("Werkstatt: nur Lack.", "Gedeckt, Rahmen {size} in {colour} ist auf Lager."),
            ),
        },
    ),
    Topic(
        "brakes",
        "support",
        6,
        ("technical", "brakes"),
        0.5,
        0.12,
        0.35,
        scripts={
            "en": Script(
                subjects=(
                    "Brakes squeal on my {product}",
                    "Lever goes to the bar",
                    "Which pads fit the {product}?",
                    "Front disc rubs",
                ),
                tells=(
                    "The brakes of my {product} squeal so loudly that people jump aside.",
                    "Since {weekday} the front lever can be pulled to the bar.",
                    "The rear disc rubs once a turn, and I cannot get rid of it.",
                    "I want to change the pads and am not sure which ones I need.",
                ),
                details=(
                    "It has about {km} km.",
                    "I cleaned the disc with alcohol.",
                    "It is worse in the wet.",
                    "I watched your video and followed every step.",
                ),
                asks=("What can I do myself?", "Is it safe to ride?", "Could you send me the right pads?"),
                questions=(
                    "What is printed on the caliper? It should be a code such as MT{small}.",
                    "Did anything touch the disc, chain oil for example?",
                ),
                answers=("It says MT{small}.", "It may be, I oiled the chain on {weekday}."),
                solutions=(
                    "please sand the pads lightly and brake them in: twenty stops from 25 km/h. That ends the squeal in nine cases of ten.",
                    "there is air in the line. Any workshop bleeds it for about {amount}, and within the first year we pay.",
                    "you need the pads KB-{digits4}. I have reserved a set for you, the link is in your account.",
                    "loosen the two bolts of the caliper, pull the lever, tighten them again. The rubbing should be gone.",
                ),
                notes=(
                    "Pads contaminated, I think.",
                    "Workshop suggests bleeding first.",
                    "Bulletin {digits4} applies to this build.",
                ),
            ),
            "de": Script(
                subjects=(
                    "Bremse quietscht am {product}",
                    "Welche Beläge passen?",
                    "Bremshebel lässt sich durchziehen",
                ),
                tells=(
                    "die Bremsen meines {product} quietschen so laut, dass die Leute zur Seite springen.",
                    "seit {weekday} lässt sich der vordere Bremshebel bis zum Lenker ziehen.",
                    "ich möchte die Beläge wechseln und weiß nicht, welche ich brauche.",
                ),
                details=(
                    "Das Rad hat etwa {km} km.",
                    "Die Scheibe habe ich schon gereinigt.",
                    "Bei Nässe ist es schlimmer.",
                ),
                asks=("Was kann ich selbst tun?", "Ist das gefährlich?"),
                questions=("Was steht auf dem Bremssattel? Es müsste etwas wie MT{small} sein.",),
                answers=("Da steht MT{small}.",),
                solutions=(
                    "bitte die Beläge leicht anschleifen und neu einbremsen: zwanzig Bremsungen aus 25 km/h.",
                    "da ist Luft in der Leitung. Jede Werkstatt entlüftet das, im ersten Jahr zahlen wir.",
                    "Sie brauchen die Beläge KB-{digits4}, ein Satz ist für Sie reserviert.",
                ),
                notes=("Beläge vermutlich verölt.",),
            ),
        },
    ),
    Topic(
        "gears",
        "support",
        5,
        ("technical", "drivetrain"),
        0.45,
        0.05,
        0.3,
        scripts={
            "en": Script(
                subjects=(
                    "Gears skip under load",
                    "{product} does not shift into the biggest cog",
                    "Belt tension on the {product}",
                    "Clicking from the {part}",
                ),
                tells=(
                    "The gears of my {product} skip when I stand up.",
                    "It no longer shifts into the largest cog.",
                    "There is a click with every turn of the cranks that I cannot find.",
                    "How tight must the belt of the {product} be? Mine creaks when it is dry.",
                ),
                details=(
                    "The chain was changed {small} months ago.",
                    "It started after {km} km.",
                    "I turned the barrel adjuster both ways.",
                    "The {part} is firm, I checked.",
                ),
                asks=("Any ideas?", "Is there a guide?", "Do I have to see a workshop?"),
                questions=(
                    "Is the hanger straight? Seen from behind, the cage should stand in line with the cogs.",
                    "Does it click when you pedal out of the saddle too?",
                ),
                answers=("It leans inwards a little, I believe.", "Only when seated."),
                solutions=(
                    "that is the hanger. A new one, article {digits}, is on its way to you for free.",
                    'please try the guide "Indexing in five minutes" in the help pages; step 4 is what most people miss.',
                    "it is the saddle clamp, believe it or not. A little assembly paste and 8 Nm cure it.",
                    "the belt should sound at about 45 Hz; the app we link to measures it with the phone.",
                ),
                notes=("Hanger sent.", "Try the seat clamp first, the noise wanders."),
            ),
        },
    ),
    Topic(
        "e-bike",
        "support",
        7,
        ("technical", "e-bike"),
        0.55,
        0.15,
        0.4,
        scripts={
            "en": Script(
                subjects=(
                    "Battery of my {product} does not charge",
                    "Range has halved",
                    "Display shows error E{small2}",
                    "App does not find the {product}",
                ),
                tells=(
                    "The battery of my {product} stops charging at {small2} %.",
                    "Since the cold days the range has dropped to {small2} km.",
                    "The display shows error E{small2} and the motor cuts out.",
                    "After the update the app no longer finds my {product}.",
                ),
                details=(
                    "The charger's light blinks red.",
                    "It has done {km} km.",
                    "The serial number of the battery is {digits}.",
                    "I store it indoors at room temperature.",
                    "I restarted everything twice.",
                ),
                asks=(
                    "What does that mean?",
                    "Do I need a new battery?",
                    "Can this be repaired?",
                    "Please help, I commute with it every day.",
                ),
                questions=(
                    "Which firmware does the app show under Settings, About?",
                    "Does the error come at once, or only under load?",
                    "Could you try another socket and leave it connected for two hours?",
                ),
                answers=("Firmware 4.{small}.", "Only uphill.", "Tried it overnight, it is the same."),
                solutions=(
                    "please hold the power button for twelve seconds; the battery then counts its cells anew. The charge after that is a long one.",
                    "that error is a loose speed sensor: the magnet on the spoke must pass within 5 mm of it.",
                    "we send you a battery on loan and take yours in for a check. The box comes on {next_date}.",
                    "update 4.{small} is out since this morning and pairs again. Please delete the bike in the phone's Bluetooth list first.",
                ),
                notes=(
                    "E{small2} is the speed sensor in most cases.",
                    "Loan battery LB{digits4} reserved.",
                    "Log says 380 cycles, 91 % health. Not the battery.",
                ),
            ),
            "de": Script(
                subjects=(
                    "Akku lädt nicht mehr",
                    "Fehler E{small2} im Display",
                    "Reichweite halbiert",
                    "App findet mein {product} nicht",
                ),
                tells=(
                    "der Akku meines {product} lädt nur noch bis {small2} %.",
                    "das Display zeigt den Fehler E{small2}, dann setzt der Motor aus.",
                    "seit dem Update findet die App mein {product} nicht mehr.",
                ),
                details=(
                    "Am Ladegerät blinkt es rot.",
                    "Gelaufen sind {km} km.",
                    "Die Seriennummer des Akkus ist {digits}.",
                    "Gelagert wird er in der Wohnung.",
                ),
                asks=(
                    "Was bedeutet das?",
                    "Brauche ich einen neuen Akku?",
                    "Ich pendle täglich damit, bitte um schnelle Hilfe.",
                ),
                questions=(
                    "Welche Firmware zeigt die App unter Einstellungen?",
                    "Kommt der Fehler sofort oder nur unter Last?",
                ),
                answers=("Firmware 4.{small}.", "Nur bergauf."),
                solutions=(
                    "bitte den Einschalter zwölf Sekunden halten, der Akku zählt seine Zellen dann neu.",
                    "das ist der Geschwindigkeitssensor: Der Magnet an der Speiche muss auf 5 mm heran.",
                    "wir schicken Ihnen einen Leihakku und prüfen Ihren. Der Karton kommt am {next_date}.",
                ),
                notes=("Fast immer der Sensor.", "Leihakku LB{digits4} reserviert."),
            ),
        },
    ),
    Topic(
        "advice",
        "support",
        9,
        ("advice",),
        0.3,
        0.0,
        0.05,
        is_calm=True,
        scripts={
            "en": Script(
                subjects=(
                    "Which size do I need?",
                    "{product}: {size} or {size2}?",
                    "Does the {part} fit the {product}?",
                    "Question before I order",
                ),
                tells=(
                    "I am {height} cm tall and hesitate between {size} and {size2} for the {product}.",
                    "I like the {product} in {colour} and have a question before I order.",
                    "Does your {part} fit an older {product}?",
                    "We look for a bike for the school run: two children, some hills.",
                ),
                details=(
                    "My inside leg is {leg} cm.",
                    "I ride about {km} km a year, mostly on gravel.",
                    "There is no dealer near {city}.",
                    "My old bike was a {size}, and it felt a bit long.",
                ),
                asks=(
                    "What would you advise?",
                    "Can I try one somewhere near {city}?",
                    "How long is the delivery time at the moment?",
                ),
                questions=("Do you prefer to sit upright, or sporty?", "What luggage do you want to take along?"),
                answers=("Rather upright, my back is not the youngest.", "Two panniers and now and then a child seat."),
                solutions=(
                    "with {height} cm and that inside leg, {size} is the one; the stem can be turned for 2 cm more.",
                    "yes, it fits all bikes from 2021 on. For older ones you need the adapter KT-{digits4}.",
                    "our partner in {city} has a {product} for test rides. Tell them we sent you.",
                    "for two children and hills I would take the Rowan with the big battery, without a doubt.",
                ),
                notes=("Likely to buy, please follow up on {next_date}.",),
            ),
            "de": Script(
                subjects=("Welche Rahmengröße?", "Frage vor der Bestellung", "{product}: {size} oder {size2}?"),
                tells=(
                    "ich bin {height} cm groß und schwanke beim {product} zwischen {size} und {size2}.",
                    "mir gefällt das {product} in {colour}, vor der Bestellung habe ich noch eine Frage.",
                    "wir suchen ein Rad für den Schulweg mit zwei Kindern und ein paar Hügeln.",
                ),
                details=("Die Schrittlänge ist {leg} cm.", "In {city} gibt es leider keinen Händler."),
                asks=(
                    "Was würden Sie empfehlen?",
                    "Kann ich irgendwo bei {city} Probe fahren?",
                    "Wie lang ist die Lieferzeit?",
                ),
                questions=("Sitzen Sie lieber aufrecht oder sportlich?",),
                answers=("Lieber aufrecht, der Rücken dankt es.",),
                solutions=(
                    "mit {height} cm und dieser Schrittlänge ist {size} richtig.",
                    "unser Partner in {city} hat ein {product} für Probefahrten.",
                ),
                notes=("Kauft wahrscheinlich, am {next_date} nachfassen.",),
            ),
        },
    ),
    Topic(
        "parts",
        "support",
        6,
        ("spare parts",),
        0.25,
        0.02,
        0.15,
        is_calm=True,
        scripts={
            "en": Script(
                subjects=(
                    "Spare {part} for my {product}",
                    "When is the {part} back in stock?",
                    "Part number wanted",
                    "Paint for my {product}",
                ),
                tells=(
                    "I need a new {part} for a {product} from 2022.",
                    'The shop says "sold out" for the {part}. When does it come back?',
                    "I am looking for a touch-up pen for a {colour} frame.",
                    "Which {part} do I have to order? There are three in the shop.",
                ),
                details=(
                    "The frame number is LW{digits}.",
                    "The old one has no marking left.",
                    "I can wait, I would just like to know.",
                ),
                asks=("Could you tell me the number?", "Can you put one aside for me?", "Is there an alternative?"),
                questions=("Could you measure the diameter, please? It is either 27.2 or 31.6 mm.",),
                answers=("31.6 mm.", "27.2, measured twice."),
                solutions=(
                    "the part number is KT-{digits4}, and I have put one aside for you until {next_date}.",
                    "the next delivery is due on {next_date}; I have put you on the list, and you get a mail.",
                    "that one is no longer made, but KT-{digits4} fits without any change.",
                ),
                notes=("Put aside under the customer's name.", "Supplier confirms {next_date}."),
            ),
        },
    ),
    Topic(
        "change",
        "support",
        6,
        ("order change",),
        0.15,
        0.1,
        0.0,
        is_calm=True,
        crisis=1.6,
        scripts={
            "en": Script(
                subjects=(
                    "Please change the address of {order}",
                    "Cancel order {order}",
                    "Can I still change the colour?",
                    "Change to my order from {weekday}",
                ),
                tells=(
                    "I noticed too late that order {order} goes to my old address.",
                    "Please cancel order {order}.",
                    "Can I still change {colour} to {colour2}?",
                    "I forgot the {part}. Could you add it to order {order}?",
                ),
                details=(
                    "The new address is {street}, {city}.",
                    "It has not been shipped yet, according to my account.",
                    "Nothing against you: I won one in a raffle.",
                    "I will gladly pay the difference.",
                ),
                asks=("Is that possible?", "Please confirm.", "I hope I am in time."),
                questions=("Do you want it delivered to {street} in {city}? Then I change it right away.",),
                answers=("Yes, exactly.", "Yes please, and thank you for being so quick."),
                solutions=(
                    "done: it goes to {street} in {city}.",
                    "order {order} is cancelled, and nothing will be charged.",
                    "you are just in time. It will be {colour2}, and it ships on {next_date}.",
                    "the parcel had just left, but I have asked {carrier} to redirect it.",
                ),
                notes=("Stopped in the warehouse by phone.", "Redirect paid by us."),
            ),
            "de": Script(
                subjects=("Adressänderung zu {order}", "Stornierung {order}", "Farbe noch änderbar?"),
                tells=(
                    "mir ist zu spät aufgefallen, dass {order} an meine alte Adresse geht.",
                    "bitte stornieren Sie die Bestellung {order}.",
                    "kann ich {colour} noch in {colour2} ändern?",
                ),
                details=("Die neue Adresse: {street}, {city}.", "Laut Kundenkonto ist noch nichts verschickt."),
                asks=("Geht das noch?", "Bitte um kurze Bestätigung."),
                questions=("Soll es an {street} in {city} gehen? Dann ändere ich es sofort.",),
                answers=("Ja, genau.",),
                solutions=(
                    "erledigt, es geht an {street} in {city}.",
                    "{order} ist storniert, es wird nichts abgebucht.",
                    "gerade noch geschafft: Es wird {colour2} und geht am {next_date} raus.",
                ),
                notes=("Telefonisch im Lager gestoppt.",),
            ),
        },
    ),
    Topic(
        "account",
        "support",
        4,
        ("account",),
        0.2,
        0.03,
        0.0,
        scripts={
            "en": Script(
                subjects=(
                    "Cannot sign in",
                    "Password mail does not arrive",
                    "Please delete my account",
                    "Newsletter, again",
                ),
                tells=(
                    "I cannot sign in to the shop any more.",
                    "The mail for a new password does not arrive.",
                    "I unsubscribed from the newsletter on {date} and still get it.",
                    "My old orders have vanished from my account.",
                ),
                details=("I looked into the spam folder.", "My address has not changed.", "It worked on {weekday}."),
                asks=("Could you have a look?", "What can I do?", "Please delete my data, thank you."),
                questions=("Do you sign in with this address, or with another one?",),
                answers=("With this one.", "Perhaps it was my office address, I am not sure."),
                solutions=(
                    "there were two accounts with your name; I have put them together, and all orders are there again.",
                    "the mail was blocked at your provider. I have sent it again by another way.",
                    "you are off the list now, both of them. I am sorry for the noise.",
                ),
                notes=("Two accounts merged.", "Bounce list cleared for this address."),
            ),
        },
    ),
    Topic(
        "business",
        "billing",
        4,
        ("business",),
        0.45,
        0.08,
        0.0,
        is_calm=True,
        scripts={
            "en": Script(
                subjects=(
                    "Quote for {small} {product}",
                    "Leasing for our staff",
                    "Dealer conditions",
                    "Open items, account {digits4}",
                ),
                tells=(
                    "We would like to buy {small} {product} for our couriers.",
                    "Our staff asks for bike leasing; do you work with a provider?",
                    "Our statement shows invoice {invoice} as open, but we paid it on {date}.",
                    "We run a shop in {city} and would like to carry the {product}.",
                ),
                details=(
                    "Delivery to {street}, {city}.",
                    "We would need them by {next_date}.",
                    "Payment within 30 days would help us.",
                ),
                asks=("Could you make us an offer?", "Who is our contact for this?", "Please send us your conditions."),
                questions=(
                    "Which sizes do you need, and shall we mount mudguards and racks?",
                    "Could you send me your VAT number for the offer?",
                ),
                answers=("Half of them {size}, half {size2}, with racks.", "DE{digits}{small}."),
                solutions=(
                    "the offer over {amount} is attached and holds until {next_date}.",
                    "yes, we work with three leasing providers; the form takes five minutes.",
                    "the payment was booked on your other account. Both are level now, and invoice {invoice} is settled.",
                ),
                notes=("Offer checked with sales, 8 % is fine.", "Good customer, please treat with care."),
            ),
        },
    ),
    Topic(
        "praise",
        "support",
        2,
        ("feedback",),
        0.1,
        0.0,
        0.0,
        is_calm=True,
        scripts={
            "en": Script(
                subjects=("Thank you!", "A word of praise", "Idea for the {product}", "Feedback after {km} km"),
                tells=(
                    "My {product} has done {km} km without a single fault. I wanted you to know.",
                    "Your mechanic in {city} stayed late to get me going again.",
                    "I have an idea for the {product}: a loop for a lock under the rack.",
                ),
                details=(
                    "My neighbour has ordered one, too.",
                    "It rained all week, and I still took the long way home.",
                ),
                asks=("Please pass it on.", "Keep it up!", "What do you think?"),
                questions=("May we quote you on our website, with your first name only?",),
                answers=("Of course.",),
                solutions=(
                    "thank you! Your mail hangs in our kitchen now.",
                    "I have passed your idea to our engineers, and they liked it.",
                ),
                notes=("Printed for the kitchen wall.",),
            ),
        },
    ),
)

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
