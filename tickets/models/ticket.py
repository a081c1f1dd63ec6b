"""Tickets: one customer's matter, known by its number."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from psycopg.types.numeric import Int8

from helpdesk import clock, prepared, statements
from helpdesk.models import Agent
from tickets.models.inbox import Inbox
from tickets.models.tag import Tag


class Status(models.TextChoices):
    """Who owes the next step."""

    OPEN = "open", _("Open")
    PENDING = "pending", _("Pending")
    ON_HOLD = "on_hold", _("On hold")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")
    #: out of sight and out of the figures; for good after a while
    SPAM = "spam", _("Spam")
    TRASH = "trash", _("Trash")


class TicketType(models.TextChoices):
    """What sort of matter it is."""

    QUESTION = "question", _("Question")
    PROBLEM = "problem", _("Problem")
    REQUEST = "request", _("Request")
    COMPLAINT = "complaint", _("Complaint")
    TASK = "task", _("Task")


class Priority(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


UNSOLVED = (Status.OPEN, Status.PENDING, Status.ON_HOLD)
#: what neither a list nor a figure counts
REMOVED = (Status.SPAM, Status.TRASH)


@lru_cache(maxsize=1)
def _locking() -> str:
    columns = ", ".join(f'"{name}"' for name in prepared.columns(Ticket))
    return f"SELECT {columns} FROM tickets_ticket WHERE number = %s FOR NO KEY UPDATE"  # noqa: S608 - our columns


class TicketQuerySet(models.QuerySet["Ticket"]):
    """The sets of tickets people name."""

    def visible_to(self, agent: Agent) -> "TicketQuerySet":
        """The one permission layer: tickets of the inboxes an agent may see."""
        if not agent.is_active:
            return self.none()
        if agent.sees_all:
            return self
        return self.filter(inbox__in=Inbox.objects.visible_to(agent))

    def locked(self, number: int) -> "Ticket":
        """This ticket, ours alone until the transaction ends. Raises Ticket.DoesNotExist.

        Whoever only refers to it, with a reading mark or an invitation, does not wait. Decision 12 says what is locked
        before what.
        """
        if self.query.where or not connection.in_atomic_block:
            return self.select_for_update(of=("self",), no_key=True).get(number=number)
        if held := _held.get().pop(number, None):
            return held
        with statements.cursor() as cursor:  # every operation begins so
            cursor.execute(_locking(), [Int8(number)])
            row = cursor.fetchone()
        if row is None:
            raise Ticket.DoesNotExist(f"There is no ticket #{number}.")
        return prepared.made(Ticket, row)

    def all_locked(self, numbers: Iterable[int]) -> dict[int, "Ticket"]:
        """Those of these tickets that there are, locked in the order of their numbers."""
        found = self.select_for_update(of=("self",), no_key=True).filter(number__in=set(numbers))
        return {ticket.number: ticket for ticket in found.order_by("number")}

    def unsolved(self) -> "TicketQuerySet":
        return self.filter(status__in=UNSOLVED)

    def awake(self) -> "TicketQuerySet":
        """Open and not snoozed: what somebody should look at."""
        return self.filter(status=Status.OPEN, snoozed_until=None)

    def snoozed(self) -> "TicketQuerySet":
        return self.filter(status=Status.OPEN, snoozed_until__isnull=False)

    def unassigned(self) -> "TicketQuerySet":
        return self.filter(assignee=None)

    def assigned_to(self, agent: Agent) -> "TicketQuerySet":
        return self.filter(assignee=agent)

    def due_to_wake(self, at: datetime) -> "TicketQuerySet":
        return self.filter(snoozed_until__lte=at)

    def resolved_before(self, at: datetime) -> "TicketQuerySet":
        return self.filter(status=Status.RESOLVED, resolved_at__lt=at)


class Ticket(models.Model):
    """One customer's matter. Changed by operations only."""

    number = models.BigAutoField(_("number"), primary_key=True)
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="tickets")
    customer = models.ForeignKey("tickets.Customer", models.PROTECT, related_name="tickets")
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    type = models.CharField(_("type"), max_length=10, choices=TicketType.choices, blank=True)
    #: answers to custom fields, by their keys
    fields = models.JSONField(default=dict, blank=True)
    #: the channel of the first contact
    channel = models.CharField(max_length=20, default="email")
    initiated_by = models.CharField(max_length=10, default="customer")
    assignee = models.ForeignKey(Agent, models.SET_NULL, null=True, blank=True, related_name="tickets")
    team = models.ForeignKey("helpdesk.Team", models.SET_NULL, null=True, blank=True, related_name="tickets")
    tags = models.ManyToManyField(Tag, related_name="tickets", blank=True)
    #: the closed ticket this one goes on from
    follow_up_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="follow_ups")
    #: the ticket its messages went to
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="merged_from")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    #: since when the customer waits for our answer; null when they do not
    waiting_since = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    #: since when it is spam or in the trash
    removed_at = models.DateTimeField(null=True, blank=True)
    #: the beginning of the latest message, for lists
    snippet = models.CharField(max_length=200, blank=True)
    last_message_id = models.BigIntegerField(null=True, blank=True)
    #: the latest survey score where it was low; written by `sorting.mark_low_score`, so that lists can show it
    low_score = models.PositiveSmallIntegerField(null=True, blank=True)
    #: an answer on it did not arrive, or may not have; kept by `operations.sending`, so that lists can show it
    has_undelivered = models.BooleanField(default=False)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(snoozed_until=None) | Q(status=Status.OPEN), name="ticket_snoozed_is_open"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[Status.RESOLVED, Status.CLOSED]) | Q(resolved_at=None),
                name="ticket_resolved_at_only_when_resolved",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["spam", "trash"], removed_at__isnull=False)
                | (~Q(status__in=["spam", "trash"]) & Q(removed_at=None)),
                name="ticket_removed_at_only_when_removed",
            ),
        ]
        indexes = [
            # each list of tickets.reading has an index in its own order, an inbox at a time
            models.Index(
                fields=["inbox", "waiting_since", "number"],
                condition=Q(status=Status.OPEN, snoozed_until=None), name="ticket_queue",
            ),
            models.Index(
                fields=["inbox", "waiting_since", "number"],
                condition=Q(status=Status.OPEN, snoozed_until=None, assignee=None), name="ticket_unassigned",
            ),
            models.Index(
                fields=["assignee", "waiting_since", "number"],
                condition=Q(status=Status.OPEN, snoozed_until=None), name="ticket_mine",
            ),
            models.Index(
                fields=["inbox", "snoozed_until", "number"],
                condition=Q(snoozed_until__isnull=False), name="ticket_snoozed",
            ),
            models.Index(fields=["inbox", "status", "-updated_at", "-number"], name="ticket_by_status"),
            models.Index(fields=["status", "resolved_at"], condition=Q(status=Status.RESOLVED), name="ticket_to_close"),
            # with the inbox in it, whether a customer may be seen is read from the index alone
            models.Index(fields=["customer", "-number"], include=["inbox"], name="ticket_of_customer_seen"),
            models.Index(fields=["inbox", "-number"], name="ticket_newest"),
            models.Index(
                fields=["inbox", "-updated_at", "-number"],
                condition=Q(low_score__isnull=False), name="ticket_low_score",
            ),
            models.Index(
                fields=["inbox", "-updated_at", "-number"],
                condition=Q(has_undelivered=True), name="ticket_undelivered",
            ),
            GinIndex(OpClass(F("fields"), "jsonb_path_ops"), condition=~Q(fields={}), name="ticket_fields"),
            models.Index(fields=["removed_at"], condition=Q(removed_at__isnull=False), name="ticket_removed"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="ticket_merged"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"#{self.number} {self.subject}"

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        return reverse("ticket", args=[self.number])

    @property
    def ledger_stream(self) -> int:
        """Its events are heard in order."""
        return self.number

    @property
    def ledger_audience(self) -> str:
        return f"inbox:{self.inbox_id}"

    @property
    def is_resolved(self) -> bool:
        return self.status == Status.RESOLVED

    @property
    def is_closed(self) -> bool:
        return self.status == Status.CLOSED

    @property
    def is_removed(self) -> bool:
        """Spam, or in the trash."""
        return self.status in REMOVED

    @property
    def is_snoozed(self) -> bool:
        return self.snoozed_until is not None


#: tickets of this transaction that were locked and then read, and nobody has had in hand since
_held: ContextVar[dict[int, Ticket]] = ContextVar("held", default={})  # noqa: B039 - the default stays empty


@contextmanager
def holding(tickets: Mapping[int, Ticket]) -> Iterator[None]:
    """Let `locked` hand out each of these once without asking: they were read in this transaction, after their locks.

    For work on many tickets, whose locks are taken all at once.
    """
    outer = _held.set(dict(tickets))
    try:
        yield
    finally:
        _held.reset(outer)


class Participant(models.Model):
    """An address that takes part in a ticket besides the customer's own, or that somebody suggested."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="participants")
    address = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True)
    #: confirmed by an agent: gets later public replies, and may reply; else somebody only asked to add them
    is_confirmed = models.BooleanField(default=False)
    #: who asked, where it was a mail
    suggested_by = models.CharField(max_length=320, blank=True)
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "address"], name="participant_once")]


class ReadMark(models.Model):
    """How far an agent has read a ticket."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="read_marks")
    message_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "ticket"], name="read_mark_once")]
