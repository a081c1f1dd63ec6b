"""What a bad review sets going, as the inbox it comes to says."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Agent
from tickets.models import Inbox

#: the most stars that can be called few
MOST = 4


class ReviewRule(models.Model):
    """Up to how many stars a review in this inbox opens a recovery; an inbox without one opens none."""

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="review_rule")
    up_to = models.PositiveSmallIntegerField(
        _("stars up to which a review opens a recovery"), default=0, validators=[MaxValueValidator(MOST)]
    )
    owner = models.ForeignKey(
        Agent, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("recoveries go to")
    )
    hours = models.PositiveSmallIntegerField(
        _("to be taken up within (hours)"), default=24, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )
    #: reviews written before that are history
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.inbox_id}: up to {self.up_to}"
