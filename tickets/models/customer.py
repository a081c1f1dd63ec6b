"""Customers: who writes, under which addresses, and for whom they work."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock


class Organisation(models.Model):
    """A company whose people write to us."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["domain"], condition=~models.Q(domain=""), name="organisation_domain_once")
        ]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """A person who writes."""

    name = models.CharField(_("name"), max_length=200, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="people", verbose_name=_("organisation")
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """Their name; failing that, the first address we know."""
        if self.name:
            return self.name
        first = next(iter(self.contact_points.all()), None)
        return first.address if first else str(_("Unknown customer"))


class ContactPoint(models.Model):
    """An address of a customer on a channel, as they wrote it, and as it is compared."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contact_points")
    channel = models.CharField(max_length=20, default="email")
    #: as compared: lower case
    address = models.CharField(_("address"), max_length=320)
    is_verified = models.BooleanField(default=False)
    is_bouncing = models.BooleanField(default=False)
    bounced_at = models.DateTimeField(null=True)
    bounce_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["channel", "address"], name="contact_point_once")]

    def __str__(self) -> str:
        return self.address
