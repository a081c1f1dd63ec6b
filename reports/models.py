"""What the figures are read from: one row a ticket and one row an invitation, both folded from the ledger.

Nothing here is the truth of anything. Every row can be thrown away and folded anew (`reports.facts`), and must come out
the same. Ids are plain numbers: a fact outlives the row it speaks of.
"""

from django.db import models
from django.db.models import Q

from helpdesk import clock


class TicketFacts(models.Model):
    """The facts of one ticket (`reports.folding.TicketFacts`), a column for all that reports filter, cut or sum by."""

    ticket = models.BigIntegerField(primary_key=True)
    #: the last event of the ticket's stream that is in here
    folded_to = models.BigIntegerField()
    #: which opening hours the business seconds were counted in; 0 when its inbox has none, and they are null
    hours = models.BigIntegerField(default=0)

    # what the fold concludes, kept so that queries and indexes need not know the rules
    klass = models.TextField()
    in_volume = models.BooleanField()
    in_quality = models.BooleanField()
    is_contact = models.BooleanField()
    #: unsolved now
    is_open = models.BooleanField()
    awaits_first_reply = models.BooleanField()

    # who and where
    channel = models.TextField(null=True)
    inbox = models.BigIntegerField(null=True)
    team = models.BigIntegerField(null=True)
    agent = models.BigIntegerField(null=True)
    customer = models.BigIntegerField(null=True)
    topic = models.TextField(null=True)
    initiated_by = models.TextField()
    priority = models.TextField(null=True)
    first_priority = models.TextField(null=True)
    split_from = models.BigIntegerField(null=True)
    follow_up_of = models.BigIntegerField(null=True)
    merged_into = models.BigIntegerField(null=True)
    contacts = models.IntegerField()

    # moments and durations
    created_at = models.DateTimeField()
    started_at = models.DateTimeField()
    first_customer_at = models.DateTimeField(null=True)
    first_reply_at = models.DateTimeField(null=True)
    frt_s = models.BigIntegerField(null=True)
    frt_business_s = models.BigIntegerField(null=True)
    first_replier = models.BigIntegerField(null=True)
    handed_over_at = models.DateTimeField(null=True)
    frt_from_handover_s = models.BigIntegerField(null=True)
    frt_from_handover_business_s = models.BigIntegerField(null=True)
    abandoned_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    first_resolved_at = models.DateTimeField(null=True)
    first_resolution_s = models.BigIntegerField(null=True)
    first_resolution_business_s = models.BigIntegerField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolution_s = models.BigIntegerField(null=True)
    resolution_business_s = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField()

    # status
    status = models.TextField()
    status_since = models.DateTimeField()
    new_s = models.BigIntegerField()
    open_s = models.BigIntegerField()
    pending_s = models.BigIntegerField()
    on_hold_s = models.BigIntegerField()
    business_new_s = models.BigIntegerField(null=True)
    business_open_s = models.BigIntegerField(null=True)
    business_pending_s = models.BigIntegerField(null=True)
    business_on_hold_s = models.BigIntegerField(null=True)

    # counts
    unanswered_at_solve = models.IntegerField()
    incoming = models.IntegerField()
    automated_incoming = models.IntegerField()
    outgoing = models.IntegerField()
    replies = models.IntegerField()
    replies_before_first_resolution = models.IntegerField()
    automated_replies = models.IntegerField()
    notes = models.IntegerField()
    last_replier = models.BigIntegerField(null=True)
    handoffs = models.IntegerField()
    reopens = models.IntegerField()
    net_reopens = models.IntegerField()

    #: every resolution, reopening, next response, stay in a status, move of the backlog, priority and replier;
    #: instants in microseconds since 1970
    detail = models.JSONField()

    class Meta:
        db_table = "reports_ticketfacts"
        # each figure reads one of these from end to end and touches no row
        indexes = [
            models.Index(
                fields=["created_at"],
                include=["inbox", "team", "channel", "klass", "in_volume"],
                name="facts_created",
            ),
            models.Index(
                fields=["first_reply_at"],
                include=["inbox", "team", "channel", "in_volume", "frt_s", "frt_business_s"],
                condition=Q(first_reply_at__isnull=False),
                name="facts_replied",
            ),
            models.Index(
                fields=["resolved_at"],
                include=["inbox", "team", "channel", "klass", "in_quality", "is_contact", "resolution_s",
                         "resolution_business_s"],
                condition=Q(resolved_at__isnull=False),
                name="facts_resolved",
            ),
            models.Index(
                fields=["left_at"],
                include=["inbox", "team", "channel"],
                condition=Q(klass="bulk_closed"),
                name="facts_bulk_closed",
            ),
            models.Index(
                fields=["inbox", "started_at"],
                include=["team", "channel", "awaits_first_reply"],
                condition=Q(is_open=True),
                name="facts_open",
            ),
            models.Index(fields=["inbox", "hours"], name="facts_hours"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="facts_merged"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"facts of #{self.ticket}"


class SurveyFacts(models.Model):
    """One asking, or one that was held back: who was asked where, and what they answered."""

    #: the event that invited or held back
    event = models.BigIntegerField(primary_key=True)
    ticket = models.BigIntegerField()
    invitation = models.BigIntegerField(null=True)
    survey = models.BigIntegerField(null=True)
    kind = models.TextField(null=True)
    state = models.TextField()
    #: why it was held back
    reason = models.TextField(null=True)
    #: whether its ticket's answers count: not those of spam, deleted or imported tickets
    counts = models.BooleanField()
    is_delivered = models.BooleanField()

    inbox = models.BigIntegerField(null=True)
    channel = models.TextField(null=True)
    #: of the ticket when the customer was asked; the agent is the last person who had answered them
    team = models.BigIntegerField(null=True)
    agent = models.BigIntegerField(null=True)

    invited_at = models.DateTimeField()
    #: when it was sent; null while it was not, or bounced
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    #: the last score given within the time it may be changed
    score = models.SmallIntegerField(null=True)
    has_comment = models.BooleanField()

    class Meta:
        db_table = "reports_surveyfacts"
        indexes = [
            models.Index(fields=["ticket"], name="survey_facts_ticket"),
            models.Index(
                fields=["answered_at"],
                include=["inbox", "team", "channel", "kind", "counts", "score"],
                condition=Q(answered_at__isnull=False),
                name="survey_facts_answered",
            ),
            models.Index(
                fields=["sent_at"],
                include=[
                    "inbox",
                    "team",
                    "channel",
                    "kind",
                    "counts",
                    "is_delivered",
                    "answered_at",
                ],
                condition=Q(sent_at__isnull=False),
                name="survey_facts_sent",
            ),
            models.Index(
                fields=["invited_at"],
                include=["inbox", "team", "channel", "kind", "counts", "reason"],
                condition=Q(state="suppressed"),
                name="survey_facts_held_back",
            ),
        ]

    def __str__(self) -> str:
        return f"asking {self.event} on #{self.ticket}"


class Bookmark(models.Model):
    """How far a walk along the ledger or the tickets has come, so that the next run goes on from there."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)
    #: the position to take over once everything before it must have been committed
    next_position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"
