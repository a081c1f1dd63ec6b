"""What is asked at a counter: advice, parts, changes, accounts, and praise."""

from reports.demo.topics.script import Script, Topic

ADVICE = Topic(
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
)
PARTS = Topic(
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
)
CHANGE = Topic(
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
)
ACCOUNT = Topic(
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
)
PRAISE = Topic(
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
)
