"""Inboxes: configured sources on a channel, and the mailboxes they are fetched from."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk.crypto import EncryptedTextField
from helpdesk.models import Agent, Role
from helpdesk.prepared import Prepared, once


class InboxQuerySet(models.QuerySet["Inbox"]):
    def visible_to(self, agent: Agent) -> "InboxQuerySet":
        """The inboxes of an agent's teams and those opened to them by name, less those closed to them.

        An admin sees all.
        """
        if not agent.is_active:
            return self.none()
        if agent.limited_to is not None:
            self = self.filter(pk__in=agent.limited_to)
        if agent.is_admin:
            return self
        own = InboxAccess.objects.filter(agent=agent)
        by_team = Inbox.teams.through.objects.filter(team__members=agent).values("inbox_id")
        by_name = own.exclude(level=InboxAccess.Level.NONE).values("inbox_id")
        closed = own.filter(level=InboxAccess.Level.NONE).values("inbox_id")
        return self.filter(Q(pk__in=by_team) | Q(pk__in=by_name)).exclude(pk__in=closed)

    def active(self) -> "InboxQuerySet":
        return self.filter(is_active=True)

    def of_mail(self) -> "InboxQuerySet":
        """Those with an address: mail comes to them and goes out from them."""
        return self.filter(channel="email")


class Inbox(models.Model):
    """A shared inbox: support@…, with its teams, hours and manners."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    channel = models.CharField(_("channel"), max_length=20, default="email", editable=False)
    #: "" for an inbox of another channel than email
    address = models.EmailField(
        _("address"), blank=True, help_text=_("Customers write to it; answers come from it.")
    )  # fmt: skip
    #: the inbox whose mail server sends what goes by mail from an inbox of another channel
    mails_through = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("mails go out through"),
        help_text=_("Transcripts, surveys and answers to who has left are sent from this inbox's address."),
    )  # fmt: skip
    sender_name = models.CharField(
        _("sender's name"), max_length=80, blank=True, help_text=_("Shown to customers beside the address.")
    )
    teams = models.ManyToManyField(
        "helpdesk.Team", related_name="inboxes", blank=True, verbose_name=_("teams"),
        help_text=_("Their members see this inbox's tickets."),
    )  # fmt: skip
    calendar = models.ForeignKey(
        "helpdesk.Calendar", models.PROTECT, null=True, blank=True, verbose_name=_("business hours"),
        help_text=_("Without one, the clock runs day and night."),
    )  # fmt: skip
    response_target_minutes = models.PositiveIntegerField(
        _("answer within (minutes)"), default=240, validators=[MinValueValidator(1), MaxValueValidator(60 * 24 * 30)]
    )
    brand = models.ForeignKey(
        "tickets.Brand", models.SET_NULL, null=True, blank=True, related_name="inboxes", verbose_name=_("brand"),
        help_text=_("How surveys and mails of this inbox look."),
    )  # fmt: skip
    signature = models.TextField(
        _("signature"), blank=True,
        help_text=_(
            "Under every answer. Fields: {{agent.name}}, {{agent.signature}}, {{inbox.name}}, {{inbox.address}}, "
            "{{ticket.number}}."
        ),
    )  # fmt: skip
    quotes_history = models.BooleanField(
        _("quote the conversation below answers"), default=True,
        help_text=_("The last messages, without signatures and without quotations of quotations."),
    )  # fmt: skip
    is_quiet = models.BooleanField(
        _("answer nothing by itself"), default=False,
        help_text=_("Mail comes in and people answer; no acknowledgement and no survey goes out by itself."),
    )  # fmt: skip
    acknowledges = models.BooleanField(
        _("confirm that a message arrived"), default=False,
        help_text=_("Once a day and address at most, never to machines."),
    )  # fmt: skip
    plus_addresses = models.BooleanField(
        _("receives support+anything@ too"), default=True,
        help_text=_("Lets bounces and replies be recognised by an address of their own. Most mail servers can do it."),
    )  # fmt: skip
    probe_minutes = models.PositiveIntegerField(
        _("send itself a test mail every (minutes)"), default=0, validators=[MaxValueValidator(60 * 24)],
        help_text=_("0 never. When it does not come back in time, everybody is told that the inbox is quiet."),
    )  # fmt: skip
    #: signs raw mail posted to the inbox's address on our web server; "" takes none
    webhook_secret = EncryptedTextField(blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    objects = InboxQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=~Q(address=""), name="inbox_address_once"),
            models.CheckConstraint(condition=~Q(channel="email") | ~Q(address=""), name="inbox_of_mail_has_address"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ledger_audience(self) -> str:
        """Who hears of it live: those who see this inbox."""
        return f"inbox:{self.pk}"

    @property
    def is_of_mail(self) -> bool:
        return self.channel == "email"

    @property
    def mailing(self) -> "Inbox | None":
        """The inbox whose address mail of this one comes from; None where no mail can go out."""
        return self if self.is_of_mail else self.mails_through

    @property
    def mail_domain(self) -> str:
        """The right side of the Message-IDs it gives."""
        mailing = self.mailing
        return mailing.address.rpartition("@")[2] if mailing else str(settings.MAIL_DOMAIN)


class InboxAccess(models.Model):
    """What one agent may do in one inbox, whatever their teams say. Their role remains the most they may do."""

    class Level(models.TextChoices):
        NONE = "none", _("Nothing")
        LIGHT = "light", _("Read and note")
        AGENT = "agent", _("Work tickets")

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="accesses")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="inbox_accesses")
    level = models.CharField(_("may do"), max_length=5, choices=Level.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "agent"], name="inbox_access_once")]

    @property
    def ledger_audience(self) -> str:
        """Who hears of it live: those who see the inbox."""
        return f"inbox:{self.inbox_id}"


