"""Erasing a customer for good: who they are and what was said is gone; that something happened, and when, stays.

Figures are made of events and of what a ticket is, so they are the same before and after. Nothing here can be undone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Concat, Lower
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, File, IdempotencyKey
from helpdesk.operations.redacting import pattern, redact
from tickets import registry
from tickets.models import (
    Attachment,
    AwaitedMessage,
    CaughtMail,
    ChannelAccount,
    ChannelMessage,
    ContactPoint,
    Conversation,
    Customer,
    CustomerMerge,
    CustomerNote,
    Delivery,
    DeliveryState,
    Draft,
    DraftFile,
    Inbox,
    Mailbox,
    Message,
    OutgoingMail,
    OutgoingServer,
    Participant,
    RawMessage,
    RawState,
    SearchWord,
    SideConversation,
    Ticket,
    Unrequested,
)
from tickets.operations import budget, indexing, locking, naming, traces
from tickets.operations.status import NotPossible
from tickets.registry import Subject

#: settings, in which a customer's address is nobody's data but ours
_SETTINGS = (Inbox, ChannelAccount, Mailbox, OutgoingServer, SearchWord)
#: mail that nobody has read yet
_WAITING = (RawState.RECEIVED, RawState.PARKED, RawState.QUARANTINED)
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_SENDER = re.compile(rb"^(?:from|sender|reply-to|return-path):.*(?:\r?\n[ \t].*)*", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What would be gone, in numbers."""

    addresses: int
    tickets: int
    messages: int
    attachments: int
    mails: int
    drafts: int
    notes: int
    others: list[tuple[str | Promise, int]] = field(default_factory=list)


def subject_of(customer: Customer) -> Subject:
    """The customer with all who were merged into them, their tickets and addresses."""
    customers, fresh = [customer.pk], [customer.pk]
    while fresh:
        more = Customer.objects.filter(merged_into__in=fresh).exclude(pk__in=customers)
        fresh = list(more.values_list("pk", flat=True))
        customers += fresh
    tickets = Ticket.objects.filter(customer__in=customers).order_by("number").values_list("pk", flat=True)
    addresses = ContactPoint.objects.filter(customer__in=customers).order_by("pk").values_list("address", flat=True)
    return Subject(tuple(customers), tuple(tickets), tuple(addresses))


def inventory(subject: Subject) -> Inventory:
    """What erasing would take away. Only reads."""
    said = _messages(subject)
    return Inventory(
        addresses=len(subject.addresses),
        tickets=len(subject.tickets),
        messages=said.count(),
        attachments=Attachment.objects.filter(message__in=said).count(),
        mails=len(_raw(subject, [])) + OutgoingMail.objects.filter(ticket__in=subject.tickets).count(),
        drafts=Draft.objects.filter(ticket__in=subject.tickets).count(),
        notes=CustomerNote.objects.filter(customer__in=subject.customers).count(),
        others=[(kept.title, kept.count(subject)) for kept in registry.all_personal_data()],
    )


