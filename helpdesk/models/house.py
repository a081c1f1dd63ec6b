"""What holds for the whole house."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HouseManager(models.Manager["House"]):
    def the(self) -> "House":
        """The one row; made when it is first asked for."""
        return self.get_or_create(pk=1)[0]


class House(models.Model):
    """Settings that are nobody's and no inbox's: one row."""

    requires_second_factor = models.BooleanField(
        _("everybody needs a second factor"), default=False,
        help_text=_("Who has none is led to set one up, and can do nothing else until then."),
    )  # fmt: skip

    objects = HouseManager()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_house")]

    def __str__(self) -> str:
        return str(_("The house"))
