"""What was said of a customer where nobody looks for it first: erasing goes through these as well.

Mails that told agents, what was carried into other tickets, and the answers that acts were given.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q

from helpdesk import clock
from helpdesk.models import Event
from helpdesk.operations.redacting import redacting
from tickets import texts
from tickets.models import (
    BulkAct,
    Delivery,
    DeliveryState,
    Merge,
    MessageKind,
    OutgoingMail,
    SearchDocument,
    SearchWord,
    Ticket,
)

_WITHOUT_ANSWER = "CASE WHEN act->>'do' = 'field' THEN jsonb_set(act, '{value}', 'null') ELSE act END"


@dataclass(slots=True)
class Carried:
    """What went from some tickets into others, and is there still."""

    messages: set[int] = field(default_factory=set)
    mails: set[int] = field(default_factory=set)
    drafts: set[int] = field(default_factory=set)
    sides: set[int] = field(default_factory=set)


def carried(tickets: Collection[int]) -> Carried:
    """What these tickets had when they were merged into others."""
    found = Carried()
    for kept in Merge.objects.filter(source__in=tickets, undone_at=None).values_list("kept", flat=True):
        for name in ("messages", "mails", "drafts", "sides"):
            getattr(found, name).update(kept.get(name, ()))
    return found


def forget_notices(tickets: Iterable[int]) -> None:
    """Empty the mails that told agents of these tickets; what is still to go out of them does not."""
    numbers = "|".join(map(str, tickets))
    if not numbers:
        return
    leads_there = rf"/tickets/({numbers})/"
    mails = OutgoingMail.objects.filter(
        Q(text__regex=leads_there) | Q(html__regex=leads_there), ticket=None, purpose=OutgoingMail.Purpose.NOTICE
    )
    pks = list(mails.values_list("pk", flat=True))
    waiting = Delivery.objects.filter(mail__in=pks, state=DeliveryState.QUEUED)
    waiting.update(state=DeliveryState.CANCELLED, settled_at=clock.now())
    OutgoingMail.objects.filter(pk__in=pks).update(subject="", text="", html="", reply_to="", headers={})


def forget_answers(tickets: Sequence[int]) -> None:
    """Take the answers to custom fields out of the acts that were done on these tickets, in the ledger too."""
    about = BulkAct.objects.filter(act__do="field", tickets__isnull=False)
    bulk = [pk for pk, numbers in about.values_list("pk", "tickets").iterator() if not set(tickets).isdisjoint(numbers)]
    for done in BulkAct.objects.filter(pk__in=bulk, state=BulkAct.State.DONE):
        done.act = {**done.act, "value": None}
        done.save(update_fields=["act"])
    table = Event._meta.db_table
    with redacting(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table} SET facts = jsonb_set(facts, '{{acts}}', (
                SELECT coalesce(jsonb_agg({_WITHOUT_ANSWER} ORDER BY place), '[]')
                FROM jsonb_array_elements(facts->'acts') WITH ORDINALITY AS done (act, place)
            )) WHERE verb = 'message.acted' AND stream_id = ANY(%s)
            """,  # noqa: S608 - names of ours
            [list(tickets)],
        )
        cursor.execute(
            f"UPDATE {table} SET facts = facts #- '{{act,value}}'"  # noqa: S608 - a name of ours
            " WHERE verb = 'bulk.asked' AND subject_type = 'bulkact' AND subject_id = ANY(%s)",
            [bulk],
        )


def show_what_is_left(tickets: Sequence[Ticket]) -> None:
    """Let lists show what is left of these locked tickets, and answers on them quote nothing of what went."""
    OutgoingMail.objects.filter(ticket__in=tickets).update(quoted_text="", quoted_html="")
    for ticket in tickets:
        said = ticket.messages.filter(withdrawn_at=None).exclude(kind=MessageKind.NOTE)
        last = said.order_by("-created_at", "-pk").first()
        Ticket.objects.filter(pk=ticket.pk).update(snippet=texts.snippet(last.text) if last else "")


def words_of(tickets: Sequence[int]) -> list[str]:
    """The words search knows of their tickets."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT lexeme FROM {SearchDocument._meta.db_table}, unnest(vector) WHERE ticket_id = ANY(%s)",  # noqa: S608
            [list(tickets)],
        )
        return [row[0] for row in cursor.fetchall()]


def forget_words(words: Sequence[str]) -> None:
    """Drop words that stand in no document any more, so that nobody is offered one as a correction."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {SearchWord._meta.db_table} WHERE word = ANY(%s) AND NOT EXISTS (
                SELECT FROM {SearchDocument._meta.db_table}
                WHERE vector @@ ('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''')::tsquery
            )
            """,  # noqa: S608
            [list(words)],
        )
