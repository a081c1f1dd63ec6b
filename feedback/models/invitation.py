"""Invitations: one asking of one customer, and what became of it."""

import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _
from psycopg.types.numeric import Int8

from feedback.models.survey import Survey
from helpdesk import clock, prepared, statements
from helpdesk.models import Agent
from tickets.models import Customer, Inbox, OutgoingMail, Ticket


class InvitationState(models.TextChoices):
    """waiting -> queued -> sent -> answered | expired; or suppressed, cancelled, failed."""

    WAITING = "waiting", _("will be asked")
    QUEUED = "queued", _("being sent")
    SENT = "sent", _("asked, no answer yet")
    ANSWERED = "answered", _("answered")
    SUPPRESSED = "suppressed", _("not asked")
    CANCELLED = "cancelled", _("taken back before it was sent")
    EXPIRED = "expired", _("not answered in time")
    FAILED = "failed", _("could not be delivered")


#: those that a customer was, or is about to be, bothered by
ASKING = (
    InvitationState.WAITING,
    InvitationState.QUEUED,
    InvitationState.SENT,
    InvitationState.ANSWERED,
    InvitationState.EXPIRED,
)


class Reason(models.TextChoices):
    """Why somebody was not asked, or not after all."""

    THROTTLED = "throttled_any", _("asked not long ago")
    THROTTLED_KIND = "throttled_kind", _("asked the same not long ago")
    SPENT = "had_mail", _("had mail of ours within 24 hours")
    OPTED_OUT = "opted_out", _("wants no surveys")
    NO_ADDRESS = "no_address", _("no mail address")
    BOUNCING = "bouncing", _("the address does not take mail")
    INTERNAL = "internal", _("the address is one of ours")
    BULK = "bulk", _("resolved together with others")
    SPAM = "spam", _("spam")
    DELETED = "deleted", _("deleted")
    MERGED = "merged", _("merged into another ticket")
    IMPORTED = "imported", _("imported")
    NEVER_WROTE = "no_customer_message", _("the customer did not write")
    REOPENED = "reopened", _("no longer resolved")
    UNCERTAIN = "uncertain", _("it may or may not have arrived")
    NOT_DRAWN = "not_drawn", _("not drawn by lot")
    COMPLAINT = "open_complaint", _("a complaint of theirs is open")
    RECOVERY = "open_recovery", _("a recovery of theirs is open")
    NOT_DELIVERED = "not_delivered", _("the mail was refused")
    CLOSED = "talk_closed", _("the network let us write no more")


def new_token() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def locked(self, pk: int, *, ticket: int | None) -> "Invitation":
        """This invitation with its survey, ours alone until the transaction ends. Raises Invitation.DoesNotExist.

        Its ticket is locked before it, as by everybody else who changes both.
        """
        with statements.cursor() as cursor:
            if ticket is None:
                cursor.execute(_locking(), [Int8(pk)])
            else:
                cursor.execute(_locking_both(), [Int8(ticket), Int8(pk)])
            row = cursor.fetchone()
        if row is None:
            raise Invitation.DoesNotExist(f"There is no invitation {pk}.")
        own, surveys = len(prepared.columns(Invitation)), len(prepared.columns(Survey))
        found = prepared.made(Invitation, row[:own])
        found.survey = prepared.made(Survey, row[own : own + surveys])
        found.ticket = prepared.made(Ticket, row[own + surveys :]) if ticket is not None else None
        return found

    def visible_to(self, agent: Agent) -> "InvitationQuerySet":
        """Those after tickets an agent may see, and those by the calendar that an inbox of theirs sends."""
        inboxes = Inbox.objects.visible_to(agent)
        # by the inbox, and not by a set of tickets: beside an "or", PostgreSQL would read every ticket there is
        return self.filter(Q(ticket__inbox__in=inboxes) | Q(ticket=None, survey__sends_from__in=inboxes))

    def due(self, at: datetime) -> "InvitationQuerySet":
        """Those to be sent now, the longest due first. While an inbox answers nothing by itself, its own wait."""
        speaks = Q(ticket__inbox__is_quiet=False) | Q(ticket=None, survey__sends_from__is_quiet=False)
        waiting = self.filter(speaks, state=InvitationState.WAITING, due_at__lte=at)
        return waiting.order_by("due_at", "pk")

    def to_remind(self, at: datetime) -> "InvitationQuerySet":
        """Those asked long enough ago whose page nobody opened, and who were not reminded."""
        asked_for = ExpressionWrapper(at - F("sent_at"), DurationField())
        remind_after = ExpressionWrapper(F("survey__reminder_days") * timedelta(days=1), DurationField())
        silent = self.filter(state=InvitationState.SENT, reminded_at=None, opened_at=None, expires_at__gt=at)
        silent = silent.filter(channel="email", survey__reminder_days__isnull=False, survey__is_anonymous=False)
        return silent.annotate(asked_for=asked_for).filter(asked_for__gte=remind_after).order_by("sent_at", "pk")

    def run_out(self, at: datetime) -> "InvitationQuerySet":
        """Those nobody can answer any more."""
        return self.filter(state__in=[InvitationState.QUEUED, InvitationState.SENT], expires_at__lt=at)

    def bothering(self, customer_id: int) -> "InvitationQuerySet":
        """Those that count when we wonder whether to leave a person alone."""
        theirs = Q(customer=customer_id) | Q(customer__merged_into=customer_id)
        theirs |= Q(customer__merged_into__merged_into=customer_id)
        return self.filter(theirs, state__in=ASKING)