def works_in(agent: Agent, inbox_id: int) -> bool:
    """Whether an agent changes tickets and answers customers here: their role lets them, and nothing narrows it."""
    if not agent.may_reply or agent.is_admin:
        return agent.may_reply
    return once(("works_in", agent.pk, inbox_id), lambda: not _narrowed(agent.pk, inbox_id))


_narrowed = Prepared(
    lambda place: InboxAccess.objects.filter(agent=place(int), inbox=place(int)).exclude(level=InboxAccess.Level.AGENT)
)


def is_worker(agent: Agent, inbox_id: int) -> bool:
    """Whether an agent is one of `workers_of`: may be given tickets of an inbox."""
    return once(("is_worker", agent.pk, inbox_id), lambda: workers_of(inbox_id).filter(pk=agent.pk).exists())


def workers_of(inbox_id: int) -> models.QuerySet[Agent]:
    """The agents who work tickets of an inbox, by name: those who may be given one."""
    own = InboxAccess.objects.filter(inbox=inbox_id)
    by_team = Agent.teams.through.objects.filter(team__inboxes=inbox_id).values("agent_id")
    by_name = own.filter(level=InboxAccess.Level.AGENT).values("agent_id")
    narrowed = own.exclude(level=InboxAccess.Level.AGENT).values("agent_id")
    here = (Q(pk__in=by_team) | Q(pk__in=by_name)) & ~Q(pk__in=narrowed)
    return Agent.objects.active().exclude(role=Role.LIGHT).filter(Q(role=Role.ADMIN) | here).order_by("name")


def readers_of(inbox_id: int) -> models.QuerySet[Agent]:
    """The agents who may see an inbox's tickets: the reverse of `Inbox.objects.visible_to`."""
    own = InboxAccess.objects.filter(inbox=inbox_id)
    by_team = Agent.teams.through.objects.filter(team__inboxes=inbox_id).values("agent_id")
    by_name = own.exclude(level=InboxAccess.Level.NONE).values("agent_id")
    closed = own.filter(level=InboxAccess.Level.NONE).values("agent_id")
    here = (Q(pk__in=by_team) | Q(pk__in=by_name)) & ~Q(pk__in=closed)
    return Agent.objects.active().filter(Q(role=Role.ADMIN) | here)


class AcknowledgementText(models.Model):
    """What an inbox confirms in one language; without one, our own neutral words are used."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="acknowledgement_texts")
    language = models.CharField(_("language"), max_length=10)
    text = models.TextField(_("in business hours"), max_length=4000)
    #: "" says the same at any hour
    text_out_of_hours = models.TextField(_("outside business hours"), blank=True, max_length=4000)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "language"], name="acknowledgement_once_a_language")]


class InboxHealth(models.Model):
    """The heartbeat of an inbox: what last came and went, the probe it sends itself, and what is wrong, in words."""

    inbox = models.OneToOneField(Inbox, models.CASCADE, primary_key=True, related_name="health")
    received_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    #: the latest probe that went out, and the latest that came back
    probe_token = models.CharField(max_length=64, blank=True)
    probe_sent_at = models.DateTimeField(null=True)
    probe_seen_at = models.DateTimeField(null=True)
    #: "" while all is well
    problem_in = models.TextField(blank=True)
    problem_in_since = models.DateTimeField(null=True)
    problem_out = models.TextField(blank=True)
    problem_out_since = models.DateTimeField(null=True)
    #: when people were last told of a problem
    told_at = models.DateTimeField(null=True)
