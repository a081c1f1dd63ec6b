"""Everything we keep of one customer, as they may ask for it: to be read by people, and by programs."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import File
from tickets import fields, registry, texts
from tickets.models import Attachment, Customer, CustomerNote, Message, Ticket
from tickets.operations import traces
from tickets.registry import Subject

#: so much is kept in memory before the archive goes to disk
_IN_MEMORY = 16 * 1024 * 1024


def archive(customer: Customer, subject: Subject) -> IO[bytes]:
    """A ZIP of what they wrote and were written, their files and the mails as they came, at its beginning.

    data.json is for programs; index.html shows the same to people, and leads to the files beside it.
    """
    made = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        tickets = [_ticket(ticket, packed) for ticket in _tickets(subject)]
        tickets += _elsewhere(subject, packed)
        data = {
            "exported_at": clock.now(),
            "customer": _customer(customer, subject),
            "tickets": tickets,
            "other": {str(kept.title): kept.export(subject) for kept in registry.all_personal_data()},
        }
        packed.writestr("data.json", json.dumps(data, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
        packed.writestr("index.html", render_to_string("tickets/customers/export.html", data))
    made.seek(0)
    return made


def filename(customer: Customer, at: datetime) -> str:
    """What the archive is called."""
    return f"customer-{customer.pk}-{at:%Y-%m-%d}.zip"


def _customer(customer: Customer, subject: Subject) -> dict[str, Any]:
    notes = CustomerNote.objects.standing().filter(customer__in=subject.customers).select_related("author")
    also = Customer.objects.filter(pk__in=subject.customers).exclude(pk=customer.pk).values_list("name", flat=True)
    return {
        "number": customer.pk, "name": customer.name, "also_known_as": [name for name in also if name],
        "language": customer.language, "since": customer.created_at, "is_blocked": customer.is_blocked,
        "organisation": customer.organisation.name if customer.organisation else "",
        "addresses": [
            {
                "channel": p.channel, "address": p.address, "handle": p.handle, "is_verified": p.is_verified,
                "is_bouncing": p.is_bouncing,
            }
            for p in customer.contact_points.all()
        ],
        "fields": {one.field.name: one.text for one in fields.for_customer(customer) if not one.is_empty},
        "notes": [{"at": n.created_at, "by": str(n.author or ""), "text": n.text} for n in notes.order_by("pk")],
    }  # fmt: skip


def _tickets(subject: Subject) -> Iterator[Ticket]:
    found = Ticket.objects.filter(pk__in=subject.tickets).select_related("inbox").prefetch_related("tags")
    return found.order_by("number").iterator(chunk_size=200)


def _ticket(ticket: Ticket, packed: zipfile.ZipFile) -> dict[str, Any]:
    asked = [one for one in fields.for_ticket(ticket) if not one.is_empty]
    return {
        "number": ticket.number, "subject": ticket.subject, "inbox": ticket.inbox.name, "channel": ticket.channel,
        "status": ticket.status, "opened_at": ticket.created_at, "resolved_at": ticket.resolved_at,
        "tags": [tag.name for tag in ticket.tags.all()],
        "fields": {one.field.name: one.text for one in asked},
        # with what went from here into another ticket
        "messages": _messages(Q(ticket=ticket) | Q(pk__in=traces.carried([ticket.pk]).messages), packed),
    }  # fmt: skip


def _elsewhere(subject: Subject, packed: zipfile.ZipFile) -> list[dict[str, Any]]:
    """What they wrote on tickets of others, and nothing else of those."""
    theirs = Q(sender__customer__in=subject.customers) & ~Q(pk__in=traces.carried(subject.tickets).messages)
    others = Ticket.objects.exclude(pk__in=subject.tickets).filter(pk__in=_said(theirs).values("ticket"))
    return [
        {
            "number": ticket.number, "inbox": ticket.inbox.name, "channel": ticket.channel,
            "messages": _messages(theirs & Q(ticket=ticket), packed),
        }
        for ticket in others.select_related("inbox").order_by("number")
    ]  # fmt: skip


def _said(which: Q) -> QuerySet[Message]:
    return Message.objects.filter(which)


def _messages(which: Q, packed: zipfile.ZipFile) -> list[dict[str, Any]]:
    said = list(_said(which).select_related("author", "sender").order_by("created_at", "pk"))
    attached: dict[int, list[Attachment]] = {}
    for one in Attachment.objects.filter(message__in=said).select_related("file").order_by("pk"):
        attached.setdefault(one.message_id, []).append(one)
    return [_message(one, attached.get(one.pk, []), packed) for one in said]


def _message(message: Message, attached: list[Attachment], packed: zipfile.ZipFile) -> dict[str, Any]:
    who = str(message.author) if message.author else message.sender_name
    folder = f"files/{message.ticket_id}-{message.pk}"
    kept = {
        "at": message.created_at, "kind": message.kind, "channel": message.channel, "from": who,
        "address": message.sender.address if message.sender else "", "to": message.to, "cc": message.cc,
        "subject": message.subject, "text": message.full_text or message.text, "html": message.html,
        "files": [_file(one, f"{folder}/{n}-", packed) for n, one in enumerate(attached, 1)],
    }  # fmt: skip
    if message.raw_id and message.raw and message.raw.content:
        kept["mail"] = f"{folder}/mail.eml"
        packed.writestr(kept["mail"], bytes(message.raw.content))
    return kept


def _file(one: Attachment, before: str, packed: zipfile.ZipFile) -> dict[str, str]:
    name = texts.filename(one.filename)
    if one.file.scan == File.Scan.INFECTED:
        return {"name": name, "path": "", "why": _("infected, so it is not here")}
    try:
        content = one.file.read()
    except FileNotFoundError:
        return {"name": name, "path": "", "why": _("lost")}
    packed.writestr(before + name, content)
    return {"name": name, "path": before + name, "why": ""}
