"""Customers: who writes, under which addresses, and for whom they work."""

from collections.abc import Iterable

from django.contrib.postgres.aggregates import BoolOr
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models.inbox import Inbox
from tickets.models.ticket import Ticket


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, agent: Agent) -> "OrganisationQuerySet":
        """Organisations of customers the agent may see, and those without any people."""
        if not agent.is_active:
            return self.none()
        if agent.sees_all:
            return self
        people = Customer.objects.filter(organisation=models.OuterRef("pk"), merged_into=None)
        seen = people.visible_to(agent)
        return self.filter(models.Exists(seen) | ~models.Exists(people))


class Organisation(models.Model):
    """A company whose people write to us."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=200, blank=True)
    #: answers to custom fields, by their keys
    fields = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["domain"], condition=~models.Q(domain=""), name="organisation_domain_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        return reverse("organisation", args=[self.pk])


class CustomerQuerySet(models.QuerySet["Customer"]):
    """The sets of customers people name."""

    def visible_to(self, agent: Agent) -> "CustomerQuerySet":
        """Customers with a ticket in an inbox the agent may see, and those without any; not who is another by now."""
        if not agent.is_active:
            return self.none()
        if agent.sees_all:
            return self.filter(merged_into=None)
        # a value of each customer's own tickets: unlike two EXISTS, which the planner answers by hashing every ticket,
        # it is looked up for the few rows of a page only
        theirs = Ticket.objects.filter(customer=models.OuterRef("pk")).order_by().values("customer")
        seen = theirs.annotate(seen=BoolOr(models.Q(inbox__in=Inbox.objects.visible_to(agent)))).values("seen")
        known = Coalesce(models.Subquery(seen), models.Value(True))
        return self.alias(is_seen=known).filter(is_seen=True, merged_into=None)

    def locked(self, pk: int) -> "Customer":
        """This customer, ours alone until the transaction ends. Raises Customer.DoesNotExist."""
        return self.select_for_update(of=("self",), no_key=True).get(pk=pk)

    def all_locked(self, pks: Iterable[int]) -> dict[int, "Customer"]:
        """Those of these customers that there are, locked in the order of their keys, and after any ticket."""
        found = self.select_for_update(of=("self",), no_key=True).filter(pk__in=set(pks))
        return {customer.pk: customer for customer in found.order_by("pk")}

    def like(self, words: str) -> "CustomerQuerySet":
        """Those whose name or an address of theirs has these words in it; looked up through the trigrams."""
        named = Customer.objects.filter(name__ilike=words).values("pk")
        reached = ContactPoint.objects.filter(address__ilike=words).values("customer_id")
        called = ContactPoint.objects.filter(handle__ilike=words).values("customer_id")
        return self.filter(pk__in=named.union(reached, called))


@models.CharField.register_lookup
@models.TextField.register_lookup
class ILike(models.Lookup):
    """Has these words in it, in any case: unlike `icontains` this can use an index of trigrams."""

    lookup_name = "ilike"

    def get_prep_lookup(self) -> str:
        words = str(self.rhs).replace("\x00", "")
        for special in ("\\", "%", "_"):
            words = words.replace(special, f"\\{special}")
        return f"%{words}%"

    def as_sql(self, compiler, connection):  # type: ignore[no-untyped-def]
        lhs, params = self.process_lhs(compiler, connection)
        rhs, more = self.process_rhs(compiler, connection)
        return f"{lhs} ILIKE {rhs}", [*params, *more]


class Customer(models.Model):
    """A person who writes."""

    name = models.CharField(_("name"), max_length=200, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="people", verbose_name=_("organisation")
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    #: answers to custom fields, by their keys
    fields = models.JSONField(default=dict, blank=True)
    #: what they send is spam from now on
    is_blocked = models.BooleanField(default=False)
    #: the customer they turned out to be
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="merged_from")
    #: when all that tells who they are was taken away
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(is_blocked=True), name="customer_blocked"),
            GinIndex(OpClass(models.F("name"), "gin_trgm_ops"), name="customer_name_trigrams"),
            models.Index(fields=["organisation", "id"], name="customer_of_organisation"),
        ]

    def __str__(self) -> str:
        return self.display_name

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        return reverse("customer", args=[self.pk])

    @property
    def is_current(self) -> bool:
        """Still somebody of their own whom we know: neither merged into another nor erased."""
        return self.merged_into_id is None and self.erased_at is None

    @property
    def display_name(self) -> str:
        """Their name; failing that, the first address we know."""
        if self.erased_at:
            return str(_("Erased customer"))
        if self.name:
            return self.name
        first = next(iter(self.contact_points.all()), None)
        return str(first) if first else str(_("Unknown customer"))


class ContactPoint(models.Model):
    """An address of a customer on a channel, as they wrote it, and as it is compared."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contact_points")
    channel = models.CharField(max_length=20, default="email")
    #: as compared: lower case
    address = models.CharField(_("address"), max_length=320)
    #: what people call it, where the address is a number only machines read: @ana
    handle = models.CharField(max_length=200, blank=True)
    is_verified = models.BooleanField(default=False)
    is_bouncing = models.BooleanField(default=False)
    bounced_at = models.DateTimeField(null=True)
    bounce_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["channel", "address"], name="contact_point_once")]
        indexes = [
            GinIndex(OpClass(models.F("address"), "gin_trgm_ops"), name="contact_point_trigrams"),
            GinIndex(OpClass(models.F("handle"), "gin_trgm_ops"), name="contact_point_handles"),
        ]

    def __str__(self) -> str:
        return self.handle or self.address

    @property
    def tel(self) -> str:
        """The number one can call; "" where it is none."""
        is_number = self.channel in ("phone", "sms") and self.address.startswith("+")
        return self.address if is_number else ""


class CustomerNoteQuerySet(models.QuerySet["CustomerNote"]):
    def standing(self) -> "CustomerNoteQuerySet":
        """Those nobody deleted."""
        return self.filter(deleted_at=None)


class CustomerNote(models.Model):
    """What colleagues should know of a customer, or of an organisation."""

    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="notes")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="notes")
    author = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("note"), max_length=4000)
    is_pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    #: since when it is deleted; it can be brought back for a while, then it is gone
    deleted_at = models.DateTimeField(null=True)

    objects = CustomerNoteQuerySet.as_manager()

    class Meta:
        ordering = ["-is_pinned", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(customer=None) ^ models.Q(organisation=None), name="customer_note_about_one"
            )
        ]


class CustomerMerge(models.Model):
    """Two customers who are one person: what moved, so that it can be undone, and why we think so."""

    source = models.ForeignKey(Customer, models.CASCADE, related_name="merges")
    target = models.ForeignKey(Customer, models.CASCADE, related_name="merged_here")
    by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True)
    #: contact points, tickets and notes that moved; what was filled in on the target
    kept = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(undone_at=None), name="merge_of_a_customer_once"
            )
        ]
