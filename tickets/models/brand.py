"""Brands: how the company looks to its customers."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Brand(models.Model):
    """A name, a colour and a logo; inboxes of no brand have ours."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    colour = models.CharField(
        _("colour"), max_length=7, default="#1f5f8b", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")]
    )
    logo = models.ForeignKey("helpdesk.File", models.PROTECT, null=True, blank=True, related_name="+")
    logo_type = models.CharField(max_length=40, blank=True)
    website = models.URLField(_("website"), blank=True)
    footer = models.CharField(_("line below mails and surveys"), max_length=300, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
