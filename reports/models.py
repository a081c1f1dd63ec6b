"""What the figures are read from: one row a ticket and one row an invitation, both folded from the ledger.

Nothing here is the truth of anything. Every row can be thrown away and folded anew (`reports.ledger.facts`), and must
come out the same. Ids are plain numbers: a fact outlives the row it speaks of.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox


class TicketFacts(models.Model):
    """The facts of one ticket (`reports.ledger.folding`), a column for all that reports filter, cut or sum by."""

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
    #: the last resolution, whether it holds or not
    last_solved_at = models.DateTimeField(null=True)
    #: when it came back the first time that was no courtesy
    net_reopened_at = models.DateTimeField(null=True)

    # first contact resolution; the first four look at the customer's other tickets and are written by `ledger.links`
    #: the next ticket of the same customer, on any channel, and the next one on the same topic (an unknown topic is
    #: the same as any). Both before `judged_at`; while the ticket was never resolved, whenever they come; else null
    next_contact_at = models.DateTimeField(null=True)
    next_same_topic_at = models.DateTimeField(null=True)
    #: it came while an earlier one on the same topic was open, or within 7 days after that was resolved
    is_follow_up = models.BooleanField(db_default=False)
    #: a label of `metrics.resolution`; it holds from `judged_at` on, before that the window is open
    fcr = models.TextField(null=True)
    #: 7 days after the first resolution
    judged_at = models.DateTimeField(null=True)
    #: what the customer answered to "Was your problem solved?"
    is_solved = models.BooleanField(null=True)

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
    #: how many persons answered
    people = models.IntegerField(default=0)
    handoffs = models.IntegerField()
    #: how often the customer went on by another channel
    channel_switches = models.IntegerField(default=0)
    #: the longest wait after the first reply
    next_response_max_s = models.BigIntegerField(null=True)
    reopens = models.IntegerField()
    net_reopens = models.IntegerField()
    #: zero, one, two or multi public human replies, while resolved; one-touch is "one"
    touches = models.TextField(null=True)

    #: every resolution, reopening, answer, stay in a status, move of the backlog, priority and replier; instants in
    #: microseconds since 1970
    detail = models.JSONField()

    class Meta:
        db_table = "reports_ticketfacts"
        # each figure reads one of these from end to end and touches no row
        indexes = [
            models.Index(
                fields=["created_at"],
                include=["inbox", "team", "channel", "topic", "klass", "in_volume", "in_quality", "is_contact",
                         "awaits_first_reply", "initiated_by", "started_at", "frt_s", "frt_business_s", "abandoned_at",
                         "first_resolved_at", "first_resolution_s", "left_at", "is_open", "fcr", "judged_at",
                         "is_solved", "handoffs", "channel_switches", "next_same_topic_at"],
                name="facts_created",
            ),
            models.Index(
                fields=["first_reply_at"],
                include=["inbox", "team", "channel", "topic", "in_volume", "started_at", "frt_s", "frt_business_s",
                         "first_replier"],
                condition=Q(first_reply_at__isnull=False),
                name="facts_replied",
            ),
            models.Index(
                fields=["resolved_at"],
                include=["inbox", "team", "channel", "topic", "klass", "in_quality", "is_contact", "resolution_s",
                         "resolution_business_s", "agent", "last_replier", "frt_s", "open_s", "on_hold_s",
                         "business_open_s", "replies", "people", "handoffs", "channel_switches",
                         "next_response_max_s", "reopens", "net_reopens", "touches", "next_contact_at",
                         "next_same_topic_at", "started_at"],
                condition=Q(resolved_at__isnull=False),
                name="facts_resolved",
            ),
            models.Index(
                fields=["first_resolved_at"],
                include=["inbox", "team", "channel", "topic", "in_quality", "first_resolution_s",
                         "first_resolution_business_s", "reopens", "net_reopens", "net_reopened_at", "fcr", "judged_at",
                         "is_solved", "replies", "last_replier"],
                condition=Q(first_resolved_at__isnull=False),
                name="facts_first_resolved",
            ),
            models.Index(
                fields=["left_at"],
                include=["inbox", "team", "channel", "topic"],
                condition=Q(klass="bulk_closed"),
                name="facts_bulk_closed",
            ),
            # what is left out is counted beside every figure, and is little
            models.Index(
                fields=["created_at"],
                include=["inbox", "team", "channel", "topic", "klass"],
                condition=Q(in_volume=False),
                name="facts_left_out",
            ),
            models.Index(
                fields=["inbox", "started_at"],
                include=["team", "channel", "topic", "awaits_first_reply", "agent", "status", "waiting_since",
                         "priority"],
                condition=Q(is_open=True),
                name="facts_open",
            ),
            models.Index(
                fields=["customer", "started_at"], include=["ticket", "is_contact", "in_volume"], name="facts_customer"
            ),
            models.Index(fields=["inbox", "hours"], name="facts_hours"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="facts_merged"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"facts of #{self.ticket}"


class AnswerFacts(models.Model):
    """One public message of a person, and how long the customer had waited for it (`ticket_facts.Answer`)."""

    pk = models.CompositePrimaryKey("ticket", "number")
    ticket = models.BigIntegerField()
    #: the first, second … of its ticket
    number = models.IntegerField()
    at = models.DateTimeField()
    #: opening, first, next or more
    kind = models.TextField()
    agent = models.BigIntegerField(null=True)
    seconds = models.BigIntegerField(null=True)
    business_seconds = models.BigIntegerField(null=True)
    # of the ticket
    in_volume = models.BooleanField()
    inbox = models.BigIntegerField(null=True)
    team = models.BigIntegerField(null=True)
    channel = models.TextField(null=True)
    topic = models.TextField(null=True)

    class Meta:
        db_table = "reports_answerfacts"
        indexes = [
            models.Index(
                fields=["kind", "at"],
                include=["inbox", "team", "channel", "topic", "in_volume", "agent", "seconds", "business_seconds"],
                name="answer_facts_kind",
            )
        ]

    def __str__(self) -> str:
        return f"answer {self.number} on #{self.ticket}"


class StayFacts(models.Model):
    """One stay of a ticket in the backlog (`reports.ledger.folding`): unsolved from `entered_at` until `left_at`."""

    pk = models.CompositePrimaryKey("ticket", "number")
    ticket = models.BigIntegerField()
    #: the first, second … of its ticket
    number = models.IntegerField()
    entered_at = models.DateTimeField()
    #: created, reopened or restored
    entered_by = models.TextField()
    left_at = models.DateTimeField(null=True)
    #: solved, bulk_closed or removed
    left_by = models.TextField(null=True)
    # of the ticket; it is as old as since it started, not since it came back
    started_at = models.DateTimeField()
    inbox = models.BigIntegerField(null=True)
    team = models.BigIntegerField(null=True)
    channel = models.TextField(null=True)
    topic = models.TextField(null=True)

    class Meta:
        db_table = "reports_stayfacts"
        indexes = [
            models.Index(
                fields=["entered_at"],
                include=["inbox", "team", "channel", "topic", "entered_by", "left_at"],
                name="stay_facts_entered",
            ),
            # with the open ones at its end: who was in the backlog at a moment left later, or not yet
            models.Index(
                fields=["left_at"],
                include=["inbox", "team", "channel", "topic", "left_by", "entered_at", "started_at"],
                name="stay_facts_left",
            ),
        ]

    def __str__(self) -> str:
        return f"stay {self.number} of #{self.ticket}"


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

    # what was done on its ticket, by the same names as there: what the drivers look at
    frt_s = models.BigIntegerField(null=True)
    frt_business_s = models.BigIntegerField(null=True)
    resolution_s = models.BigIntegerField(null=True)
    open_s = models.BigIntegerField(null=True)
    next_response_max_s = models.BigIntegerField(null=True)
    replies = models.IntegerField(null=True)
    people = models.IntegerField(null=True)
    handoffs = models.IntegerField(null=True)
    channel_switches = models.IntegerField(null=True)
    net_reopens = models.IntegerField(null=True)

    class Meta:
        db_table = "reports_surveyfacts"
        indexes = [
            models.Index(fields=["ticket"], name="survey_facts_ticket"),
            models.Index(fields=["customer", "answered_at"], name="survey_facts_customer"),
            models.Index(
                fields=["answered_at"],
                include=["inbox", "team", "channel", "topic", "kind", "counts", "score", "survey", "agent", "customer",
                         "ticket", "language", "is_solved", "low_reason", "department", "in_control", "has_comment",
                         "is_after_reminder", "percent", "frt_s", "resolution_s", "open_s", "next_response_max_s",
                         "replies", "people", "handoffs", "channel_switches", "net_reopens"],
                condition=Q(answered_at__isnull=False),
                name="survey_facts_answered",
            ),
            models.Index(
                fields=["sent_at"],
                include=["inbox", "team", "channel", "topic", "kind", "counts", "is_delivered", "answered_at", "score",
                         "survey", "customer", "language", "frt_s", "resolution_s", "net_reopens"],
                condition=Q(sent_at__isnull=False),
                name="survey_facts_sent",
            ),
            models.Index(
                fields=["invited_at"],
                include=["inbox", "team", "channel", "topic", "kind", "counts", "reason"],
                condition=Q(state="suppressed"),
                name="survey_facts_held_back",
            ),
        ]  # fmt: skip

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


class Pack(models.Model):
    """A range of rows of the facts, kept column by column for reports (`reports.ledger.packs`)."""

    pk = models.CompositePrimaryKey("family", "chunk")
    #: which rows: the facts of tickets, or of askings
    family = models.SmallIntegerField()
    #: the keys from `chunk` × the family's size on
    chunk = models.BigIntegerField()
    #: another one each time it is packed
    version = models.BigIntegerField()
    #: of each table how many rows, and of each moment the first and the last one, in microseconds since 1970
    known = models.JSONField()

    class Meta:
        db_table = "reports_pack"

    def __str__(self) -> str:
        return f"pack {self.family}/{self.chunk}"


class PackColumn(models.Model):
    """One column of a pack: the values in the order of their keys, as NumPy reads them."""

    pk = models.CompositePrimaryKey("version", "name")
    version = models.BigIntegerField()
    #: table.column
    name = models.TextField()
    data = models.BinaryField()

    class Meta:
        db_table = "reports_packcolumn"

    def __str__(self) -> str:
        return f"{self.name} of pack {self.version}"


class Mark(models.Model):
    """A ticket or an asking whose facts changed since they were packed; written by triggers with the change itself."""

    family = models.SmallIntegerField()
    key = models.BigIntegerField()

    class Meta:
        db_table = "reports_mark"
        indexes = [models.Index(fields=["family", "key"], name="mark_key")]

    def __str__(self) -> str:
        return f"{self.family}/{self.key}"
