"""Who gets an answer: read from the message it answers, and never a stranger in the customer's place."""

import pytest

from tests.conftest import mail
from tickets.models import ContactPoint, Message, Participant
from tickets.operations import participants, recipients, replying
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible

DORA = "dora@customer.example"


@pytest.fixture(autouse=True)
def _senders_are_checked(settings):
    settings.TRUSTED_AUTHSERV_ID = "mx.desk.test"


@pytest.fixture
def first(ticket) -> Message:
    """Dora's first message."""
    return ticket.messages.get()


def named(first: Message, authentication: str = "unknown", **fields) -> Message:
    """The same message with other people on it."""
    Message.objects.filter(pk=first.pk).update(authentication=authentication, **fields)
    return Message.objects.select_related("sender", "ticket__customer").get(pk=first.pk)


def line(found) -> str:
    """To | Cc | left | offered, each with its marks."""

    def said(people):
        return " ".join(f"{p.address}{'!' + '+'.join(p.marks) if getattr(p, 'marks', ()) else ''}" for p in people)

    return " | ".join(said(part) for part in (found.to, found.cc, found.left, found.offered))


def suggested(message: Message) -> str:
    return line(recipients.suggest(message.ticket, message))


def test_an_answer_goes_to_who_wrote(first):
    assert suggested(named(first, "pass", to=["support@demo.localhost"])) == f"{DORA} |  |  | "


def test_whom_the_first_authenticated_mail_names_gets_a_copy_and_is_new(first):
    message = named(first, "pass", to=["support@demo.localhost"], cc=["emil@other.example", "Frida@Other.example"])
    assert suggested(message) == f"{DORA} | emil@other.example!new Frida@other.example!new |  | "


def test_whom_an_unauthenticated_mail_names_is_offered_only(first):
    message = named(first, cc=["emil@other.example"])
    assert suggested(message) == f"{DORA}!unverified |  | emil@other.example | emil@other.example"
    [offer] = recipients.suggest(message.ticket, message).offered
    assert offer.by == "Dora Diaz"


def test_after_the_first_answer_nobody_joins_by_being_named(first, ana):
    message = named(first, "pass", cc=["emil@other.example"])
    replying.reply(message.ticket, text="Just us.", actor=ana, to=Chosen(to=(DORA,)))
    assert suggested(message) == f"{DORA} |  |  | emil@other.example"


def test_a_suggested_participant_is_offered_with_who_asked(first):
    first.ticket.participants.create(address="emil@other.example", name="Emil", suggested_by=DORA)
    [offer] = recipients.suggest(first.ticket, named(first, "pass")).offered
    assert (offer.address, offer.name, offer.by) == ("emil@other.example", "Emil", "Dora Diaz")


def test_confirmed_participants_get_copies(first):
    first.ticket.participants.create(address="emil@other.example", is_confirmed=True)
    assert suggested(named(first, "pass")) == f"{DORA} | emil@other.example |  | "


def test_an_answer_to_a_participant_leaves_the_customer_on_copy(first, ana, send_mail_in):
    named(first, "pass")
    participants.add(first.ticket, address="emil@other.example", actor=ana)
    raw = send_mail_in(mail("Emil <emil@other.example>", text="It broke.", In_Reply_To="<first@customer.example>"))
    message = named(raw.said, "pass")
    assert message.ticket_id == first.ticket_id
    assert suggested(message) == f"emil@other.example | {DORA} |  | "


def test_t05_a_stranger_on_the_ticket_never_takes_the_customers_place(first, send_mail_in):
    stranger = ContactPoint.objects.create(
        customer=first.ticket.customer.__class__.objects.create(name="Eve"), channel="email", address="eve@x.test"
    )
    message = named(first, "unknown", sender=stranger, sender_name="Eve", marks=["stranger"], reply_to=["eve@x.test"])
    assert suggested(message) == f"{DORA} |  | eve@x.test | eve@x.test"


def test_answers_go_where_an_authenticated_customer_wants_them(first):
    message = named(first, "pass", reply_to=["orders@customer.example", "assistant@elsewhere.example"])
    assert suggested(message).startswith("orders@customer.example!new assistant@elsewhere.example!new |")


@pytest.mark.parametrize(
    ("sender", "wanted", "to"),
    [
        (DORA, "orders@customer.example", "orders@customer.example"),  # the same house
        (DORA, "orders@elsewhere.example", DORA),
        ("dora@gmail.com", "d0ra@gmail.com", "dora@gmail.com"),  # anybody is a neighbour there
    ],
)
def test_t05_an_unauthenticated_reply_to_is_believed_within_the_house_only(first, sender, wanted, to):
    ContactPoint.objects.filter(pk=first.sender_id).update(address=sender)
    message = named(first, "unknown", reply_to=[wanted])
    found = recipients.suggest(message.ticket, message)
    assert [person.address for person in found.to] == [to]
    assert [offer.address for offer in found.offered] == ([] if to == wanted else [wanted])


