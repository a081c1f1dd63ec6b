"""Departments, and the reasons that belong to them: why something went wrong, and whose matter that is."""

from django.db import models
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