@lru_cache(maxsize=1)
def _locking() -> str:
    columns = [f'i."{name}"' for name in prepared.columns(Invitation)]
    columns += [f's."{name}"' for name in prepared.columns(Survey)]
    return f"""
        SELECT {", ".join(columns)} FROM feedback_invitation i JOIN feedback_survey s ON s.id = i.survey_id
        WHERE i.id = %s FOR UPDATE OF i
    """  # noqa: S608 - columns of our models


@lru_cache(maxsize=1)
def _locking_both() -> str:
    columns = [
        f'{short}."{name}"'
        for short, model in (("i", Invitation), ("s", Survey), ("t", Ticket))
        for name in prepared.columns(model)
    ]
    # what the invitation is joined to is there, and locked, before the invitation is
    return f"""
        WITH t AS MATERIALIZED (SELECT * FROM tickets_ticket WHERE number = %s FOR NO KEY UPDATE)
        SELECT {", ".join(columns)}
        FROM t CROSS JOIN feedback_invitation i JOIN feedback_survey s ON s.id = i.survey_id
        WHERE i.id = %s FOR UPDATE OF i
    """  # noqa: S608 - columns of our models


class Invitation(models.Model):
    """One customer asked once: about one resolution of one ticket, or once a round of the calendar.

    One that was held back is kept with its reason.
    """

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="invitations")
    #: None where no ticket is asked about
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="invitations")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    #: what was the occasion: the event, or for one by the calendar its round; hearing of it twice asks once
    occasion_id = models.BigIntegerField()
    occasion_at = models.DateTimeField()
    recipient = models.CharField(max_length=320, blank=True)
    token = models.CharField(max_length=32, unique=True, default=new_token)
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=InvitationState.choices, default=InvitationState.WAITING)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now)
    queued_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    #: from then on it cannot be answered
    expires_at = models.DateTimeField(null=True)
    mail = models.OneToOneField(OutgoingMail, models.SET_NULL, null=True, related_name="invitation")
    channel = models.CharField(max_length=20, default="email")
    #: the talk it goes into; None by mail
    talk = models.ForeignKey("tickets.Conversation", models.SET_NULL, null=True, related_name="+")
    #: how many in a hundred were asked where this one was drawn
    percent = models.PositiveSmallIntegerField(default=100)
    #: a page of it was shown to somebody, or to a machine
    opened_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    reminder_mail = models.OneToOneField(OutgoingMail, models.SET_NULL, null=True, related_name="+")
    #: the recovery it asks about, once that is over
    recovery = models.ForeignKey(
        "feedback.Recovery", models.SET_NULL, null=True, related_name="invitations", db_index=False
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "ticket", "occasion_id"], name="invitation_once"),
            models.UniqueConstraint(
                fields=["survey", "customer", "occasion_id"], condition=Q(ticket=None), name="invitation_once_a_round"
            ),
            models.CheckConstraint(
                condition=~Q(state="suppressed") | ~Q(reason=""), name="invitation_suppressed_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="invitation_due"),
            models.Index(fields=["expires_at"], condition=Q(state__in=["queued", "sent"]), name="invitation_runs_out"),
            models.Index(
                fields=["sent_at"],
                condition=Q(state="sent", reminded_at=None, opened_at=None),
                name="invitation_silent",
            ),
            models.Index(fields=["customer", "-occasion_at"], name="invitation_of_customer"),
            # few are about one
            models.Index(fields=["recovery"], condition=Q(recovery__isnull=False), name="invitation_of_recovery"),
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} of {f'#{self.ticket_id}' if self.ticket_id else self.customer_id}: {self.state}"

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        return reverse("survey", args=[self.token])

    @property
    def inbox(self) -> Inbox:
        """Whose matter it is, and who sends its mail: the ticket's inbox, else the one that asks for the survey."""
        inbox = self.ticket.inbox if self.ticket else self.survey.sends_from
        if inbox is None:
            raise Inbox.DoesNotExist("a survey by the calendar names the inbox that asks")
        return inbox

    @property
    def subject(self) -> "Ticket | Invitation":
        """What its events are about: the ticket it asks after, else itself."""
        return self.ticket or self

    @property
    def facts(self) -> dict[str, Any]:
        """What its events say beyond what happened; without a ticket, also who was asked and for which inbox."""
        if self.ticket_id is not None:
            return {"invitation": self.pk}
        return {"invitation": self.pk, "customer": self.customer_id, "inbox": self.survey.sends_from_id}

    @property
    def is_out(self) -> bool:
        """It reached somebody, or is on its way: only such a one can be answered."""
        return self.state in (
            InvitationState.QUEUED, InvitationState.SENT, InvitationState.ANSWERED, InvitationState.EXPIRED,
            InvitationState.FAILED,
        )  # fmt: skip

    @property
    def was_held_back_by_recovery(self) -> bool:
        """It was not sent since a recovery went on."""
        return self.reason == Reason.RECOVERY and self.state in (InvitationState.SUPPRESSED, InvitationState.CANCELLED)

    def is_expired(self, at: datetime) -> bool:
        """Whether it is too late to answer; exactly the last moment is still in time."""
        return self.expires_at is not None and at > self.expires_at
