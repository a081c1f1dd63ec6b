# ruff: noqa: E501 - sentences are as long as they are
"""What is paid and written down: refunds, invoices, payments, business customers."""

from reports.demo.topics.script import Script, Topic

REFUND = Topic(
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
)
INVOICE = Topic(
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
)
PAYMENT = Topic(
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
)
BUSINESS = Topic(
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
)
