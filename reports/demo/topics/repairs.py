# ruff: noqa: E501 - sentences are as long as they are
"""What breaks or has to be set: warranty, brakes, gears, e-bikes."""

from reports.demo.topics.script import Script, Topic

WARRANTY = Topic(
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
)
BRAKES = Topic(
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
)
GEARS = Topic(
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
)
E_BIKE = Topic(
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
)