@transaction.atomic
def erase(customer: Customer, *, actor: Agent) -> None:
    """Take away who this customer is and what was said with them. Erasing twice is erasing once.

    Admins only. Raises NotPossible for others, and for one who was merged into somebody: erase that one.
    """
    if not actor.is_admin:
        raise NotPossible(_("Only an admin erases customers."))
    found: list[Subject] = []
    touched: list[int] = []

    def whom() -> tuple[Iterable[int], Iterable[int]]:
        found[:] = [subject_of(customer)]
        # with the tickets of others on which they wrote or took part, or into which theirs went
        touched[:] = _messages(found[0]).order_by().values_list("ticket", flat=True).distinct()
        return {*found[0].tickets, *touched, *naming.took_part(found[0])}, found[0].customers

    tickets, people = locking.hold_tickets_and_customers(whom)
    [subject], customer = found, people[customer.pk]
    theirs = {number: tickets[number] for number in (*subject.tickets, *touched)}
    others = [ticket for number, ticket in theirs.items() if number not in set(subject.tickets)]
    if customer.erased_at:
        return
    if customer.merged_into_id:
        raise NotPossible(_("This customer was merged into another one."))
    words, files = traces.words_of(list(tickets)), _files(subject)
    carried = traces.carried(subject.tickets)
    messages = list(_messages(subject).values_list("pk", flat=True))
    for kept in registry.all_personal_data():
        kept.erase(subject)
    elsewhere = _elsewhere(subject, messages)
    where = set(Message.objects.filter(pk__in=elsewhere).values_list("ticket", flat=True)) | set(tickets)
    words += traces.words_of(list(where - set(tickets)))
    elsewhere = sorted({*elsewhere, *naming.take_out(naming.called(subject), where - set(subject.tickets))})
    _erase_raw(_raw(subject, messages, elsewhere))
    _erase_outgoing(subject, messages, carried.mails)
    traces.forget_notices(theirs)
    traces.forget_answers(subject.tickets)
    Attachment.objects.filter(message__in=messages).delete()
    Draft.objects.filter(Q(ticket__in=subject.tickets) | Q(pk__in=carried.drafts)).delete()
    _erase_messages(messages)
    _erase_people(subject, carried.sides)
    traces.show_what_is_left(others)
    Ticket.objects.filter(pk__in=subject.tickets).update(subject="", snippet="", fields={}, has_undelivered=False)
    CustomerNote.objects.filter(customer__in=subject.customers).delete()
    CustomerMerge.objects.filter(Q(source__in=subject.customers) | Q(target__in=subject.customers)).update(
        reason="", kept={"points": [], "tickets": [], "notes": [], "filled": []}
    )
    _erase_talks(subject)
    ContactPoint.objects.filter(customer__in=subject.customers).delete()
    Customer.objects.filter(pk__in=subject.customers).update(
        name="", language="", organisation=None, fields={}, is_blocked=False, erased_at=clock.now()
    )
    redact(subject.addresses, _tables())
    _forget_answers(subject)
    indexing.write({*tickets, *where})
    traces.forget_words(words)
    gone = File.objects.forget_unused(files)
    record(
        "customer.erased", customer, actor=actor,
        tickets=len(subject.tickets), messages=len(messages), files=gone, customers=list(subject.customers),
    )  # fmt: skip


def _forget_answers(subject: Subject) -> None:
    """Drop what programs were answered about them, which is kept for a while in case they ask again."""
    tickets, customers = ("|".join(map(str, some)) or "none" for some in (subject.tickets, subject.customers))
    IdempotencyKey.objects.filter(
        Q(route__regex=rf"/(tickets/({tickets})|customers/({customers}))/")
        | Q(route__endswith="/bulk/", body__contains='"value":')
        | Q(route__endswith="/customers/", body__regex=rf'^[{{]"id":({customers}),')
        | Q(body__regex=rf'"customer":[{{]"id":({customers}),')
    ).delete()


def _messages(subject: Subject) -> "models.QuerySet[Message]":
    """All that was said on their tickets, wherever it went from there, and what they said on those of others."""
    theirs = Q(ticket__in=subject.tickets) | Q(sender__customer__in=subject.customers)
    return Message.objects.filter(theirs | Q(pk__in=traces.carried(subject.tickets).messages))


def _elsewhere(subject: Subject, messages: Sequence[int]) -> list[int]:
    """Messages of others that name one of their addresses."""
    if not subject.addresses:
        return []
    any_of, named = pattern(subject.addresses), Q()
    for column in ("text", "full_text", "html", "subject"):
        named |= Q(**{f"{column}__iregex": any_of})
    others = Message.objects.exclude(pk__in=messages)
    for column in ("to", "cc", "bcc", "reply_to"):
        others = others.annotate(**{f"{column}_words": Cast(column, models.TextField())})
        named |= Q(**{f"{column}_words__iregex": any_of})
    return list(others.filter(named).values_list("pk", flat=True))


def _raw(subject: Subject, messages: Sequence[int], elsewhere: Sequence[int] = ()) -> set[int]:
    """The mails as they came: theirs, those about their tickets, and those of others that name them.

    What others wrote and nobody has read yet stays: it would be lost.
    """
    said = Message.objects.filter(Q(pk__in=[*messages, *elsewhere]) | Q(ticket__in=subject.tickets))
    theirs = Q(said__in=said) | Q(pk__in=said.values("raw")) | Q(belongs_to__in=subject.tickets)
    for address in subject.addresses:
        theirs |= Q(sender__iexact=address) | Q(envelope_from__iexact=address)
    found = set(RawMessage.objects.filter(theirs).values_list("pk", flat=True))
    if subject.addresses:
        # what is on no ticket: reports that mail came back, copies, mails that wait to be read
        spelled = Func(F("content"), Value("escape"), function="encode", output_field=models.TextField())
        unread = Case(When(~Q(state=RawState.DONE), then=spelled), default=Value(""), output_field=models.TextField())
        naming = RawMessage.objects.alias(spelled=unread).filter(spelled__iregex=pattern(subject.addresses))
        found.update(naming.exclude(state__in=_WAITING).values_list("pk", flat=True))
        for pk, content in naming.filter(state__in=_WAITING).values_list("pk", "content").iterator(chunk_size=20):
            if _is_from(bytes(content), subject.addresses):
                found.add(pk)
    return found


