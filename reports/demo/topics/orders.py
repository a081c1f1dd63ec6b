# ruff: noqa: E501 - sentences are as long as they are
"""What was ordered and how it came: deliveries, damage, what goes back."""

from reports.demo.topics.script import Script, Topic

DELIVERY = Topic(
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
)
DAMAGED = Topic(
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
)
WRONG_ITEM = Topic(
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
)
RETURN = Topic(
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
)
