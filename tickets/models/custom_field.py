"""Custom fields: what a company wants to know of its tickets, customers and organisations besides what we ask."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.inbox import Inbox


class CustomField(models.Model):
    """A question with one kind of answer. Answers stand in `fields` of the thing it is about, under the key."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", _("Number")
        CHOICE = "choice", _("Choice")
        DATE = "date", _("Date")
        URL = "url", _("Web address")
        CHECKBOX = "checkbox", _("Yes or no")

    class About(models.TextChoices):
        TICKET = "ticket", _("Tickets")
        CUSTOMER = "customer", _("Customers")
        ORGANISATION = "organisation", _("Organisations")

    about = models.CharField(_("about"), max_length=12, choices=About.choices, default=About.TICKET)
    #: names it in the API, in search and in stored answers; never changes
    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.TEXT)
    #: of a choice, in the order they are shown
    choices = models.JSONField(_("choices"), default=list, blank=True)
    help_text = models.CharField(_("explanation"), max_length=200, blank=True)
    is_required_to_resolve = models.BooleanField(_("must be answered before a ticket is resolved"), default=False)
    #: none means all
    inboxes = models.ManyToManyField(Inbox, related_name="custom_fields", blank=True, verbose_name=_("inboxes"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["about", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["about", "key"], name="custom_field_once")]

    def __str__(self) -> str:
        return self.name