def test_nothing_goes_to_ourselves_or_to_robots(first, settings, billing):
    settings.MAIL_REPLY_DOMAIN = "replies.demo.localhost"
    ours = ["support@demo.localhost", "Support+Orders@demo.localhost", "billing@demo.localhost",
            "r-abc@replies.demo.localhost", "no-reply@demo.localhost", "noreply@shop.example",
            "mailer-daemon@shop.example"]  # fmt: skip
    message = named(first, "pass", to=ours, cc=["emil@other.example"], reply_to=["support@demo.localhost"])
    assert suggested(message) == f"{DORA} | emil@other.example!new |  | "


def test_colleagues_are_not_copied_by_themselves(first, ana):
    assert suggested(named(first, "pass", cc=["Ana@demo.localhost"])) == f"{DORA} |  |  | "


def test_bouncing_addresses_are_marked(first):
    ContactPoint.objects.update(is_bouncing=True)
    assert suggested(named(first, "pass")) == f"{DORA}!bouncing |  |  | "


def test_what_somebody_chose_is_described_alike(first):
    message = named(first, "pass", cc=["emil@other.example"])
    chosen = Chosen(to=("frida@other.example",), bcc=("gil@other.example",))
    found = recipients.describe(message.ticket, message, chosen)
    assert line(found) == f"frida@other.example!new |  | {DORA} emil@other.example | emil@other.example"
    assert [person.marks for person in found.bcc] == [("new",)]


def test_sending_to_somebody_new_lets_them_take_part(first, ana, verbs):
    replying.reply(first.ticket, text="Hello", actor=ana, to=Chosen((DORA,), ("Emil@Other.example",), ("gil@x.test",)))
    [person] = Participant.objects.all()
    assert (person.address, person.is_confirmed) == ("emil@other.example", True)
    assert verbs(first.ticket).count("ticket.participant_added") == 1
    message = Message.objects.get(kind="reply")
    assert (message.to, message.cc, message.bcc) == ([DORA], ["Emil@other.example"], ["gil@x.test"])
    assert sorted(message.outgoing.deliveries.values_list("recipient", flat=True)) == [
        "Emil@other.example", DORA, "gil@x.test",
    ]  # fmt: skip


def test_removing_a_participant_is_an_event_and_once(first, ana, verbs):
    participants.add(first.ticket, address="emil@other.example", actor=ana)
    for _ in range(2):
        participants.remove(first.ticket, address="EMIL@other.example", actor=ana)
    assert verbs(first.ticket)[-2:] == ["ticket.participant_added", "ticket.participant_removed"]
    assert not Participant.objects.exists()


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("emil@", "“emil@” is not an e-mail address."),
        ("emil at other.example", "is not an e-mail address"),
        ("a@b\r\nBcc: c@d.example", "is not an e-mail address"),
        ("support+x@demo.localhost", "our own address"),
    ],
)
def test_whom_nobody_can_write_to_is_refused_in_words(first, ana, to, says):
    with pytest.raises(NotPossible, match=says.replace("+", r"\+")):
        replying.reply(first.ticket, text="Hello", actor=ana, to=Chosen(to=(to,)))
    assert not Message.objects.filter(kind="reply").exists()


def test_an_answer_to_nobody_is_refused_unless_the_customer_has_no_address(first, ana):
    with pytest.raises(NotPossible, match="Nobody stands in To"):
        replying.reply(first.ticket, text="Hello", actor=ana, to=Chosen(cc=("emil@other.example",)))
    ContactPoint.objects.all().delete()
    assert replying.reply(first.ticket, text="By phone", actor=ana, to=Chosen()).to == []


def test_fifty_people_are_the_most(first, ana):
    many = tuple(f"p{n}@x.example" for n in range(51))
    with pytest.raises(NotPossible, match="at most 50"):
        replying.reply(first.ticket, text="Hello", actor=ana, to=Chosen(to=many))


def test_each_gets_it_once(db):
    checked = recipients.check(Chosen(("a@x.example", "A@X.example"), ("a@x.example", "b@x.example"), ("B@x.example",)))
    assert checked == Chosen(("a@x.example",), ("b@x.example",), ())


def test_typed_addresses_are_told_apart():
    assert recipients.split('Dora <dora@x.example>, emil@x.example; "Gil, F" <gil@x.example>\nhi there') == [
        "dora@x.example", "emil@x.example", "gil@x.example", "hi there",
    ]  # fmt: skip
    assert recipients.split("a@x.example b@x.example") == ["a@x.example", "b@x.example"]


def test_where_nobody_checks_senders_nobody_is_marked_for_it(first, settings):
    settings.TRUSTED_AUTHSERV_ID = ""
    assert suggested(named(first, cc=["emil@other.example"])).startswith(f"{DORA} | ")
