"""Inboxes: configured sources on a channel, and the mailboxes they are fetched from."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk.crypto import EncryptedTextField
from helpdesk.models import Agent


class InboxQuerySet(models.QuerySet["Inbox"]):
    def visible_to(self, agent: Agent) -> "InboxQuerySet":
        """The inboxes of an agent's teams; an admin sees all."""
        if not agent.is_active:
            return self.none()
        if agent.is_admin:
            return self
        return self.filter(pk__in=Inbox.teams.through.objects.filter(team__members=agent).values("inbox_id"))

    def active(self) -> "InboxQuerySet":
        return self.filter(is_active=True)


class Inbox(models.Model):
    """A shared inbox: support@…, with its teams, hours and manners."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    channel = models.CharField(_("channel"), max_length=20, default="email", editable=False)
    address = models.EmailField(_("address"), unique=True, help_text=_("Customers write to it; answers come from it."))
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
    signature = models.TextField(_("signature"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    objects = InboxQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")

    def __str__(self) -> str:
        return self.name

    @property
    def ledger_audience(self) -> str:
        """Who hears of it live: those who see this inbox."""
        return f"inbox:{self.pk}"


class Mailbox(models.Model):
    """An IMAP folder from which an inbox is fetched, and how far we are. Flags on the server decide nothing."""

    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", _("none (only on this machine)")

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="mailbox")
    host = models.CharField(_("IMAP server"), max_length=200)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(_("security"), max_length=10, choices=Security.choices, default=Security.TLS)
    username = models.CharField(_("user name"), max_length=200)
    password = EncryptedTextField(_("password"))
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    is_active = models.BooleanField(_("active"), default=True)
    uidvalidity = models.BigIntegerField(null=True, editable=False)
    #: every message up to this UID is stored
    last_uid = models.BigIntegerField(default=0, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")