def _is_from(content: bytes, addresses: Sequence[str]) -> bool:
    """Whether a mail says that it comes from one of these addresses."""
    senders = b" ".join(_SENDER.findall(_HEAD_ENDS.split(content, maxsplit=1)[0]))
    return re.search(pattern(addresses), senders.decode("latin-1"), re.IGNORECASE) is not None


def _erase_raw(pks: Iterable[int]) -> None:
    """Empty mails as they came. The rows stay, so that a mailbox that still has one is not read again."""
    pks = list(pks)
    RawMessage.objects.filter(pk__in=pks, state__in=_WAITING).update(state=RawState.DISMISSED)
    RawMessage.objects.filter(pk__in=pks).update(
        content=b"", size=0, sha256=bytes(32), content_hash=None, envelope_from="", envelope_to=[], message_id="",
        sender="", subject="", reason="", reason_code="erased",
    )  # fmt: skip


def _erase_outgoing(subject: Subject, messages: Sequence[int], carried: Iterable[int]) -> None:
    to_them = Delivery.objects.alias(address=Lower("recipient")).filter(address__in=subject.addresses)
    theirs = Q(ticket__in=subject.tickets) | Q(said__in=messages) | Q(pk__in=carried)
    # such as a survey about no ticket
    theirs |= Q(said=None, ticket=None, purpose=OutgoingMail.Purpose.SURVEY, pk__in=to_them.values("mail"))
    mails = list(OutgoingMail.objects.filter(theirs).values_list("pk", flat=True))
    deliveries = Delivery.objects.filter(Q(mail__in=mails) | Q(pk__in=list(to_them.values_list("pk", flat=True))))
    deliveries.filter(state=DeliveryState.QUEUED).update(state=DeliveryState.CANCELLED, settled_at=clock.now())
    deliveries.update(
        recipient=Concat(Value("erased "), Cast("pk", models.CharField())), answer="", provider_id="", token=None
    )
    OutgoingMail.objects.filter(pk__in=mails).update(
        to=[], cc=[], bcc=[], reply_to="", subject="", in_reply_to="", references=[], text="", html="", signature="",
        quoted_text="", quoted_html="", headers={},
    )  # fmt: skip
    for address in subject.addresses:
        CaughtMail.objects.filter(recipients__contains=[address]).delete()


def _erase_talks(subject: Subject) -> None:
    """Their talks on other channels, with what the networks call what was said."""
    talks = list(Conversation.objects.filter(point__customer__in=subject.customers).values_list("pk", flat=True))
    OutgoingMail.objects.filter(conversation__in=talks).update(conversation=None)
    Conversation.objects.filter(pk__in=talks).delete()


def _erase_messages(messages: Sequence[int]) -> None:
    ChannelMessage.objects.filter(message__in=messages).update(url="", facts={})  # calls written down by hand, too
    Message.objects.filter(pk__in=messages).update(
        sender=None, sender_name="", subject="", text="", full_text="", html="", to=[], cc=[], bcc=[], reply_to=[],
        message_id="", in_reply_to="", references=[], claimed_at=None, marks=["erased"],
    )  # fmt: skip


def _erase_people(subject: Subject, carried: Iterable[int]) -> None:
    """Who took part with them, and where they took part."""
    Participant.objects.filter(Q(ticket__in=subject.tickets) | Q(address__in=subject.addresses)).delete()
    AwaitedMessage.objects.filter(Q(ticket__in=subject.tickets) | Q(address__in=subject.addresses)).delete()
    SideConversation.objects.filter(Q(ticket__in=subject.tickets) | Q(pk__in=carried)).update(subject="", addresses=[])
    Unrequested.objects.filter(key__in=[budget.key(address) for address in subject.addresses]).delete()


def _files(subject: Subject) -> list[int]:
    said = Attachment.objects.filter(message__in=_messages(subject)).values_list("file", flat=True)
    begun = DraftFile.objects.filter(draft__ticket__in=subject.tickets).values_list("file", flat=True)
    return [*said, *begun]


def _tables() -> Iterable[type[models.Model]]:
    """Where an address may have been written besides: every table of this floor that is no setting."""
    return [model for model in apps.get_app_config("tickets").get_models() if model not in _SETTINGS]
