"""What the figures are read from: one row a ticket and one row an invitation, both folded from the ledger.

Nothing here is the truth of anything. Every row can be thrown away and folded anew (`reports.facts`), and must come out
the same. Ids are plain numbers: a fact outlives the row it speaks of.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox


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
    #: the next ticket of the same customer, on any channel, and the next one on the same topic: what first contact
    #: resolution looks at. Both within `facts.NEXT_CONTACT_DAYS` of this one's first resolution; else null
    next_contact_at = models.DateTimeField(null=True)
    next_same_topic_at = models.DateTimeField(null=True)

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
            models.Index(fields=["customer", "started_at"], name="facts_customer"),
            models.Index(fields=["inbox", "hours"], name="facts_hours"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="facts_merged"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"facts of #{self.ticket}"


class SurveyFacts(models.Model):
    """One asking, or one that was held back: who was asked where, and what they answered."""

    #: the event that invited or held back
    event = models.BigIntegerField(primary_key=True)
    #: null where no ticket was asked about
    ticket = models.BigIntegerField(null=True)
    customer = models.BigIntegerField(null=True)
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
    topic = models.TextField(null=True)
    language = models.TextField(null=True)
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
    is_solved = models.BooleanField(null=True)
    #: why the score was low, whose matter that is, and whether the service team could have prevented it
    low_reason = models.BigIntegerField(null=True)
    department = models.BigIntegerField(null=True)
    in_control = models.BooleanField(null=True)
    is_after_reminder = models.BooleanField(default=False)
    #: how many in a hundred were asked where this one was drawn
    percent = models.SmallIntegerField(default=100)

    class Meta:
        db_table = "reports_surveyfacts"
        indexes = [
            models.Index(fields=["ticket"], name="survey_facts_ticket"),
            models.Index(fields=["customer", "answered_at"], name="survey_facts_customer"),
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


class SavedReport(models.Model):
    """A page with a choice, kept under a name; private or for everybody, and mailed where so wished."""

    class Cadence(models.TextChoices):
        NEVER = "", _("not mailed")
        DAILY = "daily", _("every day")
        WEEKLY = "weekly", _("every Monday")
        MONTHLY = "monthly", _("on the first of the month")

    owner = models.ForeignKey(Agent, models.CASCADE, related_name="saved_reports")
    name = models.CharField(_("name"), max_length=80)
    page = models.CharField(max_length=40)
    #: what the filter form was asked: period, inbox, team, channel, topic, compare, zone
    asked = models.JSONField(default=dict)
    is_shared = models.BooleanField(_("for everybody"), default=False)
    cadence = models.CharField(_("mail it"), max_length=8, choices=Cadence.choices, default=Cadence.NEVER, blank=True)
    #: the hour of the day it is mailed at, in the zone of `asked`
    hour = models.PositiveSmallIntegerField(_("hour"), default=7)
    recipients = models.ManyToManyField(Agent, related_name="+", blank=True, verbose_name=_("recipients"))
    next_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="saved_report_due")]
        verbose_name = _("saved report")
        verbose_name_plural = _("saved reports")

    def __str__(self) -> str:
        return self.name


class ReportMail(models.Model):
    """One mail of a saved report to one agent about one period: the row is the job, so it is sent once."""

    report = models.ForeignKey(SavedReport, models.CASCADE, related_name="mails")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    mail = models.ForeignKey("tickets.OutgoingMail", models.SET_NULL, null=True, related_name="+")
    #: why it was not sent
    refused = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "agent", "due_at"], name="report_mail_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(mail=None, refused=""), name="report_mail_waiting")]

    def __str__(self) -> str:
        return f"report {self.report_id} to agent {self.agent_id}"


class Annotation(models.Model):
    """What happened on a day, in words, beside the charts: a new release, a strike, a price change."""

    day = models.DateField(_("day"))
    text = models.CharField(_("what happened"), max_length=200)
    #: None: of all inboxes
    inbox = models.ForeignKey(Inbox, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("inbox"))
    author = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["day", "pk"]
        verbose_name = _("annotation")
        verbose_name_plural = _("annotations")

    def __str__(self) -> str:
        return f"{self.day}: {self.text}"


class Alarm(models.Model):
    """A control chart's signal: which figure, of which inbox, on which day or week, by which rule."""

    figure = models.CharField(max_length=40)
    inbox = models.ForeignKey(Inbox, models.CASCADE, null=True, related_name="+")
    rule = models.CharField(max_length=20)
    #: the first day of what the point stands for
    day = models.DateField()
    value = models.FloatField()
    lower = models.FloatField(null=True)
    upper = models.FloatField(null=True)
    raised_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["figure", "inbox", "rule", "day"], nulls_distinct=False, name="alarm_once")
        ]

    def __str__(self) -> str:
        return f"{self.figure} on {self.day}: {self.rule}"


class Bookmark(models.Model):
    """How far a walk along the ledger or the tickets has come, so that the next run goes on from there."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)
    #: the position to take over once everything before it must have been committed
    next_position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"
