"""Departments, and the reasons that belong to them: why something went wrong, and whose matter that is."""

from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Agent


class Department(models.Model):
    """A part of the company that owns what customers feel: shipping, product, billing, the service team itself."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    #: who works its recoveries, light collaborators included
    members = models.ManyToManyField(Agent, related_name="departments", blank=True, verbose_name=_("members"))
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("department")
        verbose_name_plural = _("departments")

    def __str__(self) -> str:
        return self.name


#: reasons that come with the product: customers read them in their own language
KNOWN_REASONS = frozenset({
    gettext_noop("The answer took too long"), gettext_noop("The answer did not help"),
    gettext_noop("I had to explain it again"), gettext_noop("The tone was not right"),
    gettext_noop("The product does not work as expected"), gettext_noop("Something is missing in the product"),
    gettext_noop("The delivery was late or lost"), gettext_noop("It arrived damaged or wrong"),
    gettext_noop("The price or the bill"), gettext_noop("The rules did not allow what I needed"),
    gettext_noop("The refund took too long"), gettext_noop("Something else"),
})  # fmt: skip


def reason_words(name: str) -> str:
    """A reason's name, in the reader's language where it came with the product."""
    return gettext(name) if name in KNOWN_REASONS else name


class ReasonCode(models.Model):
    """Why a customer was unhappy, in a few words that mean the same to everybody."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="reasons", verbose_name=_("department")
    )
    #: None is not decided yet
    in_control = models.BooleanField(
        _("in the service team's control"), null=True, blank=True,
        help_text=_("Could the service team alone have prevented it? Reports are split by this."),
    )  # fmt: skip
    is_offered = models.BooleanField(
        _("offered to customers"), default=True, help_text=_("Customers may choose it after a low score.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")

    def __str__(self) -> str:
        return self.name
