"""Account events: when somebody became a customer, renewed, bought, or left. They come from other systems."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Customer, Organisation

#: what we know the meaning of; any other word is an event of one's own
JOINED, RENEWED, UPGRADED, LAPSED, CANCELLED, PURCHASED = (
    "joined", "renewed", "upgraded", "lapsed", "cancelled", "purchased",
)  # fmt: skip
KNOWN_KINDS = (JOINED, RENEWED, UPGRADED, LAPSED, CANCELLED, PURCHASED)


class AccountImport(models.Model):
    """A file of account events: looked at, then read in by a worker line by line; and whether that was taken back."""

    name = models.CharField(max_length=200)
    by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    #: how many of its rows were news, and how many we knew
    told = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    #: what is in it, until it is read in; which column means what; the zone of moments without one
    text = models.TextField(blank=True)
    columns = models.JSONField(default=dict)
    zone = models.CharField(max_length=64, default="UTC")
    #: how many lines it has, and how many were looked at
    lines = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    #: how many of them say nothing, and why: [[line, why], …]
    failed = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: why it ended before its last line
    stopped = models.CharField(max_length=300, blank=True)
    lease_until = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    #: it was taken back, and a worker still voids what came in it
    is_voiding = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["begun_at"], condition=Q(finished_at=None), name="account_import_to_do")]
        verbose_name = _("import of account events")
        verbose_name_plural = _("imports of account events")

    def __str__(self) -> str:
        return self.name


class AccountEvent(models.Model):
    """Something that happened to a customer's or an organisation's account. Never changed; a wrong one is voided."""

    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="account_events")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="account_events")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    #: who told us, and their number for it: told twice is told once
    source = models.CharField(max_length=40, default="api")
    external_id = models.CharField(max_length=200, blank=True)
    told_at = models.DateTimeField(default=clock.now)
    #: the file it came in
    batch = models.ForeignKey(AccountImport, models.SET_NULL, null=True, related_name="events")
    voided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=False, organisation=None) | Q(customer=None, organisation__isnull=False),
                name="account_event_of_one",
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="account_event_once"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "at"], name="account_event_customer"),
            models.Index(fields=["organisation", "at"], name="account_event_org"),
            models.Index(fields=["kind", "at"], name="account_event_kind"),
        ]
        verbose_name = _("account event")
        verbose_name_plural = _("account events")

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d}"


class Retention(models.Model):
    """How we tell who is still a customer; one row for the house."""

    class Mode(models.TextChoices):
        CONTRACT = "contract", _("by contract: from joined to lapsed or cancelled")
        ACTIVITY = "activity", _("by purchases: a customer as long as the last one is not too long ago")
        CONTACT = "contact", _("proxy: whoever wrote to us lately")

    mode = models.CharField(_("who is a customer"), max_length=10, choices=Mode.choices, default=Mode.CONTACT)
    #: without a contract: after that long without an event they are gone
    idle_days = models.PositiveSmallIntegerField(_("gone after (days)"), default=180)

    def __str__(self) -> str:
        return self.mode

    @classmethod
    def of_the_house(cls) -> "Retention":
        """How this house tells it; the proxy until somebody says otherwise."""
        return cls.objects.order_by("pk").first() or cls()
